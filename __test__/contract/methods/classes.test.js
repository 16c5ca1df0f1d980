'use strict';

// Contract §3: what the two classes are and have, `decodeJwt`, and the setters of the clock.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const util = require('node:util');

const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { at, encode, sign } = require('../../support/tokens.js');
const {
  AUDIENCE,
  BASE,
  CLAIMS,
  ISSUER,
  METADATA_DOCUMENT,
  NOW,
  clientWith,
  failureOf,
  jwks,
  key,
  tenantFetcher,
  token,
  validate,
} = require('./support.js');

describe('§3 the classes', () => {
  it('MonoCloudBackendNodeClient extends MonoCloudOidcBackendClient', () => {
    const client = clientWith();
    assert.ok(client instanceof MonoCloudOidcBackendClient);
    assert.equal(Object.getPrototypeOf(MonoCloudBackendNodeClient), MonoCloudOidcBackendClient);
    assert.equal(MonoCloudBackendNodeClient.name, 'MonoCloudBackendNodeClient');
    assert.equal(MonoCloudOidcBackendClient.name, 'MonoCloudOidcBackendClient');
    assert.equal(MonoCloudBackendNodeClient.decodeJwt, MonoCloudOidcBackendClient.decodeJwt);
    assert.deepEqual(Object.keys(client), []);
  });

  it('are not functions', () => {
    assert.throws(() => MonoCloudBackendNodeClient(BASE), TypeError);
  });

  it('have the documented methods', () => {
    const methods = [
      'validateJwtAccessToken',
      'introspectAccessToken',
      'getMetadata',
      'getJwks',
      'setClockSkew',
      'setClockTolerance',
    ];
    const base = new MonoCloudOidcBackendClient(ISSUER, AUDIENCE);
    for (const name of methods) assert.equal(typeof base[name], 'function', name);
    assert.equal(typeof clientWith().validateAccessToken, 'function');
  });

  it('return promises, whatever they are given', async () => {
    const client = clientWith({
      fetcher() {
        throw new Error();
      },
    });
    const throwing = {
      get scopes() {
        throw new RangeError('mine');
      },
    };
    for (const call of [
      () => client.validateAccessToken(),
      () => client.validateAccessToken(token),
      () => client.validateAccessToken('opaque'),
      () => client.validateAccessToken(token, throwing),
      () => client.validateAccessToken(token, 5),
      () => client.validateJwtAccessToken(),
      () => client.validateJwtAccessToken(token, { jwks: 5 }),
      () => client.validateJwtAccessToken(token, { scopes: 'a' }),
      () => client.introspectAccessToken(),
      () => client.introspectAccessToken('opaque'),
      () => client.getMetadata(),
      () => client.getJwks(Symbol('x')),
    ]) {
      let promise;
      assert.doesNotThrow(() => {
        promise = call();
      }, String(call));
      assert.ok(promise instanceof Promise, String(call));
      await failureOf(() => promise);
    }
  });

  it('route options of the wrong type are a MonoCloudValidationError', async () => {
    const client = clientWith();
    // biome-ignore lint/suspicious/noSparseArray: a hole is no scope
    const holes = ['a', , 'b'];
    for (const options of [
      5,
      'x',
      true,
      ['a'],
      { scopes: 'a' },
      { scopes: [1] },
      { scopes: [null] },
      { scopes: holes },
      { scopes: new Array(3) },
      { scopes: { length: 1, 0: 'a' } },
      { groups: new Set(['a']) },
      { groups: [['a']] },
      { groups: [Object('a')] },
      { validateCertificateBinding: 'yes' },
      { validateCertificateBinding: 1 },
    ]) {
      for (const method of ['validateAccessToken', 'validateJwtAccessToken']) {
        const error = await failureOf(() => client[method](token, options));
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
      }
    }
  });

  it('claims are a fresh plain object for each call', async () => {
    const client = clientWith();
    const claims = { ...CLAIMS, groups: [{ id: 'a' }] };
    const text = sign(key, { claims });
    const call = () => at(NOW, () => client.validateJwtAccessToken(text, { jwks }));
    const [one, two] = [await call(), await call()];
    assert.notEqual(one, two);
    assert.notEqual(one.groups, two.groups);
    one.groups[0].id = 'changed';
    one.sub = 'eve';
    assert.deepEqual(two, claims);
    assert.deepEqual(await call(), claims);
    assert.equal(Object.getPrototypeOf(one), Object.prototype);
    assert.ok(!Object.isFrozen(one));
  });

  it('two calls at once get claims of their own, fetched or introspected', async () => {
    const fetcher = tenantFetcher();
    const client = clientWith({ fetcher, clientId: 'me', clientSecret: 'x' });
    for (const text of [token, 'opaque']) {
      const [one, two] = await Promise.all([validate(client, text), validate(client, text)]);
      one.sub = 'eve';
      assert.deepEqual(two, CLAIMS);
    }
  });

  it('documents are a fresh plain object for each call', async () => {
    const client = clientWith({ fetcher: tenantFetcher() });
    const metadata = await client.getMetadata();
    metadata.jwks_uri = 'https://evil.example';
    assert.deepEqual(await client.getMetadata(), METADATA_DOCUMENT);
    const keys = await client.getJwks();
    keys.keys.length = 0;
    assert.deepEqual(await client.getJwks(), jwks);
    assert.deepEqual(await validate(client), CLAIMS);
  });
});

describe('§3 setClockSkew and setClockTolerance', () => {
  const check = (client, claims) =>
    at(NOW, () =>
      client.validateJwtAccessToken(sign(key, { claims: { ...CLAIMS, ...claims } }), { jwks }),
    ).then(
      () => true,
      (error) => error.reason,
    );

  it('count from the next token on', async () => {
    for (const client of [clientWith(), new MonoCloudOidcBackendClient(ISSUER, AUDIENCE)]) {
      assert.equal(client.setClockTolerance(10), undefined);
      assert.equal(await check(client, { exp: NOW - 10 }), 'expired');
      assert.equal(await check(client, { exp: NOW - 9 }), true);
      assert.equal(client.setClockSkew(20), undefined);
      assert.equal(await check(client, { exp: NOW + 10 }), 'expired');
      assert.equal(await check(client, { exp: NOW + 11 }), true);
      assert.equal(await check(client, { exp: NOW + 99, nbf: NOW + 30 }), true);
      assert.equal(await check(client, { exp: NOW + 99, nbf: NOW + 31 }), 'not_yet_valid');
      client.setClockSkew(0);
      client.setClockTolerance(0);
      assert.equal(await check(client, { exp: NOW }), 'expired');
      assert.equal(await check(client, { exp: NOW + 1 }), true);
    }
  });

  it('are of one client', async () => {
    const [one, two] = [clientWith(), clientWith()];
    one.setClockTolerance(0);
    assert.equal(await check(one, { exp: NOW - 1 }), 'expired');
    assert.equal(await check(two, { exp: NOW - 1 }), true);
  });

  it('throw at once for another value, and keep the old one', async () => {
    const client = clientWith();
    for (const name of ['clockSkew', 'clockTolerance']) {
      const method = `set${name[0].toUpperCase()}${name.slice(1)}`;
      for (const value of [
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        -1,
        -0.001,
        '5',
        '',
        true,
        null,
        undefined,
        5n,
        Symbol('x'),
        {},
        [],
        [5],
        () => 5,
        new Date(),
        Object(5),
      ]) {
        assert.throws(
          () => client[method](value),
          (error) => {
            assert.ok(error instanceof MonoCloudValidationError, error.stack);
            assert.ok(error.message.startsWith(`"${name}" must be`), error.message);
            return true;
          },
          util.inspect(value),
        );
      }
    }
    assert.equal(await check(client, { exp: NOW - 300 }), 'expired');
    assert.equal(await check(client, { exp: NOW - 299 }), true);
  });
});

describe('§3 decodeJwt', () => {
  const { decodeJwt } = MonoCloudOidcBackendClient;

  it('decodes and verifies nothing', () => {
    assert.deepEqual(decodeJwt(token), CLAIMS);
    assert.deepEqual(MonoCloudBackendNodeClient.decodeJwt(token), CLAIMS);
    const expired = { exp: 1, text: 'é😀', deep: [{}] };
    assert.deepEqual(decodeJwt(sign(key, { claims: expired })), expired);
    assert.deepEqual(decodeJwt(`rubbish.${encode(CLAIMS)}.rubbish`), CLAIMS);
    assert.deepEqual(decodeJwt(`.${encode('{}')}.`), {});
  });

  it('gives a fresh object each time, and a member __proto__ is a member', () => {
    assert.notEqual(decodeJwt(token), decodeJwt(token));
    const claims = decodeJwt(`.${encode('{"__proto__":{"admin":true}}')}.`);
    assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    assert.equal(claims.admin, undefined);
  });

  it('of garbage throws MonoCloudTokenError at once', () => {
    const garbage = [
      undefined,
      null,
      1,
      5n,
      Symbol('x'),
      {},
      [],
      ['a', 'b', 'c'],
      () => {},
      Object(token),
      '',
      'a',
      '.',
      '..',
      'a..c',
      'a.!.c',
      'a.b c.d',
      `.${encode('{')}.`,
      `.${encode('')}.`,
      `.${encode('undefined')}.`,
      `.${encode('[]')}.`,
      `.${encode('null')}.`,
      `.${encode('1')}.`,
      `.${encode('"x"')}.`,
      `.${encode(Buffer.from([0x7b, 0xff, 0x7d]))}.`,
      `.${encode('\ufeff{}')}.`,
      `.${encode('{}')}=.`,
      `. ${encode('{}')}.`,
      `.${encode('['.repeat(100_000))}.`,
      `.${'\0'}.`,
      `.${'\ud800'}.`,
      'x'.repeat(1_000_000),
      `.${'A'.repeat(1_000_000)}.`,
    ];
    for (const jwt of garbage) {
      assert.throws(
        () => decodeJwt(jwt),
        (error) => {
          assert.ok(error instanceof MonoCloudTokenError, `${error.stack}`);
          assert.equal(error.code, 'invalid_token');
          assert.equal(typeof error.reason, 'string');
          return true;
        },
      );
    }
    assert.throws(() => decodeJwt(`.${encode('[]')}.`), {
      message: 'JWT Payload must be a top level object',
    });
    assert.throws(() => decodeJwt(`.${encode('{')}.`), { message: 'Failed to parse JWT Payload' });
  });
});
