'use strict';

// Twenty worker threads, validating all the while, each terminated at some moment and another one put
// in its place. In a process of its own: what is looked for is a crash.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');
const { seedOf } = require('../support/random.js');
const { tally } = require('../support/tally.js');

const LONG = process.env.SOAK === 'long';
const TERMINATIONS = LONG ? 500 : 60;
const AT_A_TIME = 20;
/** For forty workers and for three hundred alike. */
const MOST_GROWTH_MIB = 100;

describe('worker threads', () => {
  it(`${AT_A_TIME} at a time are terminated under load, ${TERMINATIONS} times`, async (t) => {
    const tenant = await startTenant(t);
    const slow = await startTenant(t);
    slow.on('discovery', (request, response, right) => setTimeout(right, 30, request, response));
    slow.on('jwks', () => {});
    const jwks = await (await fetch(`${tenant.origin}/jwks`)).json();
    const seed = seedOf({ long: LONG });
    console.log(`SEED=${seed}`);
    const input = {
      options: tenant.options(tenant.credentials),
      slow: slow.issuer,
      jwks,
      good: [tenant.token(), tenant.token({ sub: 'other' })],
      bad: [
        tenant.token({ exp: 1 }),
        tenant.token({ aud: 'urn:other' }),
        tenant.token().slice(0, -4),
        tenant.sign(tenant.claims(), { kid: 'unknown' }),
      ],
      seed,
      terminations: TERMINATIONS,
      atATime: AT_A_TIME,
      longest: 1000,
    };
    const timeout = LONG ? 600_000 : 120_000;
    const options = { input, flags: ['--expose-gc'], timeout };
    const result = await runScript('process/programs/terminating.js', options);
    const [{ first, last, before, codes, failures, judged }] = result.said;
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    assert.ok(result.lingered < 6000, `lingered for ${result.lingered} ms`);
    assert.deepEqual(failures, []);
    assert.equal((codes[0] ?? 0) + (codes[1] ?? 0), TERMINATIONS, JSON.stringify(codes));
    assert.ok(judged.validations > 100, 'validations in the main thread');
    assert.deepEqual([judged.acceptedWrongly, judged.refusedWrongly], [0, 0]);
    assert.ok(last.threads <= before.threads, `threads: ${before.threads}, then ${last.threads}`);
    assert.ok(
      last.descriptors <= before.descriptors,
      `descriptors: ${before.descriptors}, then ${last.descriptors}`,
    );
    const grown = (last.rss - first.rss) / 2 ** 20;
    console.log(
      `${TERMINATIONS} terminations, ${judged.validations} validations beside them; ` +
        `${last.threads} threads, ${last.descriptors} descriptors, ${grown.toFixed(1)} MiB more`,
    );
    // The heaps of twenty threads come and go; what a worker leaves behind adds up.
    assert.ok(grown < MOST_GROWTH_MIB, `${grown.toFixed(1)} MiB more`);
    const { validations: inputs, ...wrong } = judged;
    tally('worker threads', { inputs, ...wrong });
  });

  it('alone load the addon, one after the other, and the process goes on', async (t) => {
    const tenant = await startTenant(t);
    // The thread that waits for the network outlives each, and must not be left without its code.
    const waiting = [];
    tenant.on('introspection', (request, response, right) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        if (body.includes('never')) waiting.push(() => right(request, response));
        else right(request, response);
      });
    });
    tenant.on('other', (request, response, right) => {
      for (const release of waiting.splice(0)) release();
      right(request, response);
    });
    const input = { options: tenant.options(tenant.credentials) };
    const program = 'process/programs/one-worker-at-a-time.js';
    const { code, signal, said, stderr } = await runScript(program, { input });
    assert.deepEqual([code, signal], [0, null], stderr);
    assert.deepEqual(said, Array(8).fill('user'));
  });
});
