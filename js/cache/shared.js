'use strict';

// What the in-memory and the Redis cache share: error handling of their factories, keys, and claims as JSON
// text.

/**
 * @import { AccessTokenClaims } from '../../index.d.ts'
 * @import { Provenance } from '../core/provenance.js'
 */

const crypto = require('node:crypto');
const { MonoCloudValidationError } = require('../errors.js');
const provenance = require('../core/provenance.js');

const { captureStackTrace } = Error;
const { isArray } = Array;
const { isFinite: isFiniteNumber } = Number;
const { parse, stringify } = JSON;

/**
 * Node.js 20.12 has `crypto.hash`, which takes two thirds of the time.
 * @type {(text: string) => string}
 */
const sha256 = crypto.hash
  ? (text) => crypto.hash('sha256', text, 'base64url')
  : (text) => crypto.createHash('sha256').update(text).digest('base64url');

/**
 * Runs a factory. The stack of its errors begins at the caller of `from`.
 * @template T
 * @param {() => T} factory
 * @param {Function} from
 */
function made(factory, from) {
  try {
    return factory();
  } catch (error) {
    const ours = error instanceof MonoCloudValidationError;
    // Any other error is from a getter or a proxy of the caller's.
    const shown = ours ? error : new MonoCloudValidationError("An argument can't be read");
    captureStackTrace(shown, from);
    throw shown;
  }
}

/** @param {unknown} token */
function requireToken(token) {
  if (typeof token !== 'string') throw new MonoCloudValidationError('"token" must be a string');
}

/**
 * The end of an entry in epoch milliseconds, rounded down: an entry never outlives its token.
 * @param {number} expiresAt
 */
function endOf(expiresAt) {
  if (!isFiniteNumber(expiresAt)) {
    throw new MonoCloudValidationError('"expiresAt" must be a number of seconds');
  }
  return Math.floor(expiresAt * 1000);
}

/**
 * Claims as they are stored.
 * @param {unknown} claims
 */
function textOf(claims) {
  try {
    return stringify(claims);
  } catch {
    throw new MonoCloudValidationError('"claims" must be what JSON can hold');
  }
}

/**
 * A stored text as claims with the mark that they were stored with; rubbish is no entry.
 * @param {string} text
 * @param {Provenance | undefined} mark
 * @returns {AccessTokenClaims | undefined}
 */
function readClaims(text, mark) {
  let claims;
  try {
    claims = parse(text);
  } catch {
    return undefined;
  }
  if (claims === null || typeof claims !== 'object' || isArray(claims)) return undefined;
  provenance.mark(claims, mark);
  return claims;
}

module.exports = { endOf, made, readClaims, requireToken, sha256, textOf };
