'use strict';

// Every short cut beside the long way round, over the same tokens: tokens that were seen before
// against a client that remembers none, copies of claims against their text, signatures that other
// threads verify against those that the call verifies. tests/core/seen_before.rs does the same in Rust,
// with the tenant's keys changing in between.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { ACCEPTED } = require('./support/algorithms.js');
const { startFaultyTenant } = require('./support/faulty-tenant.js');
const { encode, makeKey, setOf, sharedPair, sign } = require('./support/tokens.js');

const AUDIENCE = 'https://api.example.com';

let issuer;
let remembers;
let forgets;
const keys = ACCEPTED.map((alg) => makeKey(alg, { kid: alg, pair: sharedPair(alg) }));
const [key] = keys;

before(async () => {
  issuer = await startFaultyTenant({ jwks: setOf(...keys) });
  const options = { tenantDomain: issuer.origin, audience: AUDIENCE };
  remembers = new MonoCloudBackendNodeClient(options);
  forgets = new MonoCloudBackendNodeClient({ ...options, verifiedTokensBytes: 0 });
});

after(() => issuer.close());

const exp = () => Math.floor(Date.now() / 1000) + 600;
const claimsOf = (more) => ({ iss: issuer.origin, aud: AUDIENCE, sub: 'ada', exp: exp(), ...more });
const tokenOf = (more, by = key) =>
  sign(by, { header: { kid: by.jwk.kid }, claims: claimsOf(more) });

/** An answer that can be compared: the claims as text, in their order, or what was refused and why. */
async function answer(client, token, route) {
  try {
    return JSON.stringify(await client.validateAccessToken(token, route));
  } catch (error) {
    const { name, code, reason, message } = error;
    return { name, code, reason, message };
  }
}

describe('a token that was seen before', () => {
  const shapes = {
    'plain claims': {},
    'nested claims': { a: [1, [2, { b: [] }]], c: { d: { e: null } }, roles: ['x', 'y'] },
    'empty ones': { a: [], b: {}, c: '', d: null, e: false, f: 0 },
    'deep ones': { a: [[[[[[[['deep']]]]]]]] },
    'names like numbers': { 10: 'x', 2: { 1: 'y' }, '-1': 'z', '01': 'w' },
    'many names': Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`n${n}`, [n]])),
    'a long text': { text: 'x'.repeat(5000) },
    'more than is copied': { text: 'x'.repeat(9000), list: ['x'] },
    'other scripts': { name: 'Ærøskøbing 東京 😀', ключ: ['\u0000', '\u2028'] },
    'names that objects inherit': { constructor: ['x'], toString: { a: 1 }, hasOwnProperty: 1 },
  };

  for (const [name, shape] of Object.entries(shapes)) {
    it(`has the same claims the first, the second and the fortieth time: ${name}`, async () => {
      const token = tokenOf(shape);
      const expected = await answer(forgets, token);
      assert.equal(typeof expected, 'string');
      for (let time = 1; time <= 40; time += 1) {
        assert.equal(await answer(remembers, token), expected, `time ${time}`);
      }
      const claims = await remembers.validateAccessToken(token);
      assert.deepEqual(claims, await forgets.validateAccessToken(token));
    });
  }

  it('keeps what only JSON.parse can make', async () => {
    const text = `{"__proto__":{"admin":true},"n":1e400,"m":-0,"big":12345678901234567890,${JSON.stringify(
      claimsOf(),
    ).slice(1)}`;
    const token = sign(key, { header: { kid: key.jwk.kid }, claims: text });
    for (let time = 1; time <= 40; time += 1) {
      const claims = await remembers.validateAccessToken(token);
      assert.deepEqual(Object.keys(claims), Object.keys(JSON.parse(text)));
      assert.deepEqual(Object.getOwnPropertyDescriptor(claims, '__proto__'), {
        value: { admin: true },
        writable: true,
        enumerable: true,
        configurable: true,
      });
      assert.equal(Object.getPrototypeOf(claims), Object.prototype);
      assert.equal(claims.admin, undefined);
      assert.equal(claims.n, Number.POSITIVE_INFINITY);
      assert.ok(Object.is(claims.m, -0));
    }
  });

  it('gives each request claims of its own, down to the last list', async () => {
    const shape = { a: [{ b: ['c'] }], d: { e: 'f' } };
    const token = tokenOf(shape);
    const expected = await answer(forgets, token);
    for (let time = 1; time <= 40; time += 1) {
      const claims = await remembers.validateAccessToken(token);
      assert.equal(JSON.stringify(claims), expected, `time ${time}`);
      claims.sub = 'eve';
      claims.a[0].b.push('x');
      claims.a.push('y');
      claims.d.e = 'z';
      delete claims.exp;
      claims.admin = true;
    }
  });

  it('is asked for scopes, groups and certificate each time', async () => {
    const token = tokenOf({ scope: 'a b', groups: ['g'], cnf: { 'x5t#S256': 'x' } });
    const routes = [
      undefined,
      {},
      { scopes: ['a'] },
      { scopes: ['a', 'c'] },
      { scopes: [], groups: [] },
      { groups: ['g'] },
      { groups: ['h'] },
      { scopes: ['b'], groups: ['h', 'g'], validateCertificateBinding: false },
      { validateCertificateBinding: false },
      { validateCertificateBinding: true },
      { validateCertificateBinding: 'dangerously_ignore', scopes: ['c'] },
      { clientCertificate: 'x' },
      { clientCertificate: 5 },
    ];
    for (const route of [...routes, ...routes]) {
      assert.deepEqual(
        await answer(remembers, token, route),
        await answer(forgets, token, route),
        JSON.stringify(route),
      );
    }
  });

  it('takes no more than the caller says', async () => {
    const scopes = ['a'];
    const token = tokenOf({ scope: 'a' });
    assert.equal(typeof (await answer(remembers, token, { scopes })), 'string');
    scopes.push('b');
    assert.equal((await answer(remembers, token, { scopes })).reason, 'missing_scopes');
  });

  it('is found whatever came between', async () => {
    const tokens = Array.from({ length: 500 }, (_, n) => tokenOf({ jti: `${n}`, list: [n] }));
    const small = new MonoCloudBackendNodeClient({
      tenantDomain: issuer.origin,
      audience: AUDIENCE,
      verifiedTokensBytes: 100_000,
    });
    for (let round = 0; round < 3; round += 1) {
      for (const [n, token] of tokens.entries()) {
        const { jti, list } = await small.validateAccessToken(token);
        assert.deepEqual([jti, list], [`${n}`, [n]]);
      }
    }
  });

  it('is counted', async () => {
    const client = new MonoCloudBackendNodeClient({
      tenantDomain: issuer.origin,
      audience: AUDIENCE,
    });
    const token = tokenOf({ jti: 'counted' });
    for (let time = 0; time < 3; time += 1) await client.validateAccessToken(token);
    const { accepted, seenBefore } = client.stats();
    assert.deepEqual({ accepted, seenBefore }, { accepted: 3, seenBefore: 2 });
  });
});

describe('tokens that come many at a time', () => {
  for (const by of keys) {
    it(`get the answers that they get one by one: ${by.alg}`, async () => {
      const good = Array.from({ length: 24 }, (_, n) => tokenOf({ jti: `${n}` }, by));
      const bad = good.map((token, n) => {
        const [header, payload, signature] = token.split('.');
        const variants = [
          `${header}.${encode({ ...claimsOf(), sub: 'eve' })}.${signature}`,
          `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
          `${header}.${payload}.`,
          tokenOf({ exp: 1, jti: `${n}` }, by),
          tokenOf({ aud: 'https://else.example', jti: `${n}` }, by),
        ];
        return variants[n % variants.length];
      });
      const tokens = good.flatMap((token, n) => [token, bad[n]]);
      const expected = [];
      for (const token of tokens) expected.push(await answer(forgets, token));
      for (const client of [remembers, forgets, remembers]) {
        const together = await Promise.all(tokens.map((token) => answer(client, token)));
        assert.deepEqual(together, expected);
      }
      assert.equal(expected.filter((answer) => typeof answer === 'string').length, good.length);
    });
  }

  it('begin their errors at the line that asked', async () => {
    const token = `${tokenOf(
      {},
      keys.find(({ alg }) => alg === 'ES512'),
    ).slice(0, -8)}AAAAAAAA`;
    const errors = await Promise.all(
      Array.from({ length: 8 }, function askHere() {
        return remembers.validateAccessToken(token).catch((error) => error);
      }),
    );
    for (const error of errors) {
      assert.equal(error.reason, 'invalid_signature');
      assert.match(error.stack.split('\n')[1], /askHere/);
    }
  });
});
