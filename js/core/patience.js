'use strict';

// How long a request waits for something of the caller's: a cache, a replay store.

const { clearTimeout, setTimeout } = require('node:timers');

const LONGEST_TIMER = 2 ** 31 - 1;

/** The time that one request waits, over all its calls; waiting for others does not count. */
class Patience {
  /** @type {number} */
  #left;
  #what;

  /**
   * @param {number} milliseconds
   * @param {string} what it waits for
   */
  constructor(milliseconds, what) {
    this.#left = Math.min(milliseconds, LONGEST_TIMER);
    this.#what = what;
  }

  /**
   * The value of a promise; throws `Late` when the time is over.
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  wait(promise) {
    const begun = performance.now();
    return new Promise((resolve, reject) => {
      /**
       * @template A
       * @param {(value: A) => void} settle
       * @returns {(value: A) => void}
       */
      const ending = (settle) => (value) => {
        clearTimeout(timer);
        this.#left -= performance.now() - begun;
        settle(value);
      };
      const late = ending(() => reject(new Late(this.#what)));
      const timer = setTimeout(late, this.#left);
      promise.then(ending(resolve), ending(reject));
    });
  }
}

class Late extends Error {
  /** @param {string} what */
  constructor(what) {
    super(`${what} did not answer in time`);
  }
}

module.exports = { Late, Patience };
