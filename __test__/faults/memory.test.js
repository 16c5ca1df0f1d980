'use strict';

// A process whose address space is limited to little more than it has: what strangers and a broken tenant send is
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

const skip = cannot({ names: ['prlimit'] });

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

describe('without memory to spare', { skip }, () => {
  it('hostile tokens and documents end neither the process nor its service', async (t) => {
    const [tenant, first, second] = [
      await startTenant(t),
      await startTenant(t),
      await startTenant(t),
    ];
    first.on('jwks', endless);
    first.on('introspection', endless);
    second.on('discovery', deep);
    const source = `
      const [client, ...broken] = input.options.map((each) => new MonoCloudBackendNodeClient(each));
      const reasons = {};
      const ask = async (to, tokens) => {
        const judged = await Promise.all(tokens.map((token) => judge(to, token)));
        for (const { value, reason } of judged) {
          reasons[value ?? reason] = (reasons[value ?? reason] ?? 0) + 1;
        }
      };
      await ask(client, [input.token, 'opaque']);
      await step('limited');
      const long = 'a'.repeat(16 * 1024 - 20);
      for (let round = 0; round < ${ROUNDS}; round += 1) {
        const each = Array.from({ length: 20 }, (_, i) => i + '-' + round);
        await ask(client, each.map((i) => input.token + i));
        await ask(client, each.map((i) => long + i));
        await ask(client, each.map((i) => long + long + i));
        await ask(client, each.map((i) => i + 'e'.repeat(2 ** 20)));
        await ask(client, each.map(() => input.token));
        for (const to of broken) await ask(to, [input.token, 'opaque' + round]);
      }
      say(reasons);
      say(await judge(client, input.token));`;
    const input = {
      options: [tenant, first, second].map((each) => each.options(each.credentials)),
      token: tenant.token(),
    };
    const limited = (child) => {
      const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const bytes = Number(/^VmSize:\s+(\d+) kB$/m.exec(status)[1]) * 1024 + ROOM;
      const { status: code } = spawnSync('prlimit', [`--pid=${child.pid}`, `--as=${bytes}:`]);
      assert.equal(code, 0);
    };
    const [reasons, after] = await runFaulty(t, source, { input }, { limited });
    const { user, invalid_signature: forged, token_too_large: long, ...faults } = reasons;
    assert.deepEqual(
      [user, forged, long],
      [2, 1, 2].map((n, i) => n * 20 * ROUNDS + (i ? 0 : 2)),
    );
    // The keys of the first, and its introspection; the metadata of the second.
    const expected = ['response_too_large', 'unreadable_response'];
    assert.deepEqual(Object.keys(faults).sort(), expected, JSON.stringify(faults));
    assert.deepEqual(after, { value: 'user' });
  });
});
