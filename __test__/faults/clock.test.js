'use strict';

// A wall clock that is set back and forward, and a machine that was suspended: its wall clock is ahead then, and
// its monotonic clock is not. libfaketime sets the clock of a process while that runs.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { startTenant } = require('../support/guarded.js');
const { LIBFAKETIME, cannot, isHttpError, runFaulty } = require('./support.js');

const HOUR = 3600;
const skip = cannot({ names: ['libfaketime'] });

/** The environment of a process, and `set(seconds)`: how far its wall clock is ahead from now on. */
function clock(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-clock-'));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'offset');
  const set = (seconds) => () => {
    fs.writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}`);
    // At once: the process may be reading it.
    fs.renameSync(`${file}.new`, file);
  };
  set(0)();
  const env = {
    LD_PRELOAD: LIBFAKETIME,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  return { env, set };
}

const now = () => Math.floor(Date.now() / 1000);

const PROGRAM = 'faults/programs/clock.js';

describe('the clock', { skip }, () => {
  it('set forward and back by an hour moves what has an end, and nothing else', async (t) => {
    const tenant = await startTenant(t);
    const { env, set } = clock(t);
    const input = {
      options: tenant.options(),
      tokens: {
        short: tenant.token({ exp: now() + HOUR / 2, nbf: now() - HOUR / 2 }),
        long: tenant.token({ exp: now() + 10 * HOUR, nbf: now() - 10 * HOUR }),
        old: tenant.token({ exp: now() - HOUR / 2 }),
      },
      clock: [
        ['forward', HOUR],
        ['right', 0],
        ['back', -HOUR],
        ['right again', 0],
      ],
    };
    const steps = {
      forward: set(HOUR),
      right: set(0),
      back: set(-HOUR),
      'right again': set(0),
    };
    const said = await runFaulty(t, PROGRAM, { input, env }, steps);
    const right = { short: 'user', long: 'user', old: 'expired' };
    assert.deepEqual(said.slice(0, 5), [
      right,
      { ...right, short: 'expired' },
      right,
      // Within the tenant's own time it would be good: it is the clock here that counts.
      { short: 'not_yet_valid', long: 'user', old: 'user' },
      right,
    ]);
    // The keys look an hour old after a step forward; a step back does not make them younger.
    assert.ok(said[5] <= 4, `${said[5]} requests for keys`);
  });

  it('that has stood still for three hours of suspension makes keys that old', async (t) => {
    const tenant = await startTenant(t);
    const { env, set } = clock(t);
    const input = {
      options: tenant.options(),
      tokens: { long: tenant.token({ exp: now() + 10 * HOUR }) },
      clock: [['suspended', 3 * HOUR]],
      recovers: true,
    };
    const steps = {
      suspended: () => {
        // Beyond the lifetime of the keys and `jwksStaleDuration`: they do not serve any more.
        tenant.on('jwks', (request) => request.socket.destroy());
        tenant.on('discovery', (request) => request.socket.destroy());
        set(3 * HOUR)();
      },
      reachable: () => {
        tenant.on('jwks');
        tenant.on('discovery');
      },
    };
    const [before, amid, failure, ...after] = await runFaulty(t, PROGRAM, { input, env }, steps);
    assert.deepEqual(before, { long: 'user' });
    assert.notEqual(amid.long, 'user');
    isHttpError(failure);
    assert.deepEqual(after.slice(0, -1), ['well']);
  });

  it('that has stood still for a suspension lets a withdrawn key count no more', async (t) => {
    const { makeKey, setOf } = require('../support/tokens.js');
    const tenant = await startTenant(t);
    const { env, set } = clock(t);
    const input = {
      options: tenant.options(),
      tokens: { withdrawn: tenant.token({ exp: now() + 10 * HOUR }) },
      clock: [['suspended', 3 * HOUR]],
    };
    const suspended = () => {
      tenant.jwks = setOf(makeKey('ES256', { kid: 'new' }));
      set(3 * HOUR)();
    };
    const said = await runFaulty(t, PROGRAM, { input, env }, { suspended });
    assert.deepEqual(said.slice(0, -1), [{ withdrawn: 'user' }, { withdrawn: 'unknown_key' }]);
  });
});
