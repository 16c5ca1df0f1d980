'use strict';

// A cache for one process. Claims are kept as text: a fresh copy is one `JSON.parse`, and nobody can
// change what another sees.

const { MonoCloudValidationError } = require('../errors.js');
const { checkOptions, made, readClaims, sha256, textOf } = require('./shared.js');

// More than one for each call, so that the sweep gets round whatever is added behind it.
const SWEPT_PER_CALL = 2;

function createMemoryCache(options) {
  return made(() => memoryCache(options), createMemoryCache);
}

function memoryCache(options) {
  const { maxEntries = 10_000 } = checkOptions('createMemoryCache', options, ['maxEntries']);
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new MonoCloudValidationError('"maxEntries" must be a whole number of at least 1');
  }
  // A Map remembers the order of insertion: the first entry is the one that was not used for longest.
  const entries = new Map();
  let sweep = entries.entries();

  /** Looks at the next few entries, round and round: expired ones go without a timer. */
  const sweepSome = (now) => {
    for (let i = 0; i < SWEPT_PER_CALL; i += 1) {
      const { done, value } = sweep.next();
      if (done) {
        sweep = entries.entries();
        return;
      }
      if (value[1].expires <= now) entries.delete(value[0]);
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
      if (entry.expires <= now) return undefined;
      entries.set(key, entry);
      return readClaims(entry.text);
    },

    async set(token, claims, expiresAt) {
      if (!Number.isFinite(expiresAt)) {
        throw new MonoCloudValidationError('"expiresAt" must be a number of seconds');
      }
      const now = Date.now();
      sweepSome(now);
      const key = keyOf(token);
      entries.delete(key);
      const expires = expiresAt * 1000;
      if (expires <= now) return;
      entries.set(key, { text: textOf(claims), expires });
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value);
    },

    async delete(token) {
      entries.delete(keyOf(token));
    },
  };
}

/** A digest: a heap snapshot shows no token that could be used. */
function keyOf(token) {
  if (typeof token !== 'string') throw new MonoCloudValidationError('"token" must be a string');
  return sha256(token);
}

module.exports = { createMemoryCache };
