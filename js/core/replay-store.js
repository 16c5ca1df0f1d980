'use strict';

// The caller's replay store for DPoP proofs (contract §7b). Only `true` lets a request go on.

/** @import { IReplayStore } from '../../index.d.ts' */

const { publish } = require('./channels.js');
const { Late, Patience } = require('./patience.js');

const WHAT = 'The replay store';

/** Milliseconds that a request waits for the store. */
const TIMEOUT = 1000;

/** With more calls unanswered, a store that hangs is not called. */
const MOST_OWED = 10_000;

class ReplayStore {
  /** @type {IReplayStore} */
  #store;
  #owed = 0;

  /** @param {IReplayStore} store */
  constructor(store) {
    this.#store = store;
  }

  /**
   * Whether the store has taken a proof as new; `undefined` where it does not say. Never rejects.
   * @param {string} key
   * @param {number} expiresAt seconds since 1970
   * @returns {Promise<boolean | undefined>}
   */
  async spend(key, expiresAt) {
    try {
      if (this.#owed >= MOST_OWED) throw new Late(WHAT);
      const isNew = await new Patience(TIMEOUT, WHAT).wait(this.#add(key, expiresAt));
      if (typeof isNew === 'boolean') return isNew;
      throw new TypeError('The replay store must resolve to true or false');
    } catch (error) {
      publish('replayStoreFault', () => ({ error }));
      return undefined;
    }
  }

  /**
   * @param {string} key
   * @param {number} expiresAt
   */
  async #add(key, expiresAt) {
    this.#owed += 1;
    try {
      return await this.#store.add(key, expiresAt);
    } finally {
      this.#owed -= 1;
    }
  }
}

module.exports = { ReplayStore };
