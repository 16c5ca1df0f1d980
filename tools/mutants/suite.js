'use strict';

// As much of `node:test` as __test__ uses, to run a test file again and again in one process: in the order of the
// file, up to the first failure, after which the hooks still run.

const { mock } = require('node:test');

/** What a test file registers, and its run. */
class Suite {
  #root = group('');
  #current = this.#root;
  /** @type {Map<string, { ms: number, error?: unknown }>} the tests that were run, by their full name */
  results = new Map();

  /**
   * @param {Set<string>} leftOut full names of tests that are not run
   * @param {boolean} goesOn after a failure
   */
  constructor(leftOut, goesOn) {
    this.leftOut = leftOut;
    this.goesOn = goesOn;
  }

  /** What `require('node:test')` is for the test file. */
  get api() {
    const hook = (name) => (fn) => this.#current[name].push(fn);
    const it = (name, options, fn) => this.#test(name, options, fn);
    const describe = (name, options, fn) => this.#describe(name, options, fn);
    const hooks = ['before', 'after', 'beforeEach', 'afterEach'];
    return {
      ...Object.fromEntries(hooks.map((name) => [name, hook(name)])),
      describe,
      it,
      mock,
      test: it,
    };
  }

  #describe(name, options, fn = options) {
    if (options.skip) return;
    const outer = this.#current;
    const inner = group(`${outer.name} > ${name}`);
    outer.entries.push(inner);
    this.#current = inner;
    fn();
    this.#current = outer;
  }

  #test(name, options, fn = options) {
    const { name: outer, entries } = this.#current;
    const full = `${outer} > ${name}`;
    if (!options.skip && !this.leftOut.has(full)) entries.push({ name: full, fn });
  }

  run() {
    return this.#runGroup(this.#root, [], []);
  }

  get failed() {
    return [...this.results].find(([, { error }]) => error !== undefined)?.[0];
  }

  get #isOver() {
    return !this.goesOn && this.failed !== undefined;
  }

  async #runGroup({ name, entries, before, after, ...each }, beforeEach, afterEach) {
    if (this.#isOver || !entries.some(hasTest)) return;
    const set = [...beforeEach, ...each.beforeEach];
    const reset = [...each.afterEach, ...afterEach];
    try {
      for (const hook of before) await hook({});
      for (const entry of entries) {
        if (entry.fn === undefined) await this.#runGroup(entry, set, reset);
        else if (!this.#isOver) await this.#runTest(entry, set, reset);
      }
    } catch (error) {
      this.results.set(`${name} > before`, { ms: 0, error });
    }
    await all(after, {});
  }

  async #runTest({ name, fn }, set, reset) {
    const began = Date.now();
    const own = [];
    const context = { name, after: (hook) => own.push(hook), diagnostic() {}, mock, skip() {} };
    context.test = (_name, inner) => inner(context);
    let error;
    try {
      for (const hook of set) await hook(context);
      await fn(context);
    } catch (thrown) {
      error = thrown ?? new Error('nothing was thrown');
    }
    await all([...own, ...reset], context);
    mock.reset();
    this.results.set(name, { ms: Date.now() - began, error });
  }
}

function group(name) {
  return { name, entries: [], before: [], after: [], beforeEach: [], afterEach: [] };
}

function hasTest({ fn, entries }) {
  return fn !== undefined || entries.some(hasTest);
}

/** Runs hooks that clean up. What one throws keeps none of the others from running. */
async function all(hooks, context) {
  for (const hook of hooks) {
    try {
      await hook(context);
    } catch {
      // The test has its result already.
    }
  }
}

module.exports = { Suite };
