'use strict';

// The proxies of the environment: which requests they carry, and their failures.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');

const { createCa, createServerCert } = require('../support/certs.js');
const { runScript } = require('../support/child.js');
const { start } = require('./support.js');

describe('the proxies of the environment', () => {
  const ca = createCa();
  const HOST = 'tenant.test'; // RFC 6761: resolved by nobody, so only a proxy can reach it
  const script = `
    const { MonoCloudBackendNodeClient } = load('js/index.js');
    const client = new MonoCloudBackendNodeClient(input.options);
    say(await outcome(async () => (await client.validateAccessToken(input.token)).sub));`;

  /** A proxy for both kinds of request; whatever they ask for, it sends them to the tenant. */
  async function startProxy(t, tenant, refuse) {
    const { port } = tenant.server.address();
    const seen = { connect: [], forward: [], authorization: new Set() };
    const proxy = http.createServer((request, response) => {
      seen.forward.push(request.url);
      seen.authorization.add(request.headers['proxy-authorization']);
      if (refuse) return response.writeHead(refuse).end('{}');
      const { pathname } = new URL(request.url);
      const onward = http.get({ port, host: '127.0.0.1', path: pathname, agent: false });
      onward.on('response', (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      return onward;
    });
    const tunnels = new Set();
    proxy.on('connect', (request, socket) => {
      seen.connect.push(request.url);
      seen.authorization.add(request.headers['proxy-authorization']);
      socket.on('error', () => {});
      if (refuse) return socket.end(`HTTP/1.1 ${refuse} No\r\ncontent-length: 0\r\n\r\n`);
      const onward = net.connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      return tunnels.add(socket).add(onward);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    t.after(async () => {
      const closed = new Promise((resolve) => proxy.close(resolve));
      for (const socket of tunnels) socket.destroy();
      proxy.closeAllConnections();
      await closed;
    });
    seen.authority = `127.0.0.1:${proxy.address().port}`;
    seen.url = `http://${seen.authority}`;
    return seen;
  }

  const startHttps = (t, issuer) =>
    start(t, { tls: createServerCert(ca, { san: [`DNS:${HOST}`, 'IP:127.0.0.1'] }), issuer });

  /** What a process makes of a good token, and how it ended. */
  async function validateIn(env, tenant, more) {
    const tls = tenant.origin.startsWith('https:') ? { tls: { ca: ca.cert } } : {};
    const input = { options: tenant.options({ ...tls, ...more }), token: tenant.token() };
    const { said, code, stderr } = await runScript(script, { env, input });
    assert.equal(code, 0, stderr);
    return said[0];
  }

  for (const variable of ['HTTPS_PROXY', 'https_proxy']) {
    it(`carry https requests by CONNECT where ${variable} says so`, async (t) => {
      const tenant = await startHttps(t, `https://${HOST}`);
      const proxy = await startProxy(t, tenant);
      const outcome = await validateIn({ [variable]: proxy.url }, tenant);
      assert.deepEqual(outcome, { value: 'user' });
      assert.deepEqual([...new Set(proxy.connect)], [`${HOST}:443`]);
      assert.deepEqual(proxy.forward, []);
    });
  }

  for (const variable of ['HTTP_PROXY', 'http_proxy']) {
    it(`carry http requests by their absolute form where ${variable} says so`, async (t) => {
      const tenant = await start(t);
      const proxy = await startProxy(t, tenant);
      const outcome = await validateIn({ [variable]: proxy.url }, tenant);
      assert.deepEqual(outcome, { value: 'user' });
      assert.deepEqual(proxy.forward, [
        `${tenant.issuer}/.well-known/openid-configuration`,
        tenant.jwksUri,
      ]);
    });
  }

  it('are not asked for the other scheme', async (t) => {
    const secure = await startHttps(t);
    const plain = await start(t);
    const proxy = await startProxy(t, secure);
    assert.deepEqual(await validateIn({ HTTP_PROXY: proxy.url }, secure), { value: 'user' });
    assert.deepEqual(await validateIn({ HTTPS_PROXY: proxy.url }, plain), { value: 'user' });
    assert.deepEqual([...proxy.connect, ...proxy.forward], []);
  });

  it('are not those of ALL_PROXY, which Node.js never looked at', async (t) => {
    for (const tenant of [await startHttps(t), await start(t)]) {
      const proxy = await startProxy(t, tenant);
      const env = { ALL_PROXY: proxy.url, all_proxy: proxy.url };
      assert.deepEqual(await validateIn(env, tenant), { value: 'user' });
      assert.deepEqual([...proxy.connect, ...proxy.forward], []);
    }
  });

  for (const [what, exceptionFor] of [
    ['an address', () => '127.0.0.1'],
    ['an address in a list', () => 'example.com, 127.0.0.1'],
    ['a network', () => '127.0.0.0/8'],
    ['everything (*)', () => '*'],
    ['an address with its port', (tenant) => `127.0.0.1:${tenant.server.address().port}`],
  ]) {
    it(`are passed by where NO_PROXY names ${what}`, async (t) => {
      for (const tenant of [await startHttps(t), await start(t)]) {
        const proxy = await startProxy(t, tenant);
        for (const variable of ['NO_PROXY', 'no_proxy']) {
          const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
          const outcome = await validateIn({ ...env, [variable]: exceptionFor(tenant) }, tenant);
          assert.deepEqual(outcome, { value: 'user' });
          assert.deepEqual([...proxy.connect, ...proxy.forward], [], 'the proxy was asked');
        }
      }
    });
  }

  it('are passed by for a domain of NO_PROXY, and used for any other', async (t) => {
    const tenant = await startHttps(t, `https://${HOST}`);
    const proxy = await startProxy(t, tenant);
    for (const exception of [HOST, `.${HOST}`, 'test', '.test', '*']) {
      const outcome = await validateIn({ HTTPS_PROXY: proxy.url, NO_PROXY: exception }, tenant);
      // Without the proxy nobody knows where that is.
      assert.equal(outcome.reason, 'connection_failed', exception);
    }
    assert.deepEqual(proxy.connect, []);
    for (const exception of ['example.com', `not-${HOST}`, `${HOST}.example.com`, '']) {
      const outcome = await validateIn({ HTTPS_PROXY: proxy.url, NO_PROXY: exception }, tenant);
      assert.deepEqual(outcome, { value: 'user' }, exception);
    }
    assert.ok(proxy.connect.length > 0);
  });

  it('are passed by for the subdomains that NO_PROXY names with an asterisk', async (t) => {
    const tenant = await startHttps(t, `https://${HOST}`);
    const proxy = await startProxy(t, tenant);
    const outcome = await validateIn({ HTTPS_PROXY: proxy.url, NO_PROXY: '*.test' }, tenant);
    assert.equal(outcome.reason, 'connection_failed', JSON.stringify(outcome));
    assert.deepEqual(proxy.connect, []);
  });

  it('may be named without a scheme', async (t) => {
    const tenant = await startHttps(t, `https://${HOST}`);
    const proxy = await startProxy(t, tenant);
    const outcome = await validateIn({ HTTPS_PROXY: proxy.authority }, tenant);
    assert.deepEqual(outcome, { value: 'user' });
  });

  it('get the credentials of their address', async (t) => {
    const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    for (const tenant of [await startHttps(t, `https://${HOST}`), await start(t)]) {
      const proxy = await startProxy(t, tenant);
      const url = `http://user:p%40ss@${proxy.authority}`;
      const outcome = await validateIn({ HTTPS_PROXY: url, HTTP_PROXY: url }, tenant);
      assert.deepEqual(outcome, { value: 'user' });
      assert.deepEqual([...proxy.authorization], [basic]);
    }
  });

  it('that refuse us are an HTTP error that shows no password', async (t) => {
    for (const tenant of [await startHttps(t, `https://${HOST}`), await start(t)]) {
      for (const status of [407, 502]) {
        const proxy = await startProxy(t, tenant, status);
        const url = `http://user:hunter2@${proxy.authority}`;
        const outcome = await validateIn({ HTTPS_PROXY: url, HTTP_PROXY: url }, tenant);
        assert.equal(outcome.name, 'MonoCloudHttpError', JSON.stringify(outcome));
        assert.ok(!JSON.stringify(outcome).includes('hunter2'));
        assert.ok(proxy.connect.length + proxy.forward.length > 0);
      }
    }
  });

  it('that do not answer are an HTTP error', async (t) => {
    const tenant = await startHttps(t, `https://${HOST}`);
    const outcome = await validateIn({ HTTPS_PROXY: 'http://127.0.0.1:1' }, tenant);
    assert.equal(outcome.reason, 'connection_failed', JSON.stringify(outcome));
  });

  it('that are no address are a MonoCloudValidationError which does not show them', async (t) => {
    const tenant = await start(t);
    const outcome = await runScript(
      `const { MonoCloudBackendNodeClient } = load('js/index.js');
       say(await outcome(() => new MonoCloudBackendNodeClient(input)));`,
      { env: { HTTPS_PROXY: 'http://user:hunter2@:::' }, input: tenant.options() },
    );
    assert.equal(outcome.said[0].name, 'MonoCloudValidationError', outcome.stderr);
    assert.match(outcome.said[0].message, /HTTPS_PROXY/);
    assert.ok(!outcome.said[0].message.includes('hunter2'));
  });
});
