'use strict';

// Runs test files in one process (./worker.js), which is started anew where one of them hangs.

const { fork } = require('node:child_process');
const path = require('node:path');

const WORKER = path.join(__dirname, 'worker.js');
/** A busy machine must not be taken for a test that hangs. */
const LIMIT_MS = 8_000;
const LIMIT_FACTOR = 8;
const FIRST_LIMIT_MS = 15_000;
/** A test that takes longer is left out: a mutant that survives is tried in processes, with all tests. */
const SLOW_MS = 200;
/** Each run leaves something behind. */
const MOST_RUNS = 300;

/** @typedef {{ leftOut: string[], ms: number, tests: number }} Known how a test file runs without a mutant */
/** @typedef {{ result: 'passed' | 'failed' | 'late', reason?: string }} Outcome */

class Runner {
  #process;
  #runs = 0;

  /**
   * @param {import('./tree').Tree} tree
   * @param {Map<string, Known>} known shared by all runners
   */
  constructor(tree, known) {
    this.tree = tree;
    this.known = known;
  }

  /**
   * The first runs of a test file, of the tests that pass each time. `undefined` where there are none.
   * @param {string} test
   * @returns {Promise<Known | undefined>}
   */
  async knows(test) {
    if (!this.known.has(test)) this.known.set(test, await this.#measure(test));
    const known = this.known.get(test);
    return known.tests > 0 ? known : undefined;
  }

  async #measure(test) {
    const leftOut = new Set();
    for (let round = 0; round < 4; round += 1) {
      const request = { test, leftOut: [...leftOut], goesOn: true };
      const answer = await this.#ask(request, FIRST_LIMIT_MS);
      if (answer === undefined) break;
      for (const { name, ms, failed } of answer.tests) {
        if (failed || (round > 0 && ms > SLOW_MS)) leftOut.add(name);
      }
      const tests = answer.tests.filter(({ name }) => !leftOut.has(name));
      const ms = tests.reduce((sum, one) => sum + one.ms, 0);
      const isSteady = answer.tests.every(({ failed }) => !failed);
      if (round > 0 && isSteady) return { leftOut: [...leftOut], ms, tests: tests.length };
    }
    return { leftOut: [], ms: 0, tests: 0 };
  }

  /**
   * Runs a test file that is known, up to its first failure.
   * @param {string} test
   * @returns {Promise<Outcome>}
   */
  async run(test) {
    const { leftOut, ms } = this.known.get(test);
    const request = { test, leftOut, goesOn: false };
    const answer = await this.#ask(request, LIMIT_MS + LIMIT_FACTOR * ms);
    if (answer === undefined) return { result: 'late' };
    const { failed, reason } = answer;
    return failed === undefined ? { result: 'passed' } : { result: 'failed', reason };
  }

  /** The worker's answer, or `undefined` where it gives none in time. */
  #ask(request, limit) {
    if (this.#runs >= MOST_RUNS) this.end();
    this.#process ??= fork(WORKER, [this.tree.path], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#runs += 1;
    const child = this.#process;
    return new Promise((resolve) => {
      const settle = (answer) => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (answer === undefined) this.end();
        resolve(answer);
      };
      const timer = setTimeout(settle, limit);
      child.once('message', settle).once('exit', () => settle());
      child.send(request, () => {});
    });
  }

  /** Ends the process, with those that it started. */
  end() {
    const child = this.#process;
    this.#process = undefined;
    this.#runs = 0;
    try {
      if (child) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

module.exports = { Runner };
