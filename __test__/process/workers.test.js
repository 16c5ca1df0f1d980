'use strict';

// Twenty worker threads, validating all the while, each terminated at some moment and another one put
// in its place. In a process of its own: what is looked for is a crash.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { root, runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');
const { seedOf } = require('../support/random.js');
const { tally } = require('../support/tally.js');

const LONG = process.env.SOAK === 'long';
const TERMINATIONS = LONG ? 500 : 60;
const AT_A_TIME = 20;
/** For forty workers and for three hundred alike. */
const MOST_GROWTH_MIB = 100;

/** What a worker does until it is ended: clients of every kind, and tokens of every kind. */
const WORKER = `
  const { workerData } = require('node:worker_threads');
  const { root, input } = workerData;
  const { MonoCloudBackendNodeClient } = require(root + '/js/index.js');
  const { createMemoryCache } = require(root + '/js/redis/index.js');
  const late = (value) => new Promise((resolve) => setTimeout(resolve, 5, value));
  const options = [
    {},
    { cache: createMemoryCache() },
    { cache: { get: () => late(), set: () => late(), delete: () => late() } },
    { fetcher: (url, init) => fetch(url, init) },
    { jwksResolver: () => late(input.jwks) },
    { fetcher: () => new Promise(() => {}) },
    { fetcher: () => late({ status: 500, headers: {}, text: async () => '' }) },
    { metadataResolver: () => new Promise(() => {}) },
    { tenantDomain: input.slow, responseTimeout: 1000 },
  ];
  // A stale set is fetched anew behind the requests: there is always something under way.
  const clients = options.map(
    (more) => new MonoCloudBackendNodeClient({ ...input.options, jwksCacheDuration: 0.02, ...more }),
  );
  for (const client of clients) {
    for (const token of [...input.good, ...input.bad, 'opaque']) {
      (async () => {
        for (;;) {
          await client.validateAccessToken(token).catch(() => {});
          await late();
        }
      })();
    }
  }`;

const MAIN = `
  const fs = require('node:fs');
  const { once } = require('node:events');
  const { Worker } = require('node:worker_threads');
  const { MonoCloudBackendNodeClient } = load('js/index.js');
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const count = (directory) => {
    try {
      return fs.readdirSync(directory).length;
    } catch {
      return 0;
    }
  };
  const held = () => ({ threads: count('/proc/self/task'), descriptors: count('/proc/self/fd') });
  const { next: random } = load('__test__/support/random.js').randomOf(input.seed);

  const client = new MonoCloudBackendNodeClient({ ...input.options, jwksCacheDuration: 0.05 });
  const judged = { validations: 0, acceptedWrongly: 0, refusedWrongly: 0 };
  const judge = async () => {
    for (const token of [...input.good, 'opaque']) {
      judged.validations += 1;
      await client.validateAccessToken(token).catch(() => { judged.refusedWrongly += 1; });
    }
    for (const token of input.bad) {
      judged.validations += 1;
      await client.validateAccessToken(token).then(() => { judged.acceptedWrongly += 1; }, () => {});
    }
  };
  await judge();

  const codes = {};
  const failures = [];
  let left = input.terminations;
  const slot = async () => {
    while (left > 0) {
      left -= 1;
      const worker = new Worker(input.worker, { eval: true, workerData: { root: input.root, input } });
      worker.on('error', (error) => failures.push(String(error.stack)));
      const exit = once(worker, 'exit');
      // Before it has begun, while it loads the addon, and amid its work.
      await pause(random() * input.longest);
      await worker.terminate();
      const [code] = await exit;
      codes[code] = (codes[code] ?? 0) + 1;
    }
  };
  const round = async (terminations) => {
    left = terminations;
    let busy = true;
    const judging = (async () => {
      while (busy) {
        await judge();
        await pause(5);
      }
    })();
    await Promise.all(Array.from({ length: input.atATime }, slot));
    busy = false;
    await judging;
  };
  const settled = async (before) => {
    for (const deadline = Date.now() + 20_000; ; await pause(50)) {
      globalThis.gc();
      const now = held();
      const back = now.threads <= before.threads && now.descriptors <= before.descriptors;
      if (back || Date.now() > deadline) return { ...now, rss: process.memoryUsage.rss() };
    }
  };

  const third = Math.ceil(input.terminations / 3);
  await round(third);
  // What a first worker leaves behind for good, a thread pool say, is there by now. Sockets of the
  // validations here are kept for a while: leave room for the two tenants'.
  const first = await settled({ threads: Infinity, descriptors: Infinity });
  // One of a pool's may come late, too. How many sockets are kept depends on how many requests were under
  // way at once, and that on what else the machine does; what is leaked, on how many were terminated.
  const sockets = Math.floor((input.terminations - third) / 3);
  const before = { threads: held().threads + 4, descriptors: first.descriptors + sockets };
  await round(input.terminations - third);
  const last = await settled(before);
  await judge();
  say({ first, last, before, codes, failures, judged });`;

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
      worker: WORKER,
      root,
      seed,
      terminations: TERMINATIONS,
      atATime: AT_A_TIME,
      longest: 1000,
    };
    const timeout = LONG ? 600_000 : 120_000;
    const result = await runScript(MAIN, { input, flags: ['--expose-gc'], timeout });
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
    const source = `
      const { once } = require('node:events');
      const { Worker } = require('node:worker_threads');
      const source = \`
        const { parentPort, workerData } = require('node:worker_threads');
        const { root, input } = workerData;
        const { MonoCloudBackendNodeClient } = require(root + '/js/index.js');
        const client = new MonoCloudBackendNodeClient(input.options);
        client.validateAccessToken('opaque').then(({ sub }) => parentPort.postMessage(sub));
        client.validateAccessToken('never').catch(() => {});\`;
      for (let round = 0; round < 8; round += 1) {
        const worker = new Worker(source, { eval: true, workerData: { root: input.root, input } });
        const [message] = await once(worker, 'message');
        say(message);
        await worker.terminate();
        // What it had asked for comes now, or not at all.
        await fetch(input.options.tenantDomain + '/release');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }`;
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
    const input = { options: tenant.options(tenant.credentials), root };
    const { code, signal, said, stderr } = await runScript(source, { input });
    assert.deepEqual([code, signal], [0, null], stderr);
    assert.deepEqual(said, Array(8).fill('user'));
  });
});
