'use strict';

// Contract §5: how connections to the introspection endpoint are kept, used again and replaced.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { MonoCloudHttpError } = require('@monocloud/backend-node');
const { createCa, createServerCert } = require('../support/certs.js');
const { assertClean, failureOf } = require('../support/introspection.js');
const {
  CREDENTIALS,
  TOKEN,
  answering,
  answeringJson,
  clientOf,
  publish,
  startTenant,
} = require('./support.js');

/** Node.js 18.0 can't reset, and no TLS socket can. */
function endSocket(socket, how) {
  if (how === 'resetAndDestroy' && (socket.encrypted || !socket.resetAndDestroy)) socket.destroy();
  else socket[how]();
}

describe('connections', () => {
  /** A tenant whose introspection endpoint is a server of its own: its connections are counted. */
  async function startPair(t, { tls, options } = {}) {
    const tenant = await startTenant(t);
    const endpoint = await startTenant(t, { tls });
    publish(tenant, { introspection_endpoint: `${endpoint.origin}/introspect` });
    const right = (request, response) =>
      answeringJson({ active: true, ...tenant.claims() })(request, response);
    endpoint.on('introspection', right);
    const client = clientOf(tenant, options);
    await client.getMetadata();
    return { tenant, endpoint, right, client };
  }

  const ca = createCa();
  const secure = { tls: createServerCert(ca), options: { tls: { ca: ca.cert } } };

  for (const [kind, more] of [
    ['http', {}],
    ['https', secure],
  ]) {
    it(`are kept and used again over ${kind}`, async (t) => {
      const { endpoint, client } = await startPair(t, more);
      for (let n = 0; n < 50; n += 1) await client.validateAccessToken(`token ${n}`);
      assert.equal(endpoint.requests.introspection, 50);
      assert.equal(endpoint.sockets.length, 1);
      const wave = () =>
        Promise.all(Array.from({ length: 20 }, (_, n) => client.validateAccessToken(`wave ${n}`)));
      for (let round = 0; round < 5; round += 1) await wave();
      assert.equal(endpoint.requests.introspection, 150);
      // A connection that is still being made may be overtaken by one that has become free.
      assert.ok(endpoint.sockets.length <= 45, `${endpoint.sockets.length} connections`);
    });

    it(`that turn out dead over ${kind} cost a second request and no failure`, async (t) => {
      const { endpoint, right, client } = await startPair(t, more);
      const used = new Map();
      let destroyed = 0;
      endpoint.on('introspection', (request, response) => {
        const times = (used.get(request.socket) ?? 0) + 1;
        used.set(request.socket, times);
        if (times === 1) return right(request, response);
        destroyed += 1;
        return request.socket.destroy();
      });
      for (let n = 0; n < 10; n += 1) {
        assert.equal((await client.validateAccessToken(`token ${n}`)).sub, 'user');
      }
      assert.ok(destroyed > 0);
      assert.equal(endpoint.requests.introspection, 10 + destroyed);
      assert.equal(endpoint.sockets.length, used.size);
    });

    it(`all of which turn out dead at once over ${kind} cost no failure either`, async (t) => {
      const { endpoint, right, client } = await startPair(t, more);
      const known = new Set();
      const dead = new Set();
      endpoint.on('introspection', async (request, response) => {
        if (dead.has(request.socket)) return request.socket.destroy();
        known.add(request.socket);
        // Long enough for all of a wave to be under way, each with a connection.
        await sleep(100);
        return right(request, response);
      });
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.allSettled(
          Array.from({ length: 30 }, (_, n) => client.validateAccessToken(`${round} ${n}`)),
        );
        const failed = answers.filter(({ status }) => status !== 'fulfilled');
        assert.deepEqual(
          failed.map(({ reason }) => reason.message),
          [],
          `round ${round}`,
        );
        for (const socket of known) dead.add(socket);
      }
    });

    it(`that the tenant has closed in the meantime over ${kind} cost no failure`, async (t) => {
      const { endpoint, client } = await startPair(t, more);
      for (const end of ['destroy', 'end', 'resetAndDestroy']) {
        for (const pause of [0, 1, 20]) {
          assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
          for (const socket of endpoint.sockets) endSocket(socket, end);
          if (pause > 0) await sleep(pause);
          assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user', `${end} ${pause}`);
        }
      }
    });

    it(`that fail without an answer when they are new over ${kind} are not tried again`, async (t) => {
      const { endpoint, client } = await startPair(t, more);
      for (const end of ['destroy', 'end', 'resetAndDestroy']) {
        const { introspection } = endpoint.requests;
        const sockets = endpoint.sockets.length;
        endpoint.on('introspection', ({ socket }) => endSocket(socket, end));
        const error = await failureOf(() => client.validateAccessToken(TOKEN));
        assert.ok(error instanceof MonoCloudHttpError, error.stack);
        assert.equal(error.reason, 'connection_lost');
        assert.equal(error.status, undefined);
        assertClean(error, [TOKEN, CREDENTIALS.clientSecret]);
        assert.equal(endpoint.requests.introspection, introspection + 1, end);
        assert.equal(endpoint.sockets.length, sockets + 1, end);
      }
    });
  }

  it('that turn out dead are tried again once, and that is all', async (t) => {
    const { endpoint, client } = await startPair(t);
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    endpoint.on('introspection', ({ socket }) => socket.destroy());
    const error = await failureOf(() => client.validateAccessToken(TOKEN));
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'connection_lost');
    assert.equal(endpoint.requests.introspection, 3);
    assert.equal(endpoint.sockets.length, 2);
  });

  it('that are kept and whose answer breaks off are not tried again', async (t) => {
    const { endpoint, right, client } = await startPair(t);
    const breaking = {
      'reset amid its body': (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        const { socket } = response;
        response.write('{"active":true,', () => endSocket(socket, 'resetAndDestroy'));
      },
      'closed after its head': (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.flushHeaders();
        setTimeout(() => response.socket.destroy(), 20);
      },
    };
    for (const [what, fault] of Object.entries(breaking)) {
      endpoint.on('introspection', right);
      assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
      const { introspection } = endpoint.requests;
      const sockets = endpoint.sockets.length;
      endpoint.on('introspection', fault);
      const error = await failureOf(() => client.validateAccessToken(TOKEN));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.equal(error.reason, 'connection_lost', what);
      assert.equal(endpoint.requests.introspection, introspection + 1, what);
      assert.equal(endpoint.sockets.length, sockets, what);
    }
  });

  it('that are kept and answer what is no HTTP are not tried again', async (t) => {
    const { endpoint, client } = await startPair(t);
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    endpoint.on('introspection', ({ socket }) => socket.end('220 smtp.example.com\r\n'));
    const error = await failureOf(() => client.validateAccessToken(TOKEN));
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'connection_lost');
    assert.equal(endpoint.requests.introspection, 2, 'an answer came, if not a good one');
  });

  it('whose answers are refusals or never come are not tried again', async (t) => {
    const { endpoint, right, client } = await startPair(t, { options: { responseTimeout: 1000 } });
    for (const [fault, status, reason] of [
      [answering(500, ''), 500, 'unexpected_status'],
      [answering(503, ''), 503, 'unexpected_status'],
      [answering(408, ''), 408, 'unexpected_status'],
      [answering(429, ''), 429, 'unexpected_status'],
      [answering(200, 'x'), 200, 'unreadable_response'],
      [() => {}, undefined, 'timeout'],
    ]) {
      endpoint.on('introspection', right);
      assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
      const { introspection } = endpoint.requests;
      endpoint.on('introspection', fault);
      const error = await failureOf(() => client.validateAccessToken(TOKEN));
      assert.equal(error.reason, reason);
      assert.equal(error.raw?.status, status);
      await sleep(20);
      assert.equal(endpoint.requests.introspection, introspection + 1, reason);
    }
  });

  it('to nobody are a MonoCloudHttpError', async (t) => {
    const { endpoint, client } = await startPair(t);
    await endpoint.close();
    const error = await failureOf(() => client.validateAccessToken(TOKEN));
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'connection_failed');
    endpoint.close = () => {};
  });

  it('that died while the process was frozen cost it no failed request', {
    skip: process.platform === 'win32',
  }, async (t) => {
    const { tenant, endpoint, right } = await startPair(t);
    endpoint.on('introspection', async (request, response) => {
      await sleep(50);
      right(request, response);
    });
    const options = JSON.stringify(tenant.options(CREDENTIALS));
    const child = spawn(
      process.execPath,
      [path.join(__dirname, 'programs', 'frozen-process.js'), options],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    t.after(() => child.kill('SIGKILL'));
    const [ready] = await once(child.stdout, 'data');
    assert.equal(String(ready).trim(), 'ready');
    child.kill('SIGSTOP');
    await sleep(100);
    for (const socket of [...endpoint.sockets, ...tenant.sockets]) socket.destroy();
    // It wakes up to a request and to the news of its connections at the same time.
    child.stdin.write('go\n');
    child.kill('SIGCONT');
    const [answers] = await once(child.stdout, 'data');
    assert.deepEqual(JSON.parse(String(answers)), Array(20).fill('ok'));
  });
});
