'use strict';

// Contract §9: `anyScope`, of which a token needs one, beside `scopes`, of which it needs all; and the scopes
// in the challenge (RFC 6750 §3).

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { guarded, startTenant } = require('../support/guarded.js');
const { get } = require('../support/http.js');
const { WAYS } = require('../support/ways.js');

const MISSING = {
  name: 'MonoCloudTokenError',
  message: 'Token is missing required scopes',
  code: 'insufficient_scope',
  reason: 'missing_scopes',
};

/** `[scope of the token, anyScope, scopes]` */
const MET = [
  ['a', ['a']],
  ['a', ['a', 'b']],
  ['b', ['a', 'b']],
  ['b a', ['a', 'b']],
  ['x b y', ['a', 'b', 'c']],
  ['a b', ['b'], ['a']],
  ['a', ['a'], ['a']],
  ['a', ['a'], []],
  ['a', ['b', 'a', 'a'], ['a']],
];

const NOT_MET = [
  [undefined, ['a']],
  ['', ['a']],
  ['', ['']],
  ['b', ['a']],
  ['aa', ['a']],
  ['A', ['a']],
  ['a b', ['a b']],
  ['c', ['a', 'b']],
  // All of `scopes`, and one of `anyScope`.
  ['a', ['b'], ['a']],
  ['b', ['b'], ['a']],
  ['a b', ['b'], ['a', 'c']],
  // A list, where a string belongs.
  [['a'], ['a']],
];

describe('one of several scopes', () => {
  for (const [way, make] of Object.entries(WAYS)) {
    it(`is there or not, with ${way}`, async (t) => {
      const tenant = await startTenant(t);
      const validate = make(tenant);
      for (const [scope, anyScope, scopes] of MET) {
        const validation = validate({ scope }, { anyScope, scopes });
        await assert.doesNotReject(validation, `${scope}: ${anyScope}`);
      }
      for (const [scope, anyScope, scopes] of NOT_MET) {
        const validation = validate({ scope }, { anyScope, scopes });
        await assert.rejects(validation, MISSING, `${scope}: ${anyScope}`);
      }
    });
  }
});

for (const { name, protectApi, start } of guarded) {
  describe(`one of several scopes, with ${name}`, () => {
    it('is a 403 that names the scopes of the route', async (t) => {
      const tenant = await startTenant(t);
      const cases = [
        [{ anyScope: ['posts:write', 'admin'] }, 'posts:write admin'],
        [{ scopes: ['posts:write'] }, 'posts:write'],
        [{ scopes: ['posts:write', 'admin'] }, 'posts:write admin'],
        [{ scopes: ['posts:read'], anyScope: ['admin', 'owner'] }, 'posts:read admin owner'],
        // What is no scope-token (RFC 6749 §3.3) can't stand in a challenge.
        [{ scopes: ['a "quoted" one'] }],
        [{ anyScope: ['posts:write', 'ünïcode'] }],
        [{ scopes: ['line\r\nX-Broken: 1'] }],
        [{ scopes: ['back\\slash'] }],
        [{ scopes: [''] }],
      ];
      const routes = cases.map(([options], index) => ({ path: `/${index}`, options }));
      const api = await start(t, protectApi(tenant.options()), routes);
      for (const [index, [options, scope]] of cases.entries()) {
        const { status, json, headers } = await get(`${api.url}/${index}`, tenant.token());
        assert.deepEqual([status, json], [403, { message: 'forbidden' }], JSON.stringify(options));
        const named = scope === undefined ? '' : `, scope="${scope}"`;
        assert.equal(headers['www-authenticate'], `Bearer error="insufficient_scope"${named}`);
        assert.equal(headers['x-broken'], undefined);
      }
      assert.equal((await get(`${api.url}/0`, tenant.token({ scope: 'admin' }))).status, 200);
      const both = tenant.token({ scope: 'owner posts:read' });
      assert.equal((await get(`${api.url}/3`, both)).status, 200);
      assert.deepEqual(api.errors, []);
    });
  });
}
