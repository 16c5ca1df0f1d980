'use strict';

// The user's own cache (contract §6): asked, but never believed further than it must be, and never
// waited for longer than its budget.

const { clearTimeout, setTimeout } = require('node:timers');
const { isDeepStrictEqual } = require('node:util');

const { publish } = require('./channels.js');

const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * One request's patience with its cache, for all that it asks of it. It does not run out while
 * somebody else is waited for.
 */
class Patience {
  #left;

  constructor(milliseconds) {
    this.#left = Math.min(milliseconds, LONGEST_TIMER);
  }

  /** The value of a promise, or a thrown `Late` when the time is over. */
  wait(promise) {
    const begun = performance.now();
    return new Promise((resolve, reject) => {
      const ending = (settle) => (value) => {
        clearTimeout(timer);
        this.#left -= performance.now() - begun;
        settle(value);
      };
      const late = ending(() => reject(new Late()));
      const timer = setTimeout(late, this.#left);
      promise.then(ending(resolve), ending(reject));
    });
  }
}

class Late extends Error {
  message = 'The cache did not answer in time';
}

/** Calls that a hanging cache may owe an answer to: beyond it is left alone, and its queue with it. */
const MOST_OWED = 10_000;

class ClaimsCache {
  #cache;
  #timeout;
  #owed = 0;
  counts = { hits: 0, misses: 0, faults: 0 };

  constructor(cache, timeout) {
    this.#cache = cache;
    this.#timeout = timeout;
  }

  /** For one request. */
  patience() {
    return new Patience(this.#timeout);
  }

  /** What is stored for a token, as a value of its own; `undefined` where there is nothing. */
  async get(token, patience) {
    const stored = await this.#ask('get', patience, (cache) => cache.get(token));
    if (stored === undefined || stored === null) {
      this.counts.misses += 1;
      return undefined;
    }
    this.counts.hits += 1;
    try {
      return { claims: JSON.parse(JSON.stringify(stored)) };
    } catch {
      // Something is there, but it is no JSON: `{}` is refused as what it is.
      return { claims: undefined };
    }
  }

  set(token, claims, expiresAt, patience) {
    return this.#ask('set', patience, (cache) => cache.set(token, claims, expiresAt));
  }

  delete(token, patience) {
    return this.#ask('delete', patience, (cache) => cache.delete(token));
  }

  async #call(work) {
    this.#owed += 1;
    try {
      return await work(this.#cache);
    } finally {
      this.#owed -= 1;
    }
  }

  /** Never rejects: a cache that fails is a cache that has nothing. */
  async #ask(operation, patience, work) {
    try {
      if (this.#owed >= MOST_OWED) throw new Late();
      return await patience.wait(this.#call(work));
    } catch (error) {
      this.counts.faults += 1;
      publish('cacheFault', () => ({ operation, error }));
      return undefined;
    }
  }
}

/** Whether claims that a cache returned for a JWT are the token's own words. */
function areTokensOwn(claims, token) {
  try {
    const payload = Buffer.from(token.split('.')[1], 'base64url').toString();
    return isDeepStrictEqual(JSON.parse(payload), claims);
  } catch {
    return false;
  }
}

/** When an entry ends, in epoch seconds; `undefined` where there is to be none. */
function entryEnd(claims, introspected, cap, now) {
  const ends = [];
  if (typeof claims.exp === 'number') ends.push(claims.exp);
  if (introspected && cap !== undefined) ends.push(now + cap);
  const end = Math.min(...ends);
  return Number.isFinite(end) && end > now ? end : undefined;
}

module.exports = { ClaimsCache, areTokensOwn, entryEnd };
