'use strict';

// Faults of the system: what they need, and how a program waits for them and for their end. Every program has the
// deadline of `runScript`, so a call that hangs is a failure.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { runScript } = require('../support/child.js');

/** Which package of Debian has a command, or a file. */
const PACKAGES = {
  prlimit: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  mount: 'mount',
  'redis-server': 'redis-server',
  libfaketime: 'libfaketime',
};

const LIBFAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find((file) => fs.existsSync(file));

const isThere = (name) =>
  name === 'libfaketime'
    ? LIBFAKETIME !== undefined
    : spawnSync(name, ['--version']).error === undefined;

/**
 * Why a fault can't be made on this machine, or `false`. CI is Debian, as root, and has all packages.
 * @param {{ root?: boolean, names?: string[] }} needs
 */
function cannot({ root = false, names = [] }) {
  if (process.platform !== 'linux') return 'this fault is made on Linux only';
  if (root && process.getuid() !== 0) return 'this fault needs root';
  const missing = process.env.CI ? [] : names.filter((name) => !isThere(name));
  if (missing.length === 0) return false;
  return `apt-get install ${missing.map((name) => PACKAGES[name]).join(' ')}`;
}

/**
 * Runs a program that goes through steps, each of which makes a fault or ends it.
 * @param {import('node:test').TestContext} t
 * @param {string} program below `__test__`, made by `scenario` of programs/scenario.js
 * @param {object} options those of `runScript`
 * @param {Record<string, (child: import('node:child_process').ChildProcess) => unknown>} [steps]
 * @returns {Promise<any[]>} what the program said, without its steps; it has ended with 0
 */
async function runFaulty(t, program, { input, ...options }, steps = {}) {
  const directory = fs.mkdtempSync(`${require('node:os').tmpdir()}/monocloud-faults-`);
  fs.chmodSync(directory, 0o755);
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  const file = `${directory}/steps`;
  fs.writeFileSync(file, '', { mode: 0o644 });
  const done = new Set();
  const failures = [];
  const heard = async (child, said) => {
    for (const { step } of said) {
      if (step === undefined || done.has(step)) continue;
      done.add(step);
      try {
        await steps[step](child);
        fs.appendFileSync(file, `${step}\n`);
      } catch (error) {
        failures.push(error);
        child.kill('SIGKILL');
      }
    }
  };
  const result = await runScript(program, {
    ...options,
    input: { ...input, steps: file },
    heard,
  });
  assert.deepEqual(failures, []);
  const story = `${JSON.stringify(result.said)} ${result.stderr}`;
  assert.deepEqual([result.code, result.signal], [0, null], story);
  return result.said.filter((said) => said?.step === undefined);
}

/** That an outcome is the documented error of a request that failed. */
function isHttpError({ name, message, reason, value }, reasons = [reason], what = '') {
  const story = `${what} ${JSON.stringify({ name, message, reason, value })}`;
  assert.equal(name, 'MonoCloudHttpError', story);
  assert.match(message, /^Error while fetching /);
  assert.ok(reasons.includes(reason), story);
}

/** What comes of a token, in this process. */
const outcomeOf = (client, token) =>
  client.validateAccessToken(token).then(
    ({ sub }) => ({ value: sub }),
    ({ name, message, reason }) => ({ name, message, reason }),
  );

/** After a failure the tenant is left alone for a moment. */
async function untilAccepted(client, token) {
  for (const deadline = Date.now() + 10_000; ; ) {
    const { value, ...failure } = await outcomeOf(client, token);
    if (value !== undefined) return;
    assert.ok(Date.now() < deadline, JSON.stringify(failure));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

module.exports = { LIBFAKETIME, cannot, isHttpError, outcomeOf, runFaulty, untilAccepted };
