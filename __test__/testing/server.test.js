'use strict';

// The test tenant as a server: bad HTTP, outages, and its end.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

const { createTestTenant } = require('../../js/testing/index.js');
const { basic, claimsOf, fetchJson, introspect, metadataOf } = require('./support.js');

// What comes back for bytes that no HTTP client would send.
function raw(tenant, bytes) {
  const { hostname, port } = new URL(tenant.tenantDomain);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding('latin1').setTimeout(5_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (text) => {
      answer += text;
      socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

let tenant;
before(async () => {
  tenant = await createTestTenant();
});

after(() => tenant.close());

describe('bad HTTP', () => {
  const post = async (body, headers = {}) => {
    const { introspection_endpoint: url } = await metadataOf(tenant);
    return fetchJson(url, { method: 'POST', body, headers });
  };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const pair = () =>
    `client_id=${tenant.clientId}&client_secret=${encodeURIComponent(tenant.clientSecret)}`;

  test('an unknown path: 404', async () => {
    for (const tail of [
      '/',
      '//',
      '/%',
      '/..',
      '/.well-known',
      '/%00',
      '/?a=/connect/introspect',
    ]) {
      assert.match(await raw(tenant, `GET ${tail} HTTP/1.1\r\nhost: x\r\n\r\n`), /^HTTP\/1.1 404 /);
    }
  });

  test('a wrong method: 405 with Allow', async () => {
    const { jwks_uri, introspection_endpoint } = await metadataOf(tenant);
    const get = await fetchJson(introspection_endpoint);
    assert.equal(get.status, 405);
    assert.equal(get.headers.get('allow'), 'POST');
    const put = await fetchJson(jwks_uri, { method: 'PUT', body: 'x' });
    assert.equal(put.status, 405);
    assert.equal(put.headers.get('allow'), 'GET, HEAD');
  });

  test('a query string and the absolute form are fine', async () => {
    const target = `${tenant.tenantDomain}/.well-known/openid-configuration?x=1`;
    assert.match(await raw(tenant, `GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`), /^HTTP\/1.1 200 /);
  });

  test('no token, an empty one, two of them, no form: 400 invalid_request', async () => {
    for (const [body, headers] of [
      [pair(), form],
      [`${pair()}&token=`, form],
      [`${pair()}&token=a&token=b`, form],
      [JSON.stringify({ token: 'a' }), { 'content-type': 'application/json' }],
      [Buffer.from('token=a'), {}],
      [`${pair()}&token=a`, { ...form, authorization: basic('a', 'b') }],
    ]) {
      const answer = await post(body, headers);
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error, 'invalid_request');
    }
  });

  test('a body over 64 KiB: 413, declared or chunked', async () => {
    const declared = await post(`${pair()}&token=${'a'.repeat(70_000)}`, form);
    assert.equal(declared.status, 413);
    const { introspection_endpoint: url } = await metadataOf(tenant);
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 20; i += 1) {
          controller.enqueue(new Uint8Array(4_096).fill(97));
        }
        controller.close();
      },
    });
    const chunked = await fetchJson(url, { method: 'POST', body, headers: form, duplex: 'half' });
    assert.equal(chunked.status, 413);
  });

  test('a body without end: 413, and the connection goes', async () => {
    const { hostname, port } = new URL(tenant.tenantDomain);
    const socket = net.connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.write(
      'POST /connect/introspect HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    // One byte more than the server reads. With more on its way a reset could overtake the answer.
    const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
    socket.write(`${chunk.repeat(16)}1\r\na\r\n`);
    await new Promise((resolve) => socket.once('close', resolve));
    assert.match(answer, /^HTTP\/1.1 413 /);
  });

  test('a client that hangs up in mid-body is no trouble', async () => {
    const { hostname, port } = new URL(tenant.tenantDomain);
    const socket = net.connect(Number(port), hostname);
    socket.write('POST /connect/introspect HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\ntok');
    await new Promise((resolve) => socket.write('en', resolve));
    socket.destroy();
    assert.equal((await introspect(tenant, { token: 'x' })).status, 200);
  });

  test('what is no HTTP at all: 4xx', async () => {
    const garbage = [
      '\0\0\0\0\r\n\r\n',
      'GET\r\n\r\n',
      'POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n',
    ];
    garbage.push(`GET / HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(40_000)}\r\n\r\n`);
    for (const bytes of garbage) {
      assert.match(await raw(tenant, bytes), /^HTTP\/1.1 4\d\d /);
    }
    assert.equal((await introspect(tenant, { token: 'x' })).status, 200);
  });
});

describe('the tenant', () => {
  test('clientOptions and env say the same', async () => {
    const fresh = await createTestTenant({
      audience: 'https://other.example',
      clientId: 'api',
      clientSecret: 'secret',
    });
    const { tenantDomain } = fresh;
    const options = {
      tenantDomain,
      audience: 'https://other.example',
      clientId: 'api',
      clientSecret: 'secret',
    };
    assert.deepEqual(fresh.clientOptions(), options);
    assert.deepEqual(fresh.clientOptions({ clockTolerance: 0, audience: 'x' }), {
      ...options,
      clockTolerance: 0,
      audience: 'x',
    });
    assert.deepEqual(fresh.env(), {
      MONOCLOUD_BACKEND_TENANT_DOMAIN: tenantDomain,
      MONOCLOUD_BACKEND_AUDIENCE: 'https://other.example',
      MONOCLOUD_BACKEND_CLIENT_ID: 'api',
      MONOCLOUD_BACKEND_CLIENT_SECRET: 'secret',
    });
    assert.equal(claimsOf(await fresh.issueToken()).aud, 'https://other.example');
    await fresh.close();
  });

  test('secrets differ from tenant to tenant, and printing one shows none', async () => {
    const other = await createTestTenant({ algorithms: ['ES256'] });
    assert.notEqual(other.clientSecret, tenant.clientSecret);
    const shown = require('node:util').inspect(other, { depth: 9, showHidden: true });
    assert.ok(!shown.includes(other.clientSecret));
    await other.close();
  });

  const wrong = {
    'algorithms empty': { algorithms: [] },
    'algorithms with none': { algorithms: ['RS256', 'none'] },
    'algorithms as string': { algorithms: 'RS256' },
    'port -1': { port: -1 },
    'port 65536': { port: 65_536 },
    'port "80"': { port: '80' },
    'audience empty': { audience: '' },
    'clientId number': { clientId: 1 },
    'clientSecret null': { clientSecret: null },
    'a misspelt option': { clientID: 'x' },
  };
  for (const [name, options] of Object.entries(wrong)) {
    test(`${name} is a TypeError`, async () => {
      await assert.rejects(createTestTenant(options), TypeError);
    });
  }

  test('a port can be chosen; a taken one is the system error', async () => {
    const port = Number(new URL(tenant.tenantDomain).port);
    await assert.rejects(createTestTenant({ port }), { code: 'EADDRINUSE' });
    const first = await createTestTenant({ algorithms: ['ES256'] });
    await first.close();
    const second = await createTestTenant({ port: Number(new URL(first.tenantDomain).port) });
    assert.equal(second.tenantDomain, first.tenantDomain);
    await second.close();
  });

  test('it refuses to run in production', async () => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    try {
      const start = createTestTenant();
      await assert.rejects(start, /refuses to run with NODE_ENV=production/);
    } finally {
      if (before === undefined) {
        delete process.env.NODE_ENV;
      } else {
        process.env.NODE_ENV = before;
      }
    }
  });

  test('close() ends kept-alive connections and may be called again', async () => {
    const fresh = await createTestTenant({ algorithms: ['ES256'] });
    const { hostname, port } = new URL(fresh.tenantDomain);
    const socket = net.connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write('GET /.well-known/openid-configuration HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await Promise.all([fresh.close(), fresh.close(), closed]);
    await fresh.close();
    await assert.rejects(fetch(fresh.tenantDomain));
    assert.equal(typeof (await fresh.issueToken()), 'string', 'tokens outlive the server');
  });

  test('Symbol.asyncDispose closes it', { skip: !Symbol.asyncDispose }, async () => {
    const fresh = await createTestTenant({ algorithms: ['ES256'] });
    await fresh[Symbol.asyncDispose]();
    await assert.rejects(fetch(fresh.tenantDomain));
  });

  test('import and require give one copy', async () => {
    const imported = await import('../../js/testing/index.mjs');
    assert.equal(imported.createTestTenant, createTestTenant);
    assert.deepEqual(Object.keys(imported), ['createTestTenant']);
  });

  async function run(program) {
    const child = spawn(process.execPath, [path.join(__dirname, 'programs', program)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const [code, signal] = await once(child, 'close');
    clearTimeout(timer);
    return { out, code, signal };
  }

  test('a forgotten one does not keep the process, nor do its connections', async () => {
    const { out, code } = await run('forgotten.js');
    assert.deepEqual({ out, code }, { out: '200 true\n', code: 0 });
  });

  test('ref() keeps the process until unref()', async () => {
    const { out, code } = await run('referenced.js');
    assert.deepEqual({ out, code }, { out: 'still here\n', code: 0 });
  });
});
