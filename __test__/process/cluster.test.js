'use strict';

// `node:cluster` with four workers that share a port: each is a process of its own with keys of its own.
// One that is killed amid its requests takes nobody else with it, and all end when they are told to.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { root, runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');

const WORKERS = 4;

// A worker is a file: `cluster.fork()` runs the file that called it.
const WORKER = `
  const { root, options } = JSON.parse(process.env.CLUSTER_INPUT);
  const { protectApi } = require(root + '/js/express/index.js');
  const app = require(root + '/node_modules/express')();
  app.get('/', protectApi(options)({ scopes: ['posts:read'] }), (request, response) => {
    response.json({ sub: request.claims.sub, pid: process.pid });
  });
  // One request each, so that they are spread over the workers.
  app.listen(0, '127.0.0.1', function () { this.keepAliveTimeout = 1; });`;

const PRIMARY = `
  const cluster = require('node:cluster');
  const { once } = require('node:events');
  const http = require('node:http');
  // In its turn: the system's own way gives most requests to one worker.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: input.file, execArgv: [] });
  const env = { CLUSTER_INPUT: JSON.stringify(input) };
  const fork = async () => {
    const worker = cluster.fork(env);
    const [address] = await once(worker, 'listening');
    return { worker, port: address.port };
  };
  const forked = await Promise.all(Array.from({ length: input.workers }, fork));
  const [{ port }] = forked;
  const ask = (token, patience) => new Promise((resolve) => {
    const headers = { authorization: 'Bearer ' + token };
    const request = http.get({ host: '127.0.0.1', port, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => { body += chunk; });
      response.on('end', () => resolve({ status: response.statusCode, ...JSON.parse(body) }));
      response.on('error', () => resolve({ status: 0 }));
    });
    request.on('error', () => resolve({ status: 0 }));
    // Node.js itself forgets a connection that was on its way to a worker that is no more.
    request.setTimeout(patience, () => request.destroy(new Error('no answer')));
  });
  const all = (count, patience = 20_000) => Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const good = i % 2 === 0;
      const { status, pid } = await ask(good ? input.token : input.expired, patience);
      return { status, pid, expected: good ? 200 : 401 };
    }),
  );

  const first = await all(200);
  say({ wrong: first.filter(({ status, expected }) => status !== expected) });
  say(new Set(first.map(({ pid }) => pid).filter(Boolean)).size);

  // Killed under load: what it had in hand is lost, and nothing else.
  const { worker: victim } = forked.pop();
  const gone = once(victim, 'exit');
  const amid = all(200, 4000);
  victim.process.kill('SIGKILL');
  await gone;
  forked.push(await fork());
  const answered = (await amid).filter(({ status }) => status !== 0);
  say({ wrong: answered.filter(({ status, expected }) => status !== expected) });
  say(answered.length > 100);

  const second = await all(200);
  say({ wrong: second.filter(({ status, expected }) => status !== expected) });
  const exits = forked.map(({ worker }) => once(worker, 'exit'));
  await new Promise((resolve) => cluster.disconnect(resolve));
  say(await Promise.all(exits));`;

describe('cluster', () => {
  it('with four workers validates, survives the loss of one, and ends', async (t) => {
    const tenant = await startTenant(t);
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-cluster-'));
    t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
    const file = path.join(directory, 'worker.js');
    fs.writeFileSync(file, WORKER);
    const input = {
      file,
      root,
      workers: WORKERS,
      options: tenant.options(),
      token: tenant.token(),
      expired: tenant.token({ exp: 1 }),
    };
    const { code, signal, said, stderr, lingered } = await runScript(PRIMARY, { input });
    assert.deepEqual([code, signal], [0, null], stderr);
    const none = { wrong: [] };
    const exits = Array(WORKERS).fill([0, null]);
    assert.deepEqual(said, [none, WORKERS, none, true, none, exits]);
    assert.ok(lingered < 5000, `lingered for ${lingered} ms`);
    // One set of keys for each process.
    assert.equal(tenant.requests.jwks, WORKERS + 1);
  });
});
