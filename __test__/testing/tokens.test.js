'use strict';

// Tokens and keys of the test tenant. Signatures are checked with jose, which shares no line with it.

const assert = require('node:assert/strict');
const { createHash, webcrypto, X509Certificate } = require('node:crypto');
const { after, before, describe, test } = require('node:test');

const { createTestTenant } = require('../../js/testing/index.js');
const { ACCEPTED } = require('../support/algorithms.js');
const {
  CERTIFICATE,
  claimsOf,
  headerOf,
  introspect,
  keysOf,
  metadataOf,
  now,
} = require('./support.js');

let jose;

before(async () => {
  // jose asks for the global that Node 18 does not have yet.
  globalThis.crypto ??= webcrypto;
  jose = await import('jose');
});

let tenant;
before(async () => {
  tenant = await createTestTenant();
});

after(() => tenant.close());

describe('issueToken', () => {
  for (const alg of ACCEPTED) {
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
