'use strict';

// Runs one test program: of cargo, or a file of `node --test`.

const { spawn } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const CACHE = path.join(ROOT, '.cache', 'mutants', 'rust');

/** What looks at text, packs it, or takes minutes. */
const LEFT_OUT =
  /^__test__\/(package|types|demo|snippets|faults|interop|doctor)\/|\/(examples|links|readme|supply|imports|soak)\.test\.js$/;

/**
 * @param {string} test
 * @param {string} cwd
 * @param {number} limit milliseconds
 * @param {object} env
 * @returns {Promise<{ result: 'passed' | 'failed' | 'late', ms: number }>}
 */
function run(test, cwd, limit, env) {
  const began = Date.now();
  const isScript = test.endsWith('.js');
  // A group of its own, to end it with the servers that it started.
  const child = spawn(
    isScript ? process.execPath : test,
    isScript ? ['--test-reporter=tap', test] : [],
    {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      // Of the fuzz corpus, the seeds only.
      env: { ...process.env, FUZZ_ROUNDS: '0', ...env },
    },
  );
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
    if (/^\s*not ok (?!.*# (?:TODO|SKIP))|^test .* FAILED$/m.test(output)) end('failed');
  });
  return new Promise((resolve) => {
    child.on('exit', (code) => {
      clearTimeout(timer);
      result ??= code === 0 ? 'passed' : 'failed';
      end(result);
      resolve({ result, ms: Date.now() - began });
    });
  });
}

module.exports = { CACHE, LEFT_OUT, ROOT, run };
