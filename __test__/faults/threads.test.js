'use strict';

// A process that may not start another thread. The limit counts the threads of a user, and root has none: the
// process runs as a user that nobody else is.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { startTenant } = require('../support/guarded.js');
const { cannot, isHttpError, runFaulty } = require('./support.js');

const MANY = 1000;
const USER = 50_000 + (process.pid % 10_000);
const AS_USER = [
  'setpriv',
  ...['--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups'],
  // To read files, wherever Node.js and this package are.
  ...['--inh-caps', '-all,+dac_override', '--ambient-caps', '-all,+dac_override', '--'],
];

const asUser = (...command) => spawnSync(AS_USER[0], [...AS_USER.slice(1), ...command]);

const limit = (number) => (child) => {
  const { status, stderr } = asUser('prlimit', '--pid', `${child.pid}`, `--nproc=${number}:`);
  assert.equal(status, 0, String(stderr));
};

const skip =
  cannot({ root: true, names: ['prlimit', 'setpriv'] }) ||
  (asUser(process.execPath, '-e', '0').status !== 0 && 'another user can not run this Node.js');

describe('without another thread', { skip }, () => {
  it('the first requests fail, known keys need none, and it recovers', async (t) => {
    const tenant = await startTenant(t);
    const input = {
      options: tenant.options(tenant.credentials),
      token: tenant.token(),
      expired: tenant.token({ exp: 1 }),
    };
    const steps = {
      none: limit(1),
      many: limit(MANY),
      'none again': limit(1),
      'many again': limit(MANY),
    };
    const said = await runFaulty(
      t,
      'faults/programs/no-thread.js',
      { input, within: AS_USER },
      steps,
    );
    assert.equal(said.length, 15, JSON.stringify(said));
    for (const failure of said.slice(0, 10)) isHttpError(failure, ['client_failed']);
    assert.deepEqual(said.slice(10, 13), ['well', 'well', { value: 'user' }]);
    assert.equal(said[13].reason, 'expired');
  });

  it('but the one that waits for sockets, requests fail in time, and it recovers', async (t) => {
    const tenant = await startTenant(t);
    const input = {
      options: tenant.options({ ...tenant.credentials, responseTimeout: 1000 }),
      token: tenant.token(),
    };
    const steps = {
      one: (child) => {
        const threads = fs.readdirSync(`/proc/${child.pid}/task`).length;
        limit(threads + 1)(child);
      },
      many: limit(MANY),
    };
    const said = await runFaulty(
      t,
      'faults/programs/one-thread.js',
      { input, within: AS_USER },
      steps,
    );
    for (const failure of said.slice(0, 10)) isHttpError(failure);
    assert.ok(said[10] < 5000, `took ${said[10]} ms`);
    assert.deepEqual(said.slice(11), ['well', 'well']);
  });

  it('slow signatures are verified by the thread that asks', async (t) => {
    const { makeKey, setOf, sign } = require('../support/tokens.js');
    const key = makeKey('ES512', { kid: 'slow' });
    const tenant = await startTenant(t, { jwks: setOf(key) });
    const token = (jti, exp) =>
      sign(key, { claims: { ...tenant.claims(), jti, ...(exp ? { exp } : {}) }, alg: 'ES512' });
    const input = {
      options: tenant.options(),
      tokens: [
        ...Array.from({ length: 20 }, (_, i) => token(`${i}`)),
        token('old', 1),
        token('first'),
      ],
    };
    const said = await runFaulty(
      t,
      'faults/programs/slow-signatures.js',
      { input, within: AS_USER },
      { none: limit(1) },
    );
    assert.deepEqual(said.slice(0, 21), Array(21).fill({ value: 'user' }));
    assert.equal(said[21].reason, 'expired');
  });
});
