'use strict';

// The documents and the introspection endpoint of the test tenant, over real HTTP.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { createTestTenant } = require('../../js/testing/index.js');
const { ACCEPTED } = require('../support/algorithms.js');
const {
  CERTIFICATE,
  basic,
  claimsOf,
  fetchJson,
  headerOf,
  introspect,
  keysOf,
  metadataOf,
  now,
} = require('./support.js');

let tenant;
before(async () => {
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
      ACCEPTED,
    );
    assert.equal(new Set(body.keys.map((key) => key.kid)).size, ACCEPTED.length);
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
    const fresh = await createTestTenant({ algorithms: ['ES256'] });
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
    const other = await createTestTenant({ algorithms: ['ES256'] });
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
    for (const alg of ACCEPTED) {
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
