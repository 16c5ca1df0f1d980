'use strict';

// Outcomes for tokens by way of the caller's cache (contract §6): when an entry is used, stored and deleted.

/**
 * @import { AccessTokenClaims } from '../../index.d.ts'
 * @import { Outcome } from '../binding.js'
 * @import { Provenance } from './provenance.js'
 * @import { Budget, ClaimsCache, Hit } from './cache.js'
 * @import { OwnMapOf } from './collections.js'
 */

const { isDeepStrictEqual } = require('node:util');

const { INTROSPECTED, VALIDATED } = require('./provenance.js');
const { now } = require('./clock.js');
const { OwnMap } = require('./collections.js');
const { toJson } = require('./options.js');

const { hasOwn } = Object;
const { parse } = JSON;

/**
 * @typedef {() => Outcome | Promise<Outcome>} Source
 * @typedef {(text: string, token: string, mayLackExp: boolean) => Outcome} Check the rules for claims, as JSON
 */

class CachedOutcomes {
  #cache;
  #cap;
  #check;
  /**
   * Tokens that are being looked up in the cache: once, however many requests have them.
   * @type {OwnMapOf<string, Promise<Outcome>>}
   */
  #lookups = new OwnMap();

  /**
   * @param {ClaimsCache} cache
   * @param {number | undefined} cap `introspectionCacheDuration`
   * @param {Check} check
   */
  constructor(cache, cap, check) {
    this.#cache = cache;
    this.#cap = cap;
    this.#check = check;
  }

  get counts() {
    return this.#cache.counts;
  }

  /**
   * The outcome for a token by itself, by way of the cache. `source` gives the outcome where the cache has
   * none. Concurrent calls for one token share one look-up.
   * @param {string} token
   * @param {boolean} introspected
   * @param {Source} source
   */
  outcome(token, introspected, source) {
    const under = this.#lookups.get(token);
    if (under !== undefined) return under;
    const work = this.#lookUp(token, introspected, source);
    this.#lookups.set(token, work);
    return work;
  }

  /**
   * @param {string} token
   * @param {boolean} introspected
   * @param {Source} source
   */
  async #lookUp(token, introspected, source) {
    try {
      return await (introspected
        ? this.#introspected(token, source)
        : this.#validated(token, source));
    } finally {
      this.#lookups.delete(token);
    }
  }

  /**
   * A JWT: a hit saves nothing but the entry's being stored again.
   * @param {string} token
   * @param {Source} source
   * @returns {Promise<Outcome>}
   */
  async #validated(token, source) {
    const cache = this.#cache;
    const patience = cache.patience();
    const hit = await cache.get(token, patience);
    const outcome = await source();
    const isClaims = typeof outcome === 'string';
    if (hit !== undefined) {
      if (isClaims && isDeepStrictEqual(hit.claims, parse(outcome))) return outcome;
      // A tenant that can't be reached says nothing about the entry.
      if (isClaims || outcome.kind === 'token') await cache.delete(token, patience);
    }
    if (isClaims) await this.#store(token, parse(outcome), undefined, VALIDATED, patience);
    return outcome;
  }

  /**
   * An introspected token: a hit that passes saves the request.
   * @param {string} token
   * @param {Source} source
   * @returns {Promise<Outcome>}
   */
  async #introspected(token, source) {
    const cap = this.#cap;
    if (cap === 0) return source();
    const cache = this.#cache;
    const patience = cache.patience();
    const hit = await cache.get(token, patience);
    if (hit !== undefined) {
      const remembered = this.#remembered(hit, token, cap);
      if (remembered !== undefined) return remembered;
      await cache.delete(token, patience);
    }
    const outcome = await source();
    if (typeof outcome === 'string') {
      await this.#store(token, parse(outcome), cap, INTROSPECTED, patience);
    } else if (outcome.code === 'inactive_token' && cap !== undefined) {
      await this.#store(token, { active: false, exp: now() + cap }, cap, INTROSPECTED, patience);
    }
    return outcome;
  }

  /**
   * The outcome that a hit stands for, or `undefined` where it can't be used.
   * @param {Hit} hit
   * @param {string} token
   * @param {number | undefined} cap
   */
  #remembered({ claims, provenance }, token, cap) {
    if (provenance === VALIDATED) return undefined;
    const checked = this.#check(toJson(claims), token, cap !== undefined);
    // Entries of this package have no `active`, but for those of tokens that are not.
    if (typeof checked === 'string') return hasOwn(claims, 'active') ? undefined : checked;
    const isRemembered = checked.code === 'inactive_token' && cap !== undefined;
    return isRemembered && claims.active === false && claims.exp > now() ? checked : undefined;
  }

  /**
   * @param {string} token
   * @param {Partial<AccessTokenClaims>} claims
   * @param {number | undefined} cap
   * @param {Provenance} provenance
   * @param {Budget} patience
   */
  async #store(token, claims, cap, provenance, patience) {
    const end = endOf(claims, cap);
    // The record of an inactive token has no claims but `exp`; `#remembered` alone reads it.
    const entry = /** @type {AccessTokenClaims} */ (claims);
    if (end !== undefined) await this.#cache.set(token, entry, end, provenance, patience);
  }
}

/**
 * The end of an entry in epoch seconds; `undefined` where there is to be none.
 * @param {{ exp?: unknown }} claims
 * @param {number | undefined} cap
 */
function endOf(claims, cap) {
  const ends = [];
  if (typeof claims.exp === 'number') ends.push(claims.exp);
  if (cap !== undefined) ends.push(now() + cap);
  const end = Math.min(...ends);
  return Number.isFinite(end) && end > now() ? end : undefined;
}

module.exports = { CachedOutcomes };
