'use strict';

// A cache in the memory of one process. It stores claims as JSON text, so that each `get` parses a copy and no
// caller can change the claims of another.

/**
 * @import { ICache } from '../../index.d.ts'
 * @import { MemoryCacheOptions } from './index.d.ts'
 * @import { Provenance } from '../core/provenance.js'
 */

const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('../core/options-reader.js');
const provenance = require('../core/provenance.js');
const { endOf, made, readClaims, requireToken, sha256, textOf } = require('./shared.js');

const OPTIONS = /** @type {const} */ (['maxEntries']);

/** A Map of V8 has room for 2^24 entries, half of which may be deleted ones that it has not reclaimed. */
const MOST_ENTRIES = 8_000_000;

// At least two, so that the sweep reaches the end although each call may add an entry.
const SWEPT_PER_CALL = 2;

/** @param {MemoryCacheOptions} [options] */
function createMemoryCache(options) {
  return made(() => memoryCache(options), createMemoryCache);
}

/**
 * @param {MemoryCacheOptions} [options]
 * @returns {ICache}
 */
function memoryCache(options) {
  const where = { what: 'createMemoryCache()', from: createMemoryCache };
  const read = readOptions(options, OPTIONS, where);
  // Not a number yet: that is what the condition is for.
  const { maxEntries = 10_000 } = /** @type {MemoryCacheOptions} */ (read);
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1 || maxEntries > MOST_ENTRIES) {
    throw new MonoCloudValidationError(
      `"maxEntries" must be a whole number from 1 to ${MOST_ENTRIES}`,
    );
  }
  /**
   * A Map keeps the order of insertion, so its first entry is the least recently used one.
   * @type {Map<string, { text: string, end: number, mark: Provenance | undefined }>}
   */
  const entries = new Map();
  let sweep = entries.entries();

  /**
   * Deletes those of the next few entries that have expired. Each call continues where the last one ended.
   * @param {number} now
   */
  const sweepSome = (now) => {
    for (let i = 0; i < SWEPT_PER_CALL; i += 1) {
      const { done, value } = sweep.next();
      if (done) {
        sweep = entries.entries();
        return;
      }
      if (value[1].end <= now) entries.delete(value[0]);
    }
  };

  return {
    async get(token) {
      const now = Date.now();
      sweepSome(now);
      const key = keyOf(token);
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      // The sweep may not have reached an expired entry yet.
      if (entry.end <= now) return undefined;
      entries.set(key, entry);
      return readClaims(entry.text, entry.mark);
    },

    async set(token, claims, expiresAt) {
      const end = endOf(expiresAt);
      const now = Date.now();
      sweepSome(now);
      const key = keyOf(token);
      entries.delete(key);
      if (end <= now) return;
      entries.set(key, { text: textOf(claims), end, mark: provenance.of(claims) });
      if (entries.size > maxEntries)
        entries.delete(/** @type {string} */ (entries.keys().next().value));
    },

    async delete(token) {
      entries.delete(keyOf(token));
    },
  };
}

/**
 * The SHA-256 digest of a token, so that a heap snapshot contains no usable token.
 * @param {string} token
 */
function keyOf(token) {
  requireToken(token);
  return sha256(token);
}

module.exports = { createMemoryCache };
