'use strict';

// The caller's cache (contract §6). It is waited for no longer than `cacheTimeout`, and what it returns is
// checked like a token.

/**
 * @import { AccessTokenClaims, ICache } from '../../index.d.ts'
 * @import { Provenance } from './provenance.js'
 */

const { mark, of: markOf } = require('./provenance.js');
const { publish } = require('./channels.js');
const { Late, Patience } = require('./patience.js');

const { parse, stringify } = JSON;
const WHAT = 'The cache';

/** With more calls unanswered, a cache that hangs is not called. */
const MOST_OWED = 10_000;

/**
 * What is stored for a token: any JSON, or `undefined` where it has none.
 * @typedef {NonNullable<Awaited<ReturnType<ClaimsCache['get']>>>} Hit
 */

/** @typedef {Patience} Budget the time of one request */

class ClaimsCache {
  /** @type {ICache} */
  #cache;
  /** @type {number} */
  #timeout;
  #owed = 0;
  counts = { hits: 0, misses: 0, faults: 0 };

  /**
   * @param {ICache} cache
   * @param {number} timeout milliseconds
   */
  constructor(cache, timeout) {
    this.#cache = cache;
    this.#timeout = timeout;
  }

  /** The time budget of one request. */
  patience() {
    return new Patience(this.#timeout, WHAT);
  }

  /**
   * What is stored for a token, as a copy, with its provenance where one of this package's caches stored it;
   * `undefined` where there is nothing.
   * @param {string} token
   * @param {Patience} patience
   */
  async get(token, patience) {
    const stored = await this.#ask('get', patience, (cache) => cache.get(token));
    if (stored === undefined || stored === null) {
      this.counts.misses += 1;
      return undefined;
    }
    this.counts.hits += 1;
    try {
      return { claims: parse(stringify(stored)), provenance: markOf(stored) };
    } catch {
      // Something is there that has no JSON: an entry that can't be used.
      return { claims: undefined, provenance: undefined };
    }
  }

  /**
   * @param {string} token
   * @param {AccessTokenClaims} claims
   * @param {number} expiresAt
   * @param {Provenance} provenance
   * @param {Patience} patience
   */
  set(token, claims, expiresAt, provenance, patience) {
    mark(claims, provenance);
    return this.#ask('set', patience, (cache) => cache.set(token, claims, expiresAt));
  }

  /**
   * @param {string} token
   * @param {Patience} patience
   */
  delete(token, patience) {
    return this.#ask('delete', patience, (cache) => cache.delete(token));
  }

  /**
   * @template T
   * @param {(cache: ICache) => Promise<T>} work
   */
  async #call(work) {
    this.#owed += 1;
    try {
      return await work(this.#cache);
    } finally {
      this.#owed -= 1;
    }
  }

  /**
   * Never rejects: a cache that fails counts as empty.
   * @template T
   * @param {'get' | 'set' | 'delete'} operation
   * @param {Patience} patience
   * @param {(cache: ICache) => Promise<T>} work
   */
  async #ask(operation, patience, work) {
    try {
      if (this.#owed >= MOST_OWED) throw new Late(WHAT);
      return await patience.wait(this.#call(work));
    } catch (error) {
      this.counts.faults += 1;
      publish('cacheFault', () => ({ operation, error }));
      return undefined;
    }
  }
}

module.exports = { ClaimsCache };
