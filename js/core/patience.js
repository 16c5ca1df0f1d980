'use strict';

// How long a request waits for something of the caller's: a cache, a replay store.

const { clearTimeout, setTimeout } = require('node:timers');

// Captured when the module is loaded, because a program can replace it later.
const NativePromise = Promise;

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
    return new NativePromise((resolve, reject) => {
      /**
       * @template A
       * @param {(value: A) => void} end
       * @returns {(value: A) => void}
       */
      const ending = (end) => (value) => {
        clearTimeout(timer);
        this.#left -= performance.now() - begun;
        end(value);
      };
      const late = ending(() => reject(new Late(this.#what)));
      const timer = setTimeout(late, this.#left);
      settle(promise, ending(resolve), ending(reject));
    });
  }
}

/**
 * `promise.then(resolve, reject)`, without the method, which a program can replace.
 * @template T
 * @param {Promise<T>} promise
 * @param {(value: T) => void} resolve
 * @param {(error: unknown) => void} reject
 */
async function settle(promise, resolve, reject) {
  try {
    resolve(await promise);
  } catch (error) {
    reject(error);
  }
}

class Late extends Error {
  /** @param {string} what */
  constructor(what) {
    super(`${what} did not answer in time`);
  }
}

module.exports = { Late, Patience };
