'use strict';

// A proxy in between that forgets idle connections, and HTTP/2, which the built-in client does not speak and a
// caller's `fetcher` or API may: its GOAWAY ends a connection in the midst of requests.

const http = require('node:http');
const http2 = require('node:http2');
const net = require('node:net');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { protectApi } = require('@monocloud/backend-node/fastify');
const { createCa, createServerCert } = require('../support/certs.js');
const { startTenant } = require('../support/guarded.js');
const { isHttpError, outcomeOf, runFaulty, untilAccepted } = require('./support.js');

/** A tunnel whose connections `forget(how)` drops: it tells neither side, or resets when bytes come. */
async function startTunnel(t) {
  const pairs = new Set();
  const proxy = http.createServer();
  proxy.on('connect', (request, socket) => {
    const { port } = new URL(`http://${request.url}`);
    const onward = net.connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward);
      onward.pipe(socket);
    });
    pairs.add([socket, onward]);
    for (const each of [socket, onward]) each.on('error', () => {});
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(async () => {
    const closed = new Promise((resolve) => proxy.close(resolve));
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    count: () => pairs.size,
    forget(how) {
      for (const [socket, onward] of pairs) {
        socket.unpipe(onward);
        onward.unpipe(socket);
        socket.removeAllListeners('data').resume();
        onward.destroy();
        if (how === 'reset')
          socket.once('data', () => (socket.resetAndDestroy ?? socket.destroy).call(socket));
      }
    },
  };
}

describe('a proxy in between', () => {
  const ca = createCa();

  for (const [how, fails] of [
    ['reset', false],
    ['silence', true],
  ]) {
    it(`that drops idle connections (${how}) costs ${fails ? 'one request its time' : 'no request'}`, async (t) => {
      const tenant = await startTenant(t, { tls: createServerCert(ca) });
      const tunnel = await startTunnel(t);
      const tls = { ca: ca.cert };
      const input = {
        options: tenant.options({ ...tenant.credentials, tls, responseTimeout: 1000 }),
        token: tenant.token(),
      };
      const env = { HTTPS_PROXY: tunnel.url, NO_PROXY: '' };
      const forgotten = () => tunnel.forget(how);
      const said = await runFaulty(
        t,
        'faults/programs/idle-connections.js',
        { input, env },
        { forgotten },
      );
      const [first, second, took, ...others] = said;
      assert.deepEqual([first, ...others], Array(3).fill({ value: 'user' }));
      if (fails) isHttpError(second, ['timeout']);
      else assert.deepEqual(second, { value: 'user' });
      assert.ok(took < 5000, `took ${took} ms`);
      assert.ok(tunnel.count() > 1);
    });
  }
});

describe('HTTP/2', () => {
  const ca = createCa();
  const { cert, key } = createServerCert(ca);

  /** A server of HTTP/2 that passes everything on to the tenant's functions. */
  async function startFront(t, handler, options) {
    const server = http2.createSecureServer({ cert, key, ...options }, handler);
    const sessions = new Set();
    server.on('session', (session) => {
      sessions.add(session);
      session.on('error', () => {});
      session.on('close', () => sessions.delete(session));
    });
    const sockets = [];
    server.on('secureConnection', (socket) => sockets.push(socket));
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of [...sessions, ...sockets]) socket.destroy();
      await closed;
    });
    return { origin: `https://127.0.0.1:${server.address().port}`, sessions };
  }

  it('alone is no tenant for the built-in client; with HTTP/1.1 beside it, it is one', async (t) => {
    for (const allowHTTP1 of [false, true]) {
      const tenant = await startTenant(t);
      const [answer] = tenant.server.listeners('request');
      const front = await startFront(t, answer, { allowHTTP1 });
      tenant.issuer = front.origin;
      tenant.jwksUri = `${front.origin}/jwks`;
      const client = new MonoCloudBackendNodeClient(tenant.options({ tls: { ca: ca.cert } }));
      const judged = await outcomeOf(client, tenant.token());
      if (allowHTTP1) assert.deepEqual(judged, { value: 'user' });
      else isHttpError(judged, ['tls_failed', 'connection_lost']);
    }
  });

  it("whose GOAWAY ends a fetcher's session fails what was under way, and no more", async (t) => {
    const tenant = await startTenant(t);
    const [answer] = tenant.server.listeners('request');
    const front = await startFront(t, answer);
    tenant.issuer = front.origin;
    tenant.jwksUri = `${front.origin}/jwks`;
    let session;
    const fetcher = async (url, { method, headers, body, signal }) => {
      if (!session || session.closed || session.destroyed) {
        session = http2.connect(front.origin, { ca: ca.cert });
        session.on('error', () => {});
      }
      const own = Object.fromEntries(new Headers(headers));
      const stream = session.request(
        { ...own, ':path': new URL(url).pathname, ':method': method ?? 'GET' },
        { signal },
      );
      stream.end(body ? String(body) : undefined);
      const [head] = await once(stream, 'response');
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      return new Response(Buffer.concat(chunks), {
        status: head[':status'],
        headers: { 'content-type': head['content-type'] },
      });
    };
    t.after(() => session?.destroy());
    const client = new MonoCloudBackendNodeClient(
      tenant.options({ ...tenant.credentials, fetcher, responseTimeout: 2000 }),
    );
    assert.deepEqual(await outcomeOf(client, tenant.token()), { value: 'user' });

    // Under way: the streams are refused, as by a server that restarts.
    const asked = tenant.requests.introspection;
    tenant.on('introspection', () => {});
    const failing = Array.from({ length: 10 }, (_, i) => outcomeOf(client, `opaque ${i}`));
    while (tenant.requests.introspection < asked + 10) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const each of front.sessions) {
      each.goaway(http2.constants.NGHTTP2_NO_ERROR, 1);
      each.destroy();
    }
    for (const failure of await Promise.all(failing)) isHttpError(failure);

    // Idle: the next request opens another session.
    tenant.on('introspection');
    await untilAccepted(client, 'opaque');
    for (const each of front.sessions) each.goaway();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await untilAccepted(client, 'another');
  });

  it('whose GOAWAY meets an API amid validations ends no process', async (t) => {
    const tenant = await startTenant(t);
    let asked = 0;
    let release;
    const open = new Promise((resolve) => {
      release = resolve;
    });
    tenant.on('introspection', async (request, response, right) => {
      asked += 1;
      await open;
      right(request, response);
    });
    const app = require('fastify')({ http2: true, https: { cert, key } });
    const served = [];
    const protect = protectApi(tenant.options(tenant.credentials));
    app.get('/', { onRequest: protect() }, async (request) => {
      served.push(request.claims.sub);
      return { sub: request.claims.sub };
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const clients = [];
    t.after(async () => {
      // It would wait for them.
      for (const session of clients) session.destroy();
      await app.close();
    });
    const origin = `https://127.0.0.1:${app.server.address().port}`;
    const connect = () => {
      const session = http2.connect(origin, { ca: ca.cert });
      session.on('error', () => {});
      clients.push(session);
      return session;
    };
    const ask = (session, token) => {
      const stream = session.request({ ':path': '/', authorization: `Bearer ${token}` });
      stream.on('error', () => {});
      stream.resume();
      return stream;
    };
    const leaving = connect();
    for (let i = 0; i < 10; i += 1) ask(leaving, `opaque-${i}`);
    while (asked < 10) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.goaway(http2.constants.NGHTTP2_INTERNAL_ERROR);
    leaving.destroy();
    release();
    const stream = ask(connect(), tenant.token());
    const [headers] = await once(stream, 'response', { signal: AbortSignal.timeout(10_000) });
    assert.equal(headers[':status'], 200);
    assert.deepEqual([...new Set(served)], ['user']);
  });
});
