'use strict';

// `node:cluster` with four workers that share a port: each is a process of its own with keys of its own.
// One that is killed amid its requests takes nobody else with it, and all end when they are told to.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');

const WORKERS = 4;

describe('cluster', () => {
  it('with four workers validates, survives the loss of one, and ends', async (t) => {
    const tenant = await startTenant(t);
    const input = {
      workers: WORKERS,
      options: tenant.options(),
      token: tenant.token(),
      expired: tenant.token({ exp: 1 }),
    };
    const { code, signal, said, stderr, lingered } = await runScript(
      'process/programs/cluster.js',
      {
        input,
      },
    );
    assert.deepEqual([code, signal], [0, null], stderr);
    const none = { wrong: [] };
    const exits = Array(WORKERS).fill([0, null]);
    assert.deepEqual(said, [none, WORKERS, none, true, none, exits]);
    assert.ok(lingered < 5000, `lingered for ${lingered} ms`);
    // One set of keys for each process.
    assert.equal(tenant.requests.jwks, WORKERS + 1);
  });
});
