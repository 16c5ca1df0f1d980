'use strict';

// Contract §3 and §9: a validateAccessToken that a program has put in place gets the documented options of
// the route, each time as fresh copies, and not the route's own rule.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { guarded, ownClient, startTenant } = require('../support/guarded.js');
const { get } = require('../support/http.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');

const ROUTE = {
  scopes: ['a'],
  anyScope: ['b', 'c'],
  groups: ['d'],
  claims: { plan: ['team', 'enterprise'], level: 3, staff: true, ['__proto__']: 'x' },
  acr: ['urn:example:mfa'],
  maxAge: 300,
  validateCertificateBinding: false,
  authorize: () => true,
  optional: true,
};

/** What a method gets of that: a value that stands alone is a list of one. */
const documented = () => ({
  scopes: ['a'],
  anyScope: ['b', 'c'],
  groups: ['d'],
  claims: { plan: ['team', 'enterprise'], level: [3], staff: [true], ['__proto__']: ['x'] },
  acr: ['urn:example:mfa'],
  maxAge: 300,
  validateCertificateBinding: false,
});

/** Changes everything that can be changed in it. */
function spoil(value) {
  if (typeof value !== 'object') return;
  for (const name of Object.keys(value)) {
    spoil(value[name]);
    value[name] = 'spoilt';
  }
  if (Array.isArray(value)) value.push('more');
  else value.more = true;
}

function assertPlain(value) {
  if (typeof value !== 'object') return;
  const prototype = Array.isArray(value) ? Array.prototype : Object.prototype;
  assert.equal(Object.getPrototypeOf(value), prototype);
  assert.ok(!Object.isFrozen(value));
  for (const name of Object.keys(value)) assertPlain(value[name]);
}

for (const { name, protectApi, startOne } of guarded) {
  describe(`the options that a replaced method gets, with ${name}`, () => {
    it('are the route’s, documented, plain and fresh', async (t) => {
      const seen = [];
      const client = ownClient(async (_token, options, ...more) => {
        assert.deepEqual(more, []);
        assertPlain(options);
        seen.push(options);
        assert.deepEqual(options, documented());
        assert.deepEqual(Object.keys(options.claims), Object.keys(documented().claims));
        spoil(options);
        return { sub: 'ada' };
      });
      const api = await startOne(t, protectApi(client), ROUTE);
      for (let count = 0; count < 3; count += 1) {
        const { status, text } = await get(api.url, 'token');
        assert.equal(status, 200, text);
      }
      assert.equal(new Set(seen).size, 3);
      assert.deepEqual(api.errors, []);
    });

    it('are what the route was set up with, whatever becomes of that', async (t) => {
      const route = structuredClone({ ...ROUTE, authorize: undefined });
      const seen = [];
      const client = ownClient(async (_token, options) => {
        seen.push(options);
        return { sub: 'ada' };
      });
      const api = await startOne(t, protectApi(client), route);
      spoil(route);
      assert.equal((await get(api.url, 'token')).status, 200);
      assert.deepEqual(seen, [documented()]);
    });

    it('are taken by the method that was replaced', async (t) => {
      const tenant = await startTenant(t);
      class Client extends MonoCloudBackendNodeClient {
        async validateAccessToken(token, options) {
          return { ...(await super.validateAccessToken(token, options)), own: true };
        }
      }
      const client = new Client(tenant.options());
      const claims = { plan: 'team', level: 3, staff: true, ['__proto__']: 'x' };
      const now = Math.floor(Date.now() / 1000);
      const good = {
        scope: 'a c',
        groups: ['d'],
        acr: 'urn:example:mfa',
        auth_time: now,
        ...claims,
        ['__proto__']: 'x',
      };
      const api = await startOne(t, protectApi(client), ROUTE);
      const { status, json, text } = await get(api.url, tenant.token(good));
      assert.deepEqual([status, json.claims?.own], [200, true], text);
      for (const worse of [
        { scope: 'c' },
        { scope: 'a' },
        { groups: [] },
        { plan: 'free' },
        { level: '3' },
        { staff: 1 },
        { acr: 'urn:example:pwd' },
        { auth_time: now - 301 },
        { auth_time: undefined },
      ]) {
        const answer = await get(api.url, tenant.token({ ...good, ...worse }));
        assert.ok([401, 403].includes(answer.status), JSON.stringify(worse));
      }
    });
  });
}
