'use strict';

// Contract §3: `getMetadata`, `getJwks`, the `jwks` option, `metadataResolver` and `jwksResolver`.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { METADATA, at, makeKey, setOf, sign } = require('../../support/tokens.js');
const {
  AUDIENCE,
  CLAIMS,
  ISSUER,
  METADATA_DOCUMENT,
  NOW,
  clientWith,
  failureOf,
  httpError,
  jwks,
  key,
  tenantFetcher,
  token,
  validate,
} = require('./support.js');

describe('§3 getMetadata and getJwks', () => {
  let tenant;
  let client;
  before(async () => {
    tenant = await createTestTenant({ algorithms: ['ES256'] });
    client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  });
  after(() => tenant.close());

  it('resolve to the tenant’s documents', async () => {
    const metadata = await client.getMetadata();
    assert.equal(metadata.issuer, tenant.tenantDomain);
    const answer = await fetch(metadata.jwks_uri);
    assert.deepEqual(await client.getJwks(), await answer.json());
  });

  it('are answered from the cache', async () => {
    const earlier = tenant.requests;
    await Promise.all([client.getMetadata(), client.getMetadata(), client.getJwks(false)]);
    await client.validateAccessToken(await tenant.issueToken());
    assert.deepEqual(tenant.requests, earlier);
  });

  it('are fetched anew with forceRefresh', async () => {
    const earlier = tenant.requests;
    await client.getMetadata(true);
    assert.equal(tenant.requests.discovery, earlier.discovery + 1);
    await tenant.rotateKeys();
    await client.getJwks(true);
    assert.equal(tenant.requests.jwks, earlier.jwks + 1);
    const { keys } = await client.getJwks();
    assert.ok(keys.length > 0);
    assert.equal(tenant.requests.jwks, earlier.jwks + 1);
    await client.validateAccessToken(await tenant.issueToken());
    assert.equal(tenant.requests.jwks, earlier.jwks + 1);
  });

  it('forced by many at once are one request, or a few', async () => {
    const earlier = tenant.requests.jwks;
    await Promise.all(Array.from({ length: 20 }, () => client.getJwks(true)));
    const made = tenant.requests.jwks - earlier;
    assert.ok(made >= 1 && made <= 2, String(made));
  });

  it('forced, they reject where the tenant is gone', async () => {
    const gone = await createTestTenant({ algorithms: ['ES256'] });
    const lonely = new MonoCloudBackendNodeClient(gone.clientOptions());
    await lonely.getJwks();
    await gone.close();
    await httpError(() => lonely.getMetadata(true), 'connection_failed');
    await httpError(() => lonely.getJwks(true), 'connection_failed');
  });
});

describe('§3 the jwks option', () => {
  it('serves in place of the tenant’s, and no request is made', async () => {
    const fetcher = tenantFetcher();
    const client = clientWith({ fetcher });
    const call = (keys) => at(NOW, () => client.validateJwtAccessToken(token, { jwks: keys }));
    assert.deepEqual(await call(jwks), CLAIMS);
    assert.equal((await failureOf(() => call({ keys: [] }))).reason, 'unknown_key');
    assert.deepEqual(fetcher.calls, []);
    assert.deepEqual(await call(undefined), CLAIMS);
    assert.deepEqual(await call(null), CLAIMS);
    assert.deepEqual(fetcher.urls(), [ISSUER + METADATA, `${ISSUER}/jwks`]);
  });

  it('is not kept', async () => {
    const other = makeKey('ES256');
    const client = clientWith({ fetcher: tenantFetcher() });
    const text = sign(other, { claims: CLAIMS });
    const call = (options) => at(NOW, () => client.validateJwtAccessToken(text, options));
    assert.deepEqual(await call({ jwks: setOf(other) }), CLAIMS);
    assert.equal((await failureOf(() => call())).reason, 'invalid_signature');
  });

  it('that is no set of keys is a MonoCloudValidationError', async () => {
    const cyclic = { keys: [] };
    cyclic.self = cyclic;
    const throwing = {
      toJSON() {
        throw new Error();
      },
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const keys of [
      ...[0, 1, '', 'x', true, false, 5n, Symbol('x'), [], {}, [key.jwk], () => jwks],
      ...[{ keys: 1 }, { keys: {} }, { keys: null }, { keys: 'x' }, cyclic, throwing, proxy],
      ...[JSON.stringify(jwks), Promise.resolve(jwks)],
    ]) {
      const client = clientWith({ fetcher: tenantFetcher() });
      const error = await failureOf(() => client.validateJwtAccessToken(token, { jwks: keys }));
      assert.ok(error instanceof MonoCloudValidationError, `${typeof keys} ${error.stack}`);
      assert.match(error.message, /"?jwks"?/i);
    }
  });
});

describe('§3 metadataResolver and jwksResolver', () => {
  it('supply the documents instead of requests', async () => {
    const fetcher = tenantFetcher();
    const calls = [];
    const client = clientWith({
      fetcher,
      metadataResolver: async (...args) => {
        calls.push(['metadata', args.length]);
        return METADATA_DOCUMENT;
      },
      jwksResolver: (...args) => {
        calls.push(['jwks', args.length]);
        return jwks;
      },
    });
    assert.deepEqual(await validate(client), CLAIMS);
    assert.deepEqual(calls, [['jwks', 0]]);
    assert.deepEqual(await client.getMetadata(), METADATA_DOCUMENT);
    assert.deepEqual(await client.getMetadata(), METADATA_DOCUMENT);
    assert.deepEqual(calls, [
      ['jwks', 0],
      ['metadata', 0],
    ]);
    assert.deepEqual(fetcher.calls, []);
    await client.getJwks(true);
    await client.getMetadata(true);
    assert.equal(calls.length, 4);
  });

  it('metadataResolver alone says where the keys are', async () => {
    const fetcher = tenantFetcher({ [`${ISSUER}/there`]: jwks });
    const metadata = { issuer: ISSUER, jwks_uri: `${ISSUER}/there` };
    const client = clientWith({ fetcher, metadataResolver: () => metadata });
    assert.deepEqual(await validate(client), CLAIMS);
    assert.deepEqual(fetcher.urls(), [`${ISSUER}/there`]);
  });

  it('are asked again when their answer has gone stale', async () => {
    let calls = 0;
    const jwksResolver = () => {
      calls += 1;
      return jwks;
    };
    const client = clientWith({ jwksResolver, jwksCacheDuration: 0 });
    for (let n = 0; n < 3; n += 1) await validate(client);
    assert.equal(calls, 3);
  });

  it('are not called before the first token', () => {
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    clientWith({ metadataResolver: count, jwksResolver: count });
    assert.equal(calls, 0);
  });

  it('belong to the base class, too', async () => {
    const base = new MonoCloudOidcBackendClient(ISSUER, AUDIENCE, { jwksResolver: () => jwks });
    assert.deepEqual(await at(NOW, () => base.validateJwtAccessToken(token)), CLAIMS);
  });

  const cyclic = {};
  cyclic.self = cyclic;
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: a hostile one
    then() {
      throw new Error('mine');
    },
  };
  const faults = {
    'that throws': () => {
      throw new Error('mine');
    },
    'that throws undefined': () => {
      throw undefined;
    },
    'that rejects': () => Promise.reject(new Error('mine')),
    'that rejects with null': () => Promise.reject(null),
    'that throws something hostile': () => {
      throw new Proxy(
        {},
        {
          get() {
            throw new Error('again');
          },
          getPrototypeOf() {
            throw new Error('again');
          },
        },
      );
    },
    'whose promise is hostile': () => thenable,
    'that returns nothing': () => undefined,
    'that returns null': () => null,
    'that returns a number': () => 5,
    'that returns a text': () => JSON.stringify(jwks),
    'that returns a list': () => [],
    'that returns an empty object': () => ({}),
    'that returns a bigint': () => 5n,
    'that returns a function': () => () => {},
    'that returns a symbol': () => Symbol('x'),
    'that returns a cycle': () => cyclic,
    'that returns a Response': () => new Response('{}'),
    'that returns another tenant’s': () => ({ issuer: 'https://other.example', keys: 1 }),
  };

  for (const [name, resolver] of Object.entries(faults)) {
    it(`one ${name} is a MonoCloudHttpError, and a forced call asks again`, async () => {
      for (const [which, good] of [
        ['metadataResolver', METADATA_DOCUMENT],
        ['jwksResolver', jwks],
      ]) {
        let healthy = false;
        const fetcher = tenantFetcher();
        const client = clientWith({ fetcher, [which]: () => (healthy ? good : resolver()) });
        await httpError(() => validate(client));
        const call = which === 'jwksResolver' ? 'getJwks' : 'getMetadata';
        const error = await httpError(() => client[call]());
        assert.ok(!error.message.includes('mine') && !error.stack.includes('again'));
        healthy = true;
        // Forced: after a failure the tenant is left alone for a moment.
        assert.deepEqual(await client[call](true), good);
        assert.deepEqual(await client.getJwks(true), jwks);
        assert.deepEqual(await validate(client), CLAIMS);
      }
    });
  }

  it('one that hangs is a MonoCloudHttpError within responseTimeout', async () => {
    for (const which of ['metadataResolver', 'jwksResolver']) {
      const hanging = { [which]: () => new Promise(() => {}), responseTimeout: 1000 };
      const client = clientWith({ fetcher: tenantFetcher(), ...hanging });
      const from = performance.now();
      await httpError(() => client.validateAccessToken(token), 'timeout');
      const elapsed = performance.now() - from;
      assert.ok(elapsed > 950 && elapsed < 5000, String(elapsed));
    }
  });
});
