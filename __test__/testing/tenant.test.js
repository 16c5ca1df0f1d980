'use strict';

// The test tenant, over real HTTP. Signatures are checked with jose, which shares no line with it.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { createHash, webcrypto, X509Certificate } = require('node:crypto');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { createTestTenant } = require('../../js/testing/index.js');

const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const ENTRY = path.join(__dirname, '../../js/testing/index.js');
const CERTIFICATE = readFileSync(path.join(__dirname, '../fixtures/client.pem'), 'utf8');

const now = () => Math.floor(Date.now() / 1000);
const json = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
const headerOf = (token) => json(token.split('.')[0]);
const claimsOf = (token) => json(token.split('.')[1]);
const basic = (id, secret) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

async function fetchJson(url, init) {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const metadataOf = async (tenant) =>
  (await fetchJson(`${tenant.tenantDomain}/.well-known/openid-configuration`)).body;
const keysOf = async (tenant) => (await fetchJson((await metadataOf(tenant)).jwks_uri)).body.keys;

async function introspect(tenant, form, headers = {}) {
  const { introspection_endpoint: url } = await metadataOf(tenant);
  const credentials = { client_id: tenant.clientId, client_secret: tenant.clientSecret };
  const body = new URLSearchParams(headers.authorization ? form : { ...credentials, ...form });
  return fetchJson(url, { method: 'POST', body, headers });
}

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

let jose;
let tenant;
before(async () => {
  // jose asks for the global that Node 18 does not have yet.
  globalThis.crypto ??= webcrypto;
  jose = await import('jose');
  tenant = await createTestTenant();
});
after(() => tenant.close());

describe('documents', () => {
  test('discovery names the tenant domain as issuer, to the byte', async () => {
    const { status, headers, body } = await fetchJson(
      `${tenant.tenantDomain}/.well-known/openid-configuration`,
    );
    assert.equal(status, 200);
    assert.match(tenant.tenantDomain, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(body.issuer, tenant.tenantDomain);
    assert.equal(headers.get('content-type'), 'application/json');
    assert.equal(headers.get('cache-control'), 'no-cache');
    assert.deepEqual(body.introspection_endpoint_auth_methods_supported, [
      'client_secret_basic',
      'client_secret_post',
    ]);
  });

  test('the JWKS has one public key an algorithm, each with its own kid, from the start', async () => {
    const fresh = await createTestTenant();
    const { jwks_uri } = await metadataOf(fresh);
    const { status, headers, body } = await fetchJson(jwks_uri);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/jwk-set+json');
    assert.equal(headers.get('cache-control'), 'no-cache');
    assert.deepEqual(
      body.keys.map((key) => key.alg),
      ALGORITHMS,
    );
    assert.equal(new Set(body.keys.map((key) => key.kid)).size, ALGORITHMS.length);
    for (const key of body.keys) {
      assert.equal(key.use, 'sig');
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
        assert.ok(!(secret in key), `${key.alg} shows ${secret}`);
      }
    }
    await fresh.issueToken({ alg: 'PS384' });
    assert.deepEqual(await keysOf(fresh), body.keys);
    await fresh.close();
  });

  test('algorithms narrows it; the first one signs', async () => {
    const fresh = await createTestTenant({ algorithms: ['ES256', 'EdDSA', 'ES256'] });
    assert.deepEqual(
      (await keysOf(fresh)).map((key) => key.alg),
      ['ES256', 'EdDSA'],
    );
    assert.equal(headerOf(await fresh.issueToken()).alg, 'ES256');
    await assert.rejects(fresh.issueToken({ alg: 'RS256' }), {
      name: 'TypeError',
      message: '"alg" must be one of ES256, EdDSA',
    });
    await fresh.close();
  });

  test('HEAD is answered like GET, without a body', async () => {
    const url = `${tenant.tenantDomain}/.well-known/openid-configuration`;
    const response = await fetch(url, { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '');
  });

  test('requests are counted, in a copy that stays as it is', async () => {
    const fresh = await createTestTenant();
    const start = fresh.requests;
    const { jwks_uri } = await metadataOf(fresh);
    await fetchJson(jwks_uri);
    await fetchJson(jwks_uri);
    await introspect(fresh, { token: 'x' });
    assert.deepEqual(start, { discovery: 0, jwks: 0, introspection: 0 });
    assert.deepEqual(fresh.requests, { discovery: 2, jwks: 2, introspection: 1 });
    await fresh.close();
  });
});

describe('issueToken', () => {
  for (const alg of ALGORITHMS) {
    test(`${alg} is verified by jose through discovery and JWKS`, async () => {
      const token = await tenant.issueToken({ alg });
      const { jwks_uri, issuer } = await metadataOf(tenant);
      const { payload, protectedHeader } = await jose.jwtVerify(
        token,
        jose.createRemoteJWKSet(new URL(jwks_uri)),
        { issuer, audience: tenant.audience, algorithms: [alg], typ: 'at+jwt' },
      );
      assert.equal(protectedHeader.alg, alg);
      assert.equal(payload.sub, 'test-user');
      const again = headerOf(await tenant.issueToken({ alg }));
      assert.equal(again.kid, protectedHeader.kid, 'one key an algorithm');
      const keys = (await keysOf(tenant)).filter((key) => key.kid === again.kid);
      assert.deepEqual(
        keys.map((key) => key.alg),
        [alg],
      );
    });
  }

  test('many at once share the key, and nothing else', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tenant.issueToken()));
    assert.equal(new Set(tokens.map((token) => headerOf(token).kid)).size, 1);
    assert.equal(new Set(tokens.map((token) => claimsOf(token).jti)).size, 20);
  });

  test('the claims of RFC 9068 are there, and no others unasked', async () => {
    const token = await tenant.issueToken();
    const { alg, typ, kid, ...rest } = headerOf(token);
    assert.deepEqual({ alg, typ, rest }, { alg: 'RS256', typ: 'at+jwt', rest: {} });
    assert.equal(typeof kid, 'string');
    const { iat, exp, jti, ...claims } = claimsOf(token);
    assert.deepEqual(claims, {
      iss: tenant.tenantDomain,
      sub: 'test-user',
      aud: 'https://api.example.com',
      client_id: 'test-client',
    });
    assert.ok(Math.abs(iat - now()) <= 1);
    assert.equal(exp, iat + 300);
    assert.equal(typeof jti, 'string');
  });

  test('scopes, groups, subject, audience', async () => {
    const token = await tenant.issueToken({
      scopes: ['data:read', 'data:write'],
      groups: ['engineering', { id: 'g1', name: 'Group 1' }],
      subject: 'user-1',
      audience: ['https://one.example', 'https://two.example'],
    });
    const { scope, groups, sub, aud } = claimsOf(token);
    assert.equal(scope, 'data:read data:write');
    assert.deepEqual(groups, ['engineering', { id: 'g1', name: 'Group 1' }]);
    assert.equal(sub, 'user-1');
    assert.deepEqual(aud, ['https://one.example', 'https://two.example']);
    const none = claimsOf(await tenant.issueToken({ scopes: [], groups: [] }));
    assert.ok(!('scope' in none));
    assert.deepEqual(none.groups, []);
  });

  test('expiresIn counts seconds from now, also back', async () => {
    const fresh = claimsOf(await tenant.issueToken({ expiresIn: 60 }));
    assert.ok(Math.abs(fresh.exp - now() - 60) <= 1);
    const expired = claimsOf(await tenant.issueToken({ expiresIn: -3600 }));
    assert.ok(Math.abs(expired.exp - now() + 3600) <= 1);
    assert.ok(expired.iat <= expired.exp);
  });

  test('claims win over everything, and undefined removes', async () => {
    const token = await tenant.issueToken({
      scopes: ['data:read'],
      groups: ['engineering'],
      claims: {
        sub: undefined,
        scope: 'other',
        exp: 'never',
        groups: undefined,
        extra: { deep: [1] },
      },
    });
    const claims = claimsOf(token);
    assert.ok(!('sub' in claims) && !('groups' in claims));
    assert.equal(claims.scope, 'other');
    assert.equal(claims.exp, 'never');
    assert.deepEqual(claims.extra, { deep: [1] });
  });

  test('a claim named __proto__ is a claim', async () => {
    const token = await tenant.issueToken({ claims: JSON.parse('{"__proto__":{"admin":true}}') });
    const text = Buffer.from(token.split('.')[1], 'base64url').toString();
    assert.match(text, /"__proto__":\{"admin":true\}/);
  });

  test('header and kid can be anything, the signature is still that of alg', async () => {
    const token = await tenant.issueToken({
      alg: 'ES256',
      kid: 'nobody',
      header: { typ: 'logout+jwt', crit: ['b64'] },
    });
    const header = { alg: 'ES256', typ: 'logout+jwt', kid: 'nobody', crit: ['b64'] };
    assert.deepEqual(headerOf(token), header);
    const bare = headerOf(await tenant.issueToken({ header: { typ: undefined, kid: undefined } }));
    assert.deepEqual(bare, { alg: 'RS256' });
    const [key] = (await keysOf(tenant)).filter(({ alg }) => alg === 'ES256');
    const [head, payload, signature] = token.split('.');
    const verified = await webcrypto.subtle.verify(
      { name: 'ECDSA', hash: 'SHA-256' },
      await webcrypto.subtle.importKey('jwk', key, { name: 'ECDSA', namedCurve: 'P-256' }, false, [
        'verify',
      ]),
      Buffer.from(signature, 'base64url'),
      Buffer.from(`${head}.${payload}`),
    );
    assert.ok(verified);
  });

  test('certificate binds the token to its SHA-256 thumbprint (RFC 8705)', async () => {
    const { raw: der } = new X509Certificate(CERTIFICATE);
    const thumbprint = createHash('sha256').update(der).digest('base64url');
    const bound = await tenant.issueToken({ certificate: CERTIFICATE });
    assert.deepEqual(claimsOf(bound).cnf, { 'x5t#S256': thumbprint });
  });

  const wrong = {
    'alg none': [{ alg: 'none' }, /"alg" must be one of RS256, /],
    'alg HS256': [{ alg: 'HS256' }, /"alg" must be one of /],
    'alg of a prototype': [{ alg: 'toString' }, /"alg" must be one of /],
    'expiresIn NaN': [{ expiresIn: Number.NaN }, /"expiresIn" must be a finite number of seconds/],
    'expiresIn Infinity': [{ expiresIn: Number.POSITIVE_INFINITY }, /"expiresIn"/],
    'expiresIn "60"': [{ expiresIn: '60' }, /"expiresIn"/],
    'scopes as string': [{ scopes: 'data:read' }, /"scopes" must be an array/],
    'two scopes in one': [{ scopes: ['a b'] }, /"scopes"/],
    'groups as string': [{ groups: 'engineering' }, /"groups" must be an array/],
    'a group of nothing': [{ groups: [{}] }, /"groups"/],
    'claims as array': [{ claims: [] }, /"claims" must be an object/],
    'claims null': [{ claims: null }, /"claims" must be an object/],
    'header as string': [{ header: '{}' }, /"header" must be an object/],
    'kid as number': [{ kid: 1 }, /"kid" must be a non-empty string/],
    'subject empty': [{ subject: '' }, /"subject" must be a non-empty string/],
    'audience number': [{ audience: 1 }, /"audience" must be a non-empty string/],
    'a key for a certificate': [
      { certificate: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' },
      /^TypeError: "certificate" must be an X.509 certificate in PEM$/,
    ],
    'a misspelt option': [
      { scope: ['a'] },
      /issueToken\(\) has no option "scope"; it has .*scopes/,
    ],
    'a string': ['RS256', /"issueToken\(\) options" must be an object/],
  };
  for (const [name, [options, message]] of Object.entries(wrong)) {
    test(`${name} is a TypeError`, async () => {
      await assert.rejects(tenant.issueToken(options), (error) => {
        assert.ok(error instanceof TypeError);
        assert.match(String(error), message);
        return true;
      });
    });
  }
});

describe('rotateKeys', () => {
  test('new tokens name new keys; the old ones stay in the JWKS', async () => {
    const fresh = await createTestTenant({ algorithms: ['ES256', 'EdDSA'] });
    const old = await fresh.issueToken();
    await fresh.rotateKeys();
    const keys = await keysOf(fresh);
    const young = await fresh.issueToken();
    assert.notEqual(headerOf(young).kid, headerOf(old).kid);
    assert.equal(keys.length, 4);
    assert.equal(keys[0].kid, headerOf(young).kid, 'published before the first token');
    const jwks = jose.createLocalJWKSet({ keys });
    await jose.jwtVerify(old, jwks);
    await jose.jwtVerify(young, jwks);
    await fresh.close();
  });

  test('keepOld: false takes the old ones away', async () => {
    const fresh = await createTestTenant({ algorithms: ['ES256'] });
    const old = await fresh.issueToken();
    await fresh.rotateKeys();
    await fresh.rotateKeys({ keepOld: false });
    const keys = await keysOf(fresh);
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      [headerOf(await fresh.issueToken()).kid],
    );
    await assert.rejects(jose.jwtVerify(old, jose.createLocalJWKSet({ keys })), {
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    });
    assert.deepEqual((await introspect(fresh, { token: old })).body, { active: false });
    await fresh.close();
  });

  test('rotations at the same time lose no key', async () => {
    const fresh = await createTestTenant({ algorithms: ['ES256'] });
    const old = await fresh.issueToken();
    await Promise.all([fresh.rotateKeys(), fresh.rotateKeys()]);
    const keys = await keysOf(fresh);
    assert.equal(keys.length, 3);
    assert.equal(keys[2].kid, headerOf(old).kid);
    assert.equal(keys[0].kid, headerOf(await fresh.issueToken()).kid);
    await fresh.close();
  });

  test('wrong options are a TypeError', async () => {
    await assert.rejects(tenant.rotateKeys({ keepOld: 'no' }), TypeError);
    await assert.rejects(tenant.rotateKeys({ keep: true }), TypeError);
  });
});

describe('introspection', () => {
  test('an opaque token is active, with its claims', async () => {
    const token = await tenant.issueOpaqueToken({
      scopes: ['data:write'],
      groups: ['engineering'],
      certificate: CERTIFICATE,
      claims: { extra: 1, jti: undefined },
    });
    assert.match(token, /^[\w-]{43}$/);
    const { status, headers, body } = await introspect(tenant, { token });
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/json');
    assert.equal(headers.get('cache-control'), 'no-store');
    const { iat, exp, cnf, ...claims } = body;
    assert.deepEqual(claims, {
      active: true,
      iss: tenant.tenantDomain,
      sub: 'test-user',
      aud: tenant.audience,
      client_id: 'test-client',
      scope: 'data:write',
      groups: ['engineering'],
      extra: 1,
    });
    assert.equal(exp, iat + 300);
    assert.equal(cnf['x5t#S256'].length, 43);
  });

  test('it does not change after it was issued', async () => {
    const claims = { roles: ['reader'] };
    const token = await tenant.issueOpaqueToken({ claims });
    claims.roles.push('admin');
    assert.deepEqual((await introspect(tenant, { token })).body.roles, ['reader']);
  });

  test('client_secret_basic, id and secret form-encoded first', async () => {
    const secret = 'p%ä:ss+w ö/rd🔑&=';
    const fresh = await createTestTenant({ clientId: 'api:1 %', clientSecret: secret });
    const token = await fresh.issueOpaqueToken();
    const authorization = basic('api:1 %', secret);
    assert.equal((await introspect(fresh, { token }, { authorization })).body.active, true);
    assert.equal((await introspect(fresh, { token })).body.active, true, 'client_secret_post');
    const unencoded = `Basic ${Buffer.from(`api:1 %:${secret}`).toString('base64')}`;
    assert.equal((await introspect(fresh, { token }, { authorization: unencoded })).status, 401);
    await fresh.close();
  });

  test('a JWT is active too, while it is genuine', async () => {
    const token = await tenant.issueToken({ scopes: ['data:write'] });
    const { body } = await introspect(tenant, { token });
    assert.deepEqual(body, { ...claimsOf(token), active: true });
    const [header, payload, signature] = token.split('.');
    const flipped = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);
    const other = await createTestTenant();
    for (const bad of [
      `${header}.${payload}.${flipped}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.${signature}`,
      `e30.${payload}.${signature}`,
      `bnVsbA.${payload}.${signature}`,
      `!.${payload}.${signature}`,
      await other.issueToken(),
      await tenant.issueToken({ header: { alg: 'ES256' } }),
    ]) {
      assert.deepEqual((await introspect(tenant, { token: bad })).body, { active: false });
    }
    await other.close();
  });

  test('a signature of the wrong length is inactive with every algorithm', async () => {
    for (const alg of ALGORITHMS) {
      const [header, payload] = (await tenant.issueToken({ alg })).split('.');
      const { status, body } = await introspect(tenant, { token: `${header}.${payload}.AAAA` });
      assert.deepEqual({ status, body }, { status: 200, body: { active: false } }, alg);
    }
  });

  test('unknown, revoked, expired and early tokens are inactive, and no more is said', async () => {
    const opaque = await tenant.issueOpaqueToken();
    const jwt = await tenant.issueToken();
    tenant.revoke(opaque);
    tenant.revoke(jwt);
    tenant.revoke('never-issued');
    for (const token of [
      'unknown',
      '\0',
      '🔑',
      opaque,
      jwt,
      await tenant.issueOpaqueToken({ expiresIn: -1 }),
      await tenant.issueToken({ expiresIn: -1 }),
      await tenant.issueOpaqueToken({ claims: { nbf: now() + 60 } }),
    ]) {
      const { status, body } = await introspect(tenant, { token });
      assert.deepEqual({ status, body }, { status: 200, body: { active: false } });
    }
    assert.throws(() => tenant.revoke(''), TypeError);
  });

  test('a token without exp is active', async () => {
    const token = await tenant.issueOpaqueToken({ claims: { exp: undefined } });
    const { body } = await introspect(tenant, { token });
    assert.equal(body.active, true);
    assert.ok(!('exp' in body));
  });

  test('wrong options are a TypeError', async () => {
    await assert.rejects(tenant.issueOpaqueToken({ alg: 'RS256' }), {
      name: 'TypeError',
      message: /^issueOpaqueToken\(\) has no option "alg"/,
    });
    await assert.rejects(tenant.issueOpaqueToken({ expiresIn: Number.NaN }), TypeError);
  });

  const credentials = {
    'a wrong secret in the body': (id) => [{ client_id: id, client_secret: 'wrong' }, {}],
    'a wrong id in the body': (_, secret) => [{ client_id: 'x', client_secret: secret }, {}],
    'no credentials': () => [{}, {}],
    'no secret': (id) => [{ client_id: id }, {}],
    'a wrong secret in the header': (id) => [{}, { authorization: basic(id, 'wrong') }],
    'a Basic header of rubbish': () => [{}, { authorization: 'Basic !!!' }],
    'a Basic header without a colon': () => [{}, { authorization: 'Basic YWJj' }],
    'a Basic header that ends in %': () => [{}, { authorization: `Basic ${btoa('a%:b%')}` }],
    'another scheme': () => [{}, { authorization: 'Bearer abc' }],
  };
  for (const [name, make] of Object.entries(credentials)) {
    test(`${name}: 401 invalid_client`, async () => {
      const [form, headers] = make(tenant.clientId, tenant.clientSecret);
      const token = await tenant.issueOpaqueToken();
      const { introspection_endpoint: url } = await metadataOf(tenant);
      const body = new URLSearchParams({ token, ...form });
      const answer = await fetchJson(url, { method: 'POST', body, headers });
      assert.equal(answer.status, 401);
      assert.equal(answer.body.error, 'invalid_client');
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.match(answer.headers.get('www-authenticate'), /^Basic realm=/);
      assert.ok(!JSON.stringify(answer.body).includes(tenant.clientSecret));
    });
  }
});

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
    const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
    const pump = setInterval(() => socket.write(chunk), 1);
    await once(socket, 'close');
    clearInterval(pump);
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
    const other = await createTestTenant();
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
    const first = await createTestTenant();
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
    const fresh = await createTestTenant();
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
    const fresh = await createTestTenant();
    await fresh[Symbol.asyncDispose]();
    await assert.rejects(fetch(fresh.tenantDomain));
  });

  test('import and require give one copy', async () => {
    const imported = await import('../../js/testing/index.mjs');
    assert.equal(imported.createTestTenant, createTestTenant);
    assert.deepEqual(Object.keys(imported), ['createTestTenant']);
  });

  async function run(script) {
    const child = spawn(process.execPath, ['-e', script, ENTRY], {
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
    const { out, code } = await run(`
      const http = require('node:http');
      const { createTestTenant } = require(process.argv[1]);
      createTestTenant().then(async (tenant) => {
        const token = await tenant.issueToken();
        const agent = new http.Agent({ keepAlive: true });
        const url = tenant.tenantDomain + '/.well-known/openid-configuration';
        http.get(url, { agent }, (response) => {
          response.resume().on('end', () => console.log(response.statusCode, !!token));
        });
      });
    `);
    assert.deepEqual({ out, code }, { out: '200 true\n', code: 0 });
  });

  test('ref() keeps the process until unref()', async () => {
    const { out, code } = await run(`
      const { createTestTenant } = require(process.argv[1]);
      createTestTenant().then((tenant) => {
        tenant.ref();
        setTimeout(() => { console.log('still here'); tenant.unref(); }, 50).unref();
      });
    `);
    assert.deepEqual({ out, code }, { out: 'still here\n', code: 0 });
  });
});
