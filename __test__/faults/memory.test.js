'use strict';

// A process whose address space, or control group, is limited to little more than it has: what strangers and a broken tenant send is
// held in the bounds of the contract, so that the process goes on. (Where memory is out altogether, V8 ends the
// process, whatever this package does.)

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { startTenant } = require('../support/guarded.js');
const { cannot, runFaulty } = require('./support.js');

/** What V8 needs for a few garbage collections is in it. */
const ROOM = 192 * 2 ** 20;
const ROUNDS = 20;

/** Where control groups of memory are, version 1 and 2, and the name of their limit. */
const GROUPS = [
  ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
  ['/sys/fs/cgroup', 'memory.max'],
];

/** Limits the addresses that a process may use (`ulimit -v`). */
function limitAddresses({ pid }) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = Number(/^VmSize:\s+(\d+) kB$/m.exec(status)[1]) * 1024 + ROOM;
  assert.equal(spawnSync('prlimit', [`--pid=${pid}`, `--as=${bytes}:`]).status, 0);
}

/** A control group with a limit, or `undefined` where this user can't make one. */
function makeGroup() {
  for (const [parent, limit] of GROUPS) {
    const group = `${parent}/monocloud-${process.pid}`;
    try {
      fs.mkdirSync(group);
    } catch {
      continue;
    }
    try {
      fs.writeFileSync(`${group}/${limit}`, String(ROOM));
      return group;
    } catch {
      // Version 2 without its memory controller.
      fs.rmdirSync(group);
    }
  }
  return undefined;
}

/** Answers until nobody reads any more. */
function endless(_request, response) {
  const chunk = Buffer.alloc(64 * 1024, 'a');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.on('error', () => {});
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more);
  };
  more();
}

/** 400,000 arrays in each other. */
function deep(_request, response) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('['.repeat(400_000));
}

/** Limits a process by `limited`, and sends it what it must survive. */
async function survives(t, limited) {
  const [tenant, first, second] = [
    await startTenant(t),
    await startTenant(t),
    await startTenant(t),
  ];
  first.on('jwks', endless);
  first.on('introspection', endless);
  second.on('discovery', deep);
  const input = {
    options: [tenant, first, second].map((each) => each.options(each.credentials)),
    token: tenant.token(),
    rounds: ROUNDS,
  };
  const [reasons, after] = await runFaulty(
    t,
    'faults/programs/hostile-input.js',
    { input },
    { limited },
  );
  const { user, invalid_signature: forged, token_too_large: long, ...faults } = reasons;
  assert.deepEqual(
    [user, forged, long],
    [2, 1, 2].map((n, i) => n * 20 * ROUNDS + (i ? 0 : 2)),
  );
  // The keys of the first, and its introspection; the metadata of the second.
  const expected = ['response_too_large', 'unreadable_response'];
  assert.deepEqual(Object.keys(faults).sort(), expected, JSON.stringify(faults));
  assert.deepEqual(after, { value: 'user' });
}

describe('without memory to spare, hostile tokens and documents end neither the process nor its service', () => {
  it('in an address space that is limited', { skip: cannot({ names: ['prlimit'] }) }, (t) =>
    survives(t, limitAddresses),
  );

  it('in a control group that is limited', { skip: cannot({ root: true }) }, async (t) => {
    const group = makeGroup();
    if (group === undefined) return t.skip('this machine has no control group to make one in');
    t.after(() => fs.rmdirSync(group));
    // What a process has used before it moves counts in its old group. One that is killed fails the test.
    await survives(t, ({ pid }) => fs.writeFileSync(`${group}/cgroup.procs`, String(pid)));
  });
});
