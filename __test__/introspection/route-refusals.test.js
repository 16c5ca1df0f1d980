'use strict';

// What a route refuses says nothing of the token: each such refusal for itself leaves what the cache
// holds alone, and each refusal of the token itself takes it out (contract §6).

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient, MonoCloudTokenError } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { createCa, createClientCert } = require('../support/certs.js');

const [own, other] = [1, 2].map((n) => createClientCert(createCa(), { name: `c${n}` }));

let tenant;
before(async () => {
  tenant = await createTestTenant({ algorithms: ['ES256'] });
});
after(() => tenant?.close());

/** A cache, with what it was told. */
function noting() {
  const entries = new Map();
  const told = { set: 0, delete: 0 };
  return {
    entries,
    told,
    get: async (token) => entries.get(token),
    set: async (token, claims) => {
      told.set += 1;
      entries.set(token, claims);
    },
    delete: async (token) => {
      told.delete += 1;
      entries.delete(token);
    },
  };
}

const bound = { scopes: ['read'], groups: ['g'], certificate: own.cert };
const free = { scopes: ['read'], groups: ['g'] };
const required = { validateCertificateBinding: true };

/** By the reason: the token, and what is asked of it. */
const OF_THE_ROUTE = {
  missing_scopes: [free, { scopes: ['read', 'write'] }],
  missing_groups: [free, { groups: ['h'] }],
  certificate_missing: [bound, {}],
  certificate_missing_resumed_session: [bound, { clientCertificate: ' ' }],
  certificate_malformed: [bound, { clientCertificate: 'x' }],
  certificate_mismatch: [bound, { clientCertificate: other.cert }],
  token_not_bound: [free, { ...required, clientCertificate: own.cert }],
  unsupported_confirmation: [
    { ...free, claims: { cnf: { kid: 'a' } } },
    { ...required, clientCertificate: own.cert },
  ],
};

async function reasonOf(client, token, options) {
  try {
    await client.validateAccessToken(token, options);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof MonoCloudTokenError, error.stack);
    return error.reason;
  }
}

describe('an entry of a cache', () => {
  for (const [reason, [issued, asked]] of Object.entries(OF_THE_ROUTE)) {
    it(`stays where a route refuses with ${reason}, and is set whatever the first route says`, async () => {
      const token = await tenant.issueOpaqueToken(issued);
      const cache = noting();
      const client = new MonoCloudBackendNodeClient(tenant.clientOptions({ cache }));
      const before = tenant.requests.introspection;
      for (let time = 0; time < 3; time += 1) {
        assert.equal(await reasonOf(client, token, asked), reason);
        assert.deepEqual(cache.told, { set: 1, delete: 0 });
      }
      // Another route lets it in, out of the cache.
      assert.equal(await reasonOf(client, token, { clientCertificate: own.cert }), undefined);
      assert.deepEqual(cache.told, { set: 1, delete: 0 });
      assert.equal(tenant.requests.introspection, before + 1);
    });
  }

  const now = () => Math.floor(Date.now() / 1000);
  const OF_THE_TOKEN = {
    'another issuer': () => ({ iss: 'https://other.example' }),
    'another audience': () => ({ aud: 'https://other.example' }),
    'no audience': () => ({ aud: undefined }),
    'a subject that is no text': () => ({ sub: 1 }),
    'an end that is past': () => ({ exp: now() - 1000 }),
    'an end that is no number': () => ({ exp: `${now() + 1000}` }),
    'no end': () => ({ exp: undefined }),
    'a beginning to come': () => ({ nbf: now() + 1000 }),
    'a beginning that is no number': () => ({ nbf: 'x' }),
  };

  for (const [what, change] of Object.entries(OF_THE_TOKEN)) {
    it(`goes where it has ${what}, and the tenant is asked`, async () => {
      const token = await tenant.issueOpaqueToken(free);
      const cache = noting();
      const client = new MonoCloudBackendNodeClient(tenant.clientOptions({ cache }));
      assert.equal(await reasonOf(client, token), undefined);
      const good = cache.entries.get(token);
      cache.entries.set(token, { ...good, ...change() });
      const before = tenant.requests.introspection;
      assert.equal(await reasonOf(client, token), undefined);
      assert.equal(tenant.requests.introspection, before + 1);
      assert.deepEqual(cache.told, { set: 2, delete: 1 });
      assert.deepEqual(cache.entries.get(token), good);
    });
  }
});
