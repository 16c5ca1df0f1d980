'use strict';

// Runs one test program, up to its first failure: a file of `node --test`, or a program of cargo.

const { spawn } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

/** What looks at text, packs it, or takes minutes. */
const LEFT_OUT =
  /^__test__\/(package|types|demo|snippets|faults|interop|doctor)\/|\/(examples|links|readme|supply|imports|soak)\.test\.js$/;

const FAILURE = /^\s*not ok (?!.*# (?:TODO|SKIP))|^test .* FAILED$/m;

/**
 * @param {string} test its path, absolute or relative to `cwd`
 * @param {string} cwd
 * @param {number} limit milliseconds
 * @param {object} [env]
 * @returns {Promise<{ result: 'passed' | 'failed' | 'late', ms: number }>}
 */
function run(test, cwd, limit, env) {
  const began = Date.now();
  const script = ['--test-reporter=tap', test];
  const [command, args] = test.endsWith('.js') ? [process.execPath, script] : [test, []];
  const child = spawn(command, args, {
    cwd,
    // A group of its own, to end it with the servers that it started.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  });
  let output = '';
  let result;
  const end = (why) => {
    result ??= why;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  const timer = setTimeout(end, limit, 'late');
  child.stdout.setEncoding('utf8').on('data', (data) => {
    output += data;
    if (FAILURE.test(output)) end('failed');
  });
  return new Promise((resolve) => {
    child.on('exit', (code) => {
      clearTimeout(timer);
      end(code === 0 ? 'passed' : 'failed');
      resolve({ result, ms: Date.now() - began });
    });
  });
}

module.exports = { LEFT_OUT, ROOT, run };
