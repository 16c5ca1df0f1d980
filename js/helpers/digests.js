'use strict';

// Random text, comparisons in constant time, and digests.

/** @import { SecurityAlgorithms } from './internal.d.ts' */

const { Buffer } = require('node:buffer');
const crypto = require('node:crypto');
const { MonoCloudTokenError, MonoCloudValidationError } = require('../errors.js');

/** @param {number} [length] */
function randomBytes(length = 32) {
  if (!Number.isInteger(length) || length < 1 || length > 65_536) {
    throw new MonoCloudValidationError('"length" must be a whole number from 1 to 65536');
  }
  return crypto.randomBytes(length).toString('base64url');
}

/**
 * @param {string} a
 * @param {string} b
 */
function timingSafeEqual(a, b) {
  // A missing hash differs from every other.
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && crypto.timingSafeEqual(left, right);
}

/** @param {string} input */
async function sha256(input) {
  return crypto.createHash('sha256').update(input).digest('base64url');
}

/**
 * @param {string} value
 * @param {SecurityAlgorithms} alg
 */
async function hashTokenValue(value, alg) {
  const [, bits] = /^(?:RS|PS|ES|HS)(256|384|512)$/.exec(alg) ?? [];
  if (bits === undefined) throw unsupported();
  const digest = crypto.createHash(`sha${bits}`).update(value).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/**
 * @param {string} value
 * @param {string} expectedHash
 * @param {SecurityAlgorithms} alg
 */
async function validateTokenHash(value, expectedHash, alg) {
  return timingSafeEqual(await hashTokenValue(value, alg), expectedHash);
}

const unsupported = () =>
  new MonoCloudTokenError('unsupported JWS "alg" identifier', undefined, 'unsupported_algorithm');

module.exports = {
  hashTokenValue,
  randomBytes,
  sha256,
  timingSafeEqual,
  unsupported,
  validateTokenHash,
};
