'use strict';

// One key set for the process (issue 4 of 7, item 1), on real threads and in real time. What needs
// hours or thousands is in tests/core/living_keys.rs.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const path = require('node:path');

const { MonoCloudBackendNodeClient } = require('../../js/index.js');
const { runScript } = require('../support/child.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');

const WORKER = path.join(__dirname, 'programs', 'waiting-validations.js');

async function tenantFor(t) {
  const tenant = await startFaultyTenant();
  t.after(() => tenant.close());
  return tenant;
}

function startWorker(tenant, times = 500) {
  const workerData = { options: tenant.options(), token: tenant.token(), times };
  return new Worker(WORKER, { workerData });
}

const slowly = (milliseconds) => (request, response, right) =>
  setTimeout(() => right(request, response), milliseconds);

test('2,000 requests in four worker threads cost one discovery and one JWKS request', async (t) => {
  const tenant = await tenantFor(t);
  tenant.on('discovery', slowly(300));
  tenant.on('jwks', slowly(300));
  const workers = Array.from({ length: 4 }, () => startWorker(tenant));
  const passed = await Promise.all(
    workers.map(async (worker) => (await once(worker, 'message'))[0]),
  );
  assert.deepEqual(passed, [500, 500, 500, 500]);
  assert.equal(tenant.requests.discovery, 1);
  assert.equal(tenant.requests.jwks, 1);
  await Promise.all(workers.map((worker) => worker.terminate()));
});

test('clients of one tenant share its keys; those with a fetcher keep their own', async (t) => {
  const tenant = await tenantFor(t);
  const token = tenant.token();
  const clients = Array.from({ length: 3 }, () => new MonoCloudBackendNodeClient(tenant.options()));
  for (const client of clients) await client.validateAccessToken(token);
  assert.equal(tenant.requests.jwks, 1);
  const own = new MonoCloudBackendNodeClient(tenant.options({ fetcher: fetch }));
  await own.validateAccessToken(token);
  assert.equal(tenant.requests.jwks, 2);
});

test('a worker that is terminated while its fetch is in flight takes nothing with it', async (t) => {
  const tenant = await tenantFor(t);
  tenant.on('jwks', slowly(500));
  const worker = startWorker(tenant, 1);
  while (tenant.requests.jwks === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const client = new MonoCloudBackendNodeClient(tenant.options());
  const waiting = client.validateAccessToken(tenant.token());
  await worker.terminate();
  assert.equal((await waiting).sub, 'user');
  assert.equal(tenant.requests.jwks, 1);
});

test('a process whose worker was terminated in mid-fetch ends by itself', async (t) => {
  const tenant = await tenantFor(t);
  tenant.on('jwks', slowly(1000));
  const input = {
    options: tenant.options(),
    token: tenant.token(),
    times: 5,
  };
  const { code, said, stderr, lingered } = await runScript('keys/programs/worker-terminated.js', {
    input,
  });
  assert.equal(code, 0, stderr);
  assert.deepEqual(said, ['user']);
  assert.ok(lingered < 8000, `${lingered} ms`);
});

test('a background refresh does not keep a process alive', async (t) => {
  const tenant = await tenantFor(t);
  const { code, lingered } = await runScript('keys/programs/refreshing.js', {
    input: { options: tenant.options(), token: tenant.token() },
  });
  assert.equal(code, 0);
  assert.ok(lingered < 8000, `${lingered} ms`);
});
