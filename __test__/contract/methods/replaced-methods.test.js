'use strict';

// Contract §3: subclasses, and methods that a program replaces.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const util = require('node:util');

const {
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
} = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { startFaultyTenant } = require('../../support/faulty-tenant.js');
const { at, makeKey, setOf, sign } = require('../../support/tokens.js');
const {
  AUDIENCE,
  BASE,
  CLAIMS,
  ISSUER,
  NOW,
  clientWith,
  failureOf,
  jwks,
  tenantFetcher,
  token,
  validate,
} = require('./support.js');

describe('§3 subclasses and replaced methods', () => {
  it('a subclass may override each method and call its parent’s', async () => {
    const seen = [];
    class Mine extends MonoCloudBackendNodeClient {
      constructor(options) {
        super(options);
        this.mine = true;
      }
      async validateAccessToken(...args) {
        seen.push('validateAccessToken');
        return { ...(await super.validateAccessToken(...args)), mine: this.mine };
      }
      validateJwtAccessToken(...args) {
        seen.push('validateJwtAccessToken');
        return super.validateJwtAccessToken(...args);
      }
      introspectAccessToken(...args) {
        seen.push('introspectAccessToken');
        return super.introspectAccessToken(...args);
      }
      getMetadata(...args) {
        seen.push('getMetadata');
        return super.getMetadata(...args);
      }
      getJwks(...args) {
        seen.push('getJwks');
        return super.getJwks(...args);
      }
      setClockSkew(seconds) {
        super.setClockSkew(seconds + 1);
      }
    }
    const options = { ...BASE, fetcher: tenantFetcher(), clientId: 'me', clientSecret: 'x' };
    const client = new Mine(options);
    assert.deepEqual(await validate(client), { ...CLAIMS, mine: true });
    assert.deepEqual(seen.splice(0, 3), [
      'validateAccessToken',
      'validateJwtAccessToken',
      'getJwks',
    ]);
    seen.length = 0;
    assert.deepEqual(await validate(client, 'opaque'), { ...CLAIMS, mine: true });
    assert.deepEqual(seen, ['validateAccessToken', 'introspectAccessToken', 'getMetadata']);
    client.setClockSkew(358);
    assert.deepEqual(await validate(client), { ...CLAIMS, mine: true });
    client.setClockSkew(359);
    assert.equal((await failureOf(() => validate(client))).reason, 'expired');
  });

  it('a subclass of the base class may name its own tenant', async () => {
    class Ours extends MonoCloudOidcBackendClient {
      constructor() {
        super(ISSUER, AUDIENCE, { fetcher: tenantFetcher() });
      }
    }
    const ours = new Ours();
    assert.ok(ours instanceof Ours);
    assert.deepEqual(await at(NOW, () => ours.validateJwtAccessToken(token)), CLAIMS);
  });

  for (const [method, text] of [
    ['validateJwtAccessToken', token],
    ['introspectAccessToken', 'opaque'],
  ]) {
    // What either method must answer for is in ../boundary/replaced-introspection.test.js.
    const alone = method === 'introspectAccessToken';
    const answer = { ...CLAIMS, sub: 'mine', scope: 'a', groups: ['b'] };

    it(`a replaced ${method} is the one that is called, as documented`, async () => {
      const client = clientWith({ fetcher: tenantFetcher(), clientId: 'me', clientSecret: 'x' });
      const calls = [];
      const options = { scopes: ['a'], groups: ['b'], clientCertificate: 'x' };
      client[method] = async function replaced(...args) {
        assert.equal(this, client);
        calls.push(args);
        return answer;
      };
      const claims = await at(NOW, () => client.validateAccessToken(text, options));
      assert.deepEqual(claims, answer);
      assert.equal(calls.length, 1);
      assert.equal(calls[0][0], text);
      assert.deepEqual(calls[0].slice(1), alone ? [] : [options]);
      client[method] = async () => {
        throw new MonoCloudTokenError('mine', 'inactive_token');
      };
      const error = await failureOf(() => client.validateAccessToken(text));
      assert.equal(error.message, 'mine');
      delete client[method];
      assert.deepEqual(await validate(client, text), CLAIMS);
    });

    it(`${method} replaced on the prototype is the one that is called`, async (t) => {
      const client = clientWith();
      const original = MonoCloudOidcBackendClient.prototype[method];
      t.after(() => {
        MonoCloudOidcBackendClient.prototype[method] = original;
      });
      MonoCloudOidcBackendClient.prototype[method] = async () => answer;
      assert.deepEqual(await at(NOW, () => client.validateAccessToken(text)), answer);
    });
  }

  it('a replaced getJwks is the one that is called, and no request is made', async () => {
    const fetcher = tenantFetcher();
    const client = clientWith({ fetcher });
    let calls = 0;
    client.getJwks = async () => {
      calls += 1;
      return jwks;
    };
    assert.deepEqual(await validate(client), CLAIMS);
    assert.deepEqual(await at(NOW, () => client.validateJwtAccessToken(token)), CLAIMS);
    assert.ok(calls >= 1);
    assert.deepEqual(fetcher.calls, []);
    // It need not be a promise.
    client.getJwks = () => setOf(makeKey('ES256'));
    assert.equal((await failureOf(() => validate(client))).reason, 'invalid_signature');
    client.getJwks = () => setOf();
    assert.equal((await failureOf(() => validate(client))).reason, 'unknown_key');
  });

  it('a replaced getMetadata is the one that says where the keys and the introspection are', async () => {
    const elsewhere = `${ISSUER}/elsewhere`;
    const other = makeKey('ES256');
    const fetcher = tenantFetcher({
      [elsewhere]: setOf(other),
      [`${elsewhere}/ask`]: { ...CLAIMS, sub: 'eve', active: true },
    });
    const client = clientWith({ fetcher, clientId: 'me', clientSecret: 'x' });
    client.getMetadata = async () => ({
      issuer: ISSUER,
      jwks_uri: elsewhere,
      introspection_endpoint: `${elsewhere}/ask`,
    });
    assert.deepEqual(await validate(client, sign(other, { claims: CLAIMS })), CLAIMS);
    assert.equal((await validate(client, 'opaque')).sub, 'eve');
    assert.deepEqual(await client.getJwks(), setOf(other));
    assert.deepEqual(fetcher.urls(), [elsewhere, `${elsewhere}/ask`]);
  });

  it('a getMetadata replaced on one client is nobody else’s', async () => {
    const tenant = await createTestTenant({ algorithms: ['ES256'] });
    const [one, two] = [tenant, tenant].map(
      (t) => new MonoCloudBackendNodeClient(t.clientOptions()),
    );
    const real = await two.getMetadata();
    const other = makeKey('ES256');
    const elsewhere = await startFaultyTenant({ jwks: setOf(other) });
    const theirs = { ...real, jwks_uri: `${elsewhere.origin}/jwks` };
    one.getMetadata = async () => theirs;
    const claims = { iss: tenant.tenantDomain, aud: tenant.audience, exp: 9_999_999_999 };
    assert.deepEqual(await one.validateAccessToken(sign(other, { claims })), claims);
    const forged = await two.validateAccessToken(sign(other, { claims })).catch((error) => error);
    const metadata = await two.getMetadata();
    await Promise.all([tenant.close(), elsewhere.close()]);
    assert.ok(forged instanceof MonoCloudTokenError, `accepted: ${util.inspect(forged)}`);
    assert.equal(forged.reason, 'unknown_key');
    assert.deepEqual(metadata, real);
  });

  it('what a replaced method rejects with is what the caller gets', async () => {
    const mine = new RangeError('mine');
    for (const method of ['getJwks', 'getMetadata']) {
      const client = clientWith({ clientId: 'me', clientSecret: 'x' });
      for (const replaced of [
        () => Promise.reject(mine),
        () => {
          throw mine;
        },
      ]) {
        client[method] = replaced;
        assert.equal(await failureOf(() => validate(client)), mine);
      }
    }
  });

  it('a replaced method that returns rubbish gives a documented error', async () => {
    const cyclic = {};
    cyclic.self = cyclic;
    const rubbish = [undefined, null, 1, 'x', [], {}, 5n, Symbol('x'), cyclic, () => {}];
    for (const method of ['getJwks', 'getMetadata']) {
      for (const value of [...rubbish, { keys: 1 }, { issuer: 'https://other.example' }]) {
        const client = clientWith();
        client[method] = async () => value;
        const error = await failureOf(() => validate(client));
        assert.ok(error instanceof MonoCloudAuthBaseError, `${method}: ${error?.stack}`);
      }
    }
  });
});
