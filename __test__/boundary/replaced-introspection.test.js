'use strict';

// What a replaced introspectAccessToken and validateJwtAccessToken are asked and must answer for (contract
// §3), and what a cache keeps of it (contract §6).

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const vm = require('node:vm');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createMemoryCache } = require('@monocloud/backend-node/cache');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { guarded } = require('../support/guarded.js');
const { get } = require('../support/http.js');

let tenant;
before(async () => {
  tenant = await createTestTenant({ algorithms: ['ES256'] });
});
after(() => tenant?.close());

const clientWith = (more) => new MonoCloudBackendNodeClient(tenant.clientOptions(more));
const soon = () => Math.floor(Date.now() / 1000) + 300;
const claimsOf = (more) => ({
  iss: tenant.tenantDomain,
  aud: tenant.audience,
  sub: 'ada',
  exp: soon(),
  scope: 'read',
  groups: ['staff'],
  ...more,
});

/** Answers of a replaced introspection that must not pass the route `{ scopes: ['read'] }`. */
const BAD = {
  'for another API': [() => claimsOf({ aud: 'https://other.example' }), 401],
  'of another issuer': [() => claimsOf({ iss: 'https://other.example' }), 401],
  'that has expired': [() => claimsOf({ exp: 1 }), 401],
  'that is inactive': [() => claimsOf({ active: false }), 401],
  'that is active as a text': [() => claimsOf({ active: 'true' }), 401],
  'without the scope': [() => claimsOf({ scope: 'write' }), 403],
  'bound to a certificate': [() => claimsOf({ cnf: { 'x5t#S256': 'A'.repeat(43) } }), 401],
  'that is undefined': [() => undefined, 401],
  'that is an array': [() => [claimsOf()], 401],
  'that is true': [() => true, 401],
  'that is a function': [() => () => claimsOf(), 401],
};

for (const { name, protectApi, startOne } of guarded) {
  describe(`a replaced introspectAccessToken, ${name}`, () => {
    for (const [what, [answer, status]] of Object.entries(BAD)) {
      it(`lets nobody in with an answer ${what}`, async (t) => {
        for (const cache of [undefined, createMemoryCache()]) {
          const client = clientWith({ cache });
          client.introspectAccessToken = async () => answer();
          const api = await startOne(t, protectApi(client), { scopes: ['read'] });
          for (let time = 0; time < 2; time += 1) {
            assert.equal((await get(api.url, 'opaque')).status, status);
          }
        }
      });
    }

    it('gets the token alone, and a good answer passes', async (t) => {
      const client = clientWith();
      const calls = [];
      client.introspectAccessToken = async (...given) => {
        calls.push(given);
        return claimsOf();
      };
      const api = await startOne(t, protectApi(client), { scopes: ['read'] });
      const { status, json } = await get(api.url, 'opaque');
      assert.deepEqual([status, json.claims.sub, calls], [200, 'ada', [['opaque']]]);
    });
  });

  describe(`a replaced validateJwtAccessToken, ${name}`, () => {
    it('that rejects late, in any kind of promise, let the handler run before the verdict', async (t) => {
      const mine = new Error('mine');
      const later = (settle) => setTimeout(settle, 5);
      const REJECTING = {
        'a thenable': () => ({
          // biome-ignore lint/suspicious/noThenProperty: what is tested
          then: (_resolve, reject) => later(() => reject(mine)),
        }),
        bluebird: () => require('bluebird').delay(5).throw(mine),
        'another realm': () => vm.runInNewContext('Promise.reject(reason)', { reason: mine }),
        'a thenable that also throws': () => ({
          // biome-ignore lint/suspicious/noThenProperty: what is tested
          then() {
            throw undefined;
          },
        }),
      };
      for (const [what, reject] of Object.entries(REJECTING)) {
        for (const method of ['validateJwtAccessToken', 'validateAccessToken']) {
          const client = clientWith();
          client[method] = reject;
          const api = await startOne(t, protectApi(client));
          const { status } = await get(api.url, await tenant.issueToken());
          assert.equal(status, 401, `${what} ${method}`);
        }
      }
    });

    it('answers for all that it is given: scopes, groups, binding, certificate', async (t) => {
      const client = clientWith();
      const given = [];
      client.validateJwtAccessToken = (_token, options) => {
        given.push(options);
        return vm.runInNewContext("({ sub: 'realm' })");
      };
      const options = { scopes: ['a'], groups: ['b'], validateCertificateBinding: true };
      const parts = [client, { certificateResolver: () => 'pem' }];
      const api = await startOne(t, protectApi(...parts), options);
      const { json } = await get(api.url, await tenant.issueToken());
      assert.equal(json.claims.sub, 'realm');
      assert.deepEqual(given, [{ ...options, clientCertificate: 'pem' }]);
    });

    it('that a getter shows only the second time lets nobody in', async (t) => {
      const client = clientWith();
      const own = client.validateAccessToken;
      let reads = 0;
      Object.defineProperty(client, 'validateAccessToken', {
        get() {
          reads += 1;
          return reads % 2 === 0 ? async () => undefined : own;
        },
      });
      const api = await startOne(t, protectApi(client), { scopes: ['admin'] });
      const reader = await tenant.issueToken({ scopes: ['read'] });
      for (let time = 0; time < 4; time += 1) {
        assert.ok([401, 403].includes((await get(api.url, reader)).status));
      }
    });
  });
}

describe('a cache', () => {
  it('gave a JWT-validating client’s entry as an introspection result', async () => {
    const cache = createMemoryCache();
    const token = await tenant.issueToken();
    await clientWith({ cache }).validateAccessToken(token);
    tenant.revoke(token);
    const asking = clientWith({ cache, introspectJwtTokens: true });
    await assert.rejects(asking.validateAccessToken(token), { code: 'inactive_token' });
  });

  it('kept introspections although introspectionCacheDuration is 0', async () => {
    const calls = [];
    const record = (name) => async () => void calls.push(name);
    const cache = { get: record('get'), set: record('set'), delete: record('delete') };
    const client = clientWith({ cache, introspectionCacheDuration: 0 });
    const token = await tenant.issueOpaqueToken();
    await client.validateAccessToken(token);
    tenant.revoke(token);
    await assert.rejects(client.validateAccessToken(token), { code: 'inactive_token' });
    assert.deepEqual(calls, []);
  });

  it('remembers an inactive token where the duration is set, and only there', async () => {
    for (const [introspectionCacheDuration, asked] of [
      [60, 1],
      [undefined, 3],
    ]) {
      const client = clientWith({ cache: createMemoryCache(), introspectionCacheDuration });
      const before = tenant.requests.introspection;
      for (let time = 0; time < 3; time += 1) {
        await assert.rejects(client.validateAccessToken('unknown'), { code: 'inactive_token' });
      }
      assert.equal(tenant.requests.introspection - before, asked);
    }
  });
});
