'use strict';

// The native HTTP client in a network that swallows packets, and with many callers at once.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const { spawn } = require('node:child_process');
const { once } = require('node:events');

const { listenExpress } = require('../support/http.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { protectApi } = require('@monocloud/backend-node/express');
const { start } = require('./support.js');

/** Resolves once `holds()` does, and fails if it never does. */
async function until(holds, what) {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a connection', () => {
  it('that nobody accepts is given up after 2 s', {
    skip: os.platform() !== 'linux',
  }, async (t) => {
    // A process that is stopped accepts nothing: once its queue is full, the system drops what comes.
    const source = `
      const server = require('node:net').createServer();
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        process.stdout.write(server.address().port + '\\n');
      });`;
    const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const [line] = await once(child.stdout, 'data');
    const port = Number(line);
    child.kill('SIGSTOP');
    const fillers = [];
    t.after(() => {
      for (const socket of fillers) socket.destroy();
    });
    for (let full = false; !full; ) {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => {});
      fillers.push(socket);
      full = await Promise.race([
        once(socket, 'connect').then(() => false),
        new Promise((resolve) => setTimeout(resolve, 300, true)),
      ]);
      assert.ok(fillers.length < 100, 'the queue never fills');
    }

    const client = new MonoCloudBackendNodeClient({
      tenantDomain: `http://127.0.0.1:${port}`,
      audience: 'https://api.example.com',
    });
    const tenant = await start(t);
    const begin = process.hrtime.bigint();
    const error = await client.validateAccessToken(tenant.token()).catch((caught) => caught);
    const took = Number(process.hrtime.bigint() - begin) / 1e6;
    assert.equal(error.name, 'MonoCloudHttpError');
    assert.equal(error.reason, 'connection_failed');
    assert.ok(took > 1900 && took < 9000, `given up after ${took} ms`);
  });

  it('is kept and used again', async (t) => {
    const tenant = await start(t);
    const client = new MonoCloudBackendNodeClient(
      tenant.options({ ...tenant.credentials, metadataCacheDuration: 0, jwksCacheDuration: 0 }),
    );
    for (let i = 0; i < 20; i += 1) {
      assert.ok(await client.validateAccessToken(tenant.token()));
      assert.ok(await client.validateAccessToken(`opaque-${i}`));
    }
    assert.equal(tenant.requests.introspection, 20);
    assert.equal(tenant.sockets.length, 1);
  });
});

describe('2,000 requests at once', () => {
  const MANY = 2000;

  /** Holds the discovery document back until the test lets it go. */
  function hold(tenant) {
    const gate = {};
    const open = new Promise((resolve) => {
      gate.open = resolve;
    });
    tenant.on('discovery', async (request, response, right) => {
      await open;
      right(request, response);
    });
    return gate;
  }

  it('to a client that knows nothing yet are one for discovery and one for keys', async (t) => {
    const tenant = await start(t);
    const gate = hold(tenant);
    const client = new MonoCloudBackendNodeClient(tenant.options());
    const tokens = Array.from({ length: 20 }, (_, i) => tenant.token({ sub: `user-${i}` }));
    const waiting = Array.from({ length: MANY }, (_, i) =>
      client.validateAccessToken(tokens[i % tokens.length]),
    );
    await until(() => tenant.requests.discovery > 0, 'discovery');
    gate.open();
    const claims = await Promise.all(waiting);
    assert.ok(claims.every(({ sub }, i) => sub === `user-${i % tokens.length}`));
    assert.equal(new Set(claims).size, MANY, 'each with claims of its own');
    assert.deepEqual(tenant.requests, { discovery: 1, jwks: 1, introspection: 0, other: 0 });
    assert.equal(tenant.sockets.length, 1);
  });

  it('to an API over as many sockets are the same, and all are answered', async (t) => {
    const tenant = await start(t);
    const gate = hold(tenant);
    let arrived = 0;
    const tokenResolver = () => {
      arrived += 1;
    };
    const app = require('express')();
    app.get('/', protectApi(tenant.options({ tokenResolver }))(), (request, response) => {
      response.json({ sub: request.claims.sub });
    });
    const api = await listenExpress(app);
    t.after(() => api.close());
    const token = tenant.token();
    const agent = new http.Agent({ maxSockets: MANY });
    t.after(() => agent.destroy());
    const ask = () =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}` };
        const request = http.get(api.url, { agent, headers }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode));
        });
        request.on('error', reject);
      });
    const waiting = [];
    while (waiting.length < MANY) {
      // No more at once than the server's backlog takes: the system resets the others.
      for (let i = 0; i < 200 && waiting.length < MANY; i += 1) waiting.push(ask());
      await until(() => arrived === waiting.length, `all requests; ${arrived} came`);
    }
    gate.open();
    const statuses = await Promise.all(waiting);
    assert.deepEqual([...new Set(statuses)], [200]);
    assert.deepEqual(tenant.requests, { discovery: 1, jwks: 1, introspection: 0, other: 0 });
  });

  it('that all fail fail as one, and the next is well again', async (t) => {
    const tenant = await start(t);
    const client = new MonoCloudBackendNodeClient(tenant.options());
    const token = tenant.token();
    let release;
    const open = new Promise((resolve) => {
      release = resolve;
    });
    tenant.on('jwks', async (request) => {
      await open;
      request.socket.destroy();
    });
    const waiting = Array.from({ length: MANY }, () => client.validateAccessToken(token));
    await until(() => tenant.requests.jwks > 0, 'jwks');
    release();
    const settled = await Promise.allSettled(waiting);
    const reasons = new Set(settled.map(({ reason }) => reason?.reason));
    assert.deepEqual([...reasons], ['connection_lost']);
    assert.equal(
      new Set(settled.map(({ reason }) => reason)).size,
      MANY,
      'each an error of its own',
    );
    // Whoever came after the failure may have caused one more; two thousand did not.
    assert.ok(tenant.requests.jwks <= 5, `${tenant.requests.jwks} requests`);
    assert.equal(tenant.requests.discovery, 1);
    tenant.on('jwks');
    let claims;
    for (const deadline = Date.now() + 15_000; claims === undefined && Date.now() < deadline; ) {
      // The tenant is left alone for a moment first.
      await new Promise((resolve) => setTimeout(resolve, 50));
      claims = await client.validateAccessToken(token).catch(() => undefined);
    }
    assert.equal(claims?.sub, 'user');
  });
});
