'use strict';

// Contract §9: `claims` of a route. Each must be there and be one of the allowed values, of the same type.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { assertAnswer } = require('../support/answers.js');
const { guarded, startTenant } = require('../support/guarded.js');
const { get } = require('../support/http.js');
const { WAYS } = require('../support/ways.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');

const MISMATCH = {
  name: 'MonoCloudTokenError',
  code: 'access_denied',
  reason: 'claims_mismatch',
};

/** `[claims of the token, claims of the route]` that go together. */
const MET = [
  [{}, {}],
  [{ plan: 'team' }, {}],
  [{ plan: 'team' }, { plan: 'team' }],
  [{ plan: 'team' }, { plan: ['team'] }],
  [{ plan: 'team' }, { plan: ['free', 'team', 'team'] }],
  [{ plan: '' }, { plan: '' }],
  [{ level: 3 }, { level: 3 }],
  [{ level: -0.5 }, { level: [1, -0.5] }],
  [{ level: 0 }, { level: 0 }],
  [{ staff: true }, { staff: true }],
  [{ staff: false }, { staff: false }],
  [{ staff: false }, { staff: [true, false] }],
  [{ mixed: 1 }, { mixed: ['1', true, 1] }],
  [
    { a: 1, b: '2', c: true },
    { a: 1, b: '2', c: true },
  ],
  [
    { constructor: 'x', toString: 'y' },
    { constructor: 'x', toString: 'y' },
  ],
  [{ ['__proto__']: 'x' }, { ['__proto__']: 'x' }],
  [{ '': 'empty' }, { '': 'empty' }],
  [{ 'a~b': 'x' }, { 'a~b': 'x' }],
  [{ 'naïve ☃': 'ﬁ' }, { 'naïve ☃': 'ﬁ' }],
  // Pointers (RFC 6901).
  [{ realm_access: { roles: ['user', 'admin'] } }, { '/realm_access/roles/1': 'admin' }],
  [{ a: { b: { c: [[{ d: 7 }]] } } }, { '/a/b/c/0/0/d': 7 }],
  [{ 'https://x.example/plan': 'team' }, { 'https://x.example/plan': 'team' }],
  [{ 'a/b': { 'm~n': 1 } }, { '/a~1b/m~0n': 1 }],
  [{ '~1': { x: 2 } }, { '/~01/x': 2 }],
  [{ '': { '': 2 } }, { '//': 2 }],
  // A claim whose name is the pointer.
  [{ a: { b: 'other' }, '/a/b': 'this' }, { '/a/b': 'this' }],
];

/** And that do not. */
const NOT_MET = [
  [{}, { plan: 'team' }],
  [{ plan: undefined }, { plan: 'team' }],
  [{ plan: null }, { plan: 'null' }],
  [{ plan: 'free' }, { plan: 'team' }],
  [{ plan: 'free' }, { plan: ['team', 'enterprise'] }],
  [{ plan: 'Team' }, { plan: 'team' }],
  [{ plan: 'team ' }, { plan: 'team' }],
  [{ plan: '\u00e9' }, { plan: 'e\u0301' }],
  [{ plan: 'team enterprise' }, { plan: 'team' }],
  // Types do not mix.
  [{ level: '3' }, { level: 3 }],
  [{ level: 3 }, { level: '3' }],
  [{ level: 1 }, { level: true }],
  [{ level: 0 }, { level: false }],
  [{ staff: true }, { staff: 1 }],
  [{ staff: 'true' }, { staff: true }],
  [{ staff: true }, { staff: 'true' }],
  [{ staff: false }, { staff: '' }],
  [{ level: 0 }, { level: '' }],
  // Nor does a list or an object with what is in it.
  [{ plan: ['team'] }, { plan: 'team' }],
  [{ plan: { team: true } }, { plan: 'team' }],
  [{ plan: [] }, { plan: '' }],
  [{ level: [3] }, { level: [3] }],
  [{ level: 3.0000001 }, { level: 3 }],
  [{ level: -3 }, { level: 3 }],
  // One of several is not met.
  [
    { a: 1, b: 3 },
    { a: 1, b: 2 },
  ],
  [{ a: 1 }, { a: 1, b: 2 }],
  // What every object has is no claim.
  [{}, { constructor: 'x' }],
  [{}, { ['__proto__']: 'x' }],
  [{}, { '/constructor/name': 'Object' }],
  // Pointers to nowhere.
  [{ a: { b: 1 } }, { '/a/c': 1 }],
  [{ a: 1 }, { '/a/b': 1 }],
  [{ a: [1] }, { '/a/1': 1 }],
  [{ a: [1] }, { '/a/00': 1 }],
  [{ a: [1] }, { '/a/-': 1 }],
  [{ a: [1] }, { '/a/length': 1 }],
  [{ a: 'text' }, { '/a/0': 't' }],
  [{ a: { b: 1 } }, { 'a/b': 1 }],
  [{ a: { b: 'other' }, '/a/b': 'this' }, { '/a/b': 'other' }],
];

describe('the claims that a route asks for', () => {
  for (const [way, make] of Object.entries(WAYS)) {
    it(`are met or not, with ${way}`, async (t) => {
      const tenant = await startTenant(t);
      const validate = make(tenant);
      for (const [claims, required] of MET) {
        await assert.doesNotReject(
          validate(claims, { claims: required }),
          JSON.stringify([claims, required]),
        );
      }
      for (const [claims, required] of NOT_MET) {
        await assert.rejects(
          validate(claims, { claims: required }),
          MISMATCH,
          JSON.stringify([claims, required]),
        );
      }
    });
  }

  it('compare numbers as JSON has them', async (t) => {
    const tenant = await startTenant(t);
    const client = new MonoCloudBackendNodeClient(tenant.options());
    const token = (text) => {
      const claims = JSON.stringify(tenant.claims());
      return tenant.sign(`${claims.slice(0, -1)},"n":${text}}`);
    };
    for (const [text, value] of [
      ['1.0', 1],
      ['10e-1', 1],
      ['1E3', 1000],
      ['-0', 0],
      ['9007199254740992', 2 ** 53],
      ['1e400', 'never'],
    ]) {
      const validation = client.validateAccessToken(token(text), { claims: { n: value } });
      if (value === 'never') await assert.rejects(validation, { name: 'MonoCloudTokenError' });
      else await assert.doesNotReject(validation, text);
    }
    // The nearest double is 2 ** 53, but the integers differ.
    await assert.rejects(
      client.validateAccessToken(token('9007199254740993'), { claims: { n: 2 ** 53 } }),
      MISMATCH,
    );
  });

  it('are not met by a member that is named twice', async (t) => {
    const tenant = await startTenant(t);
    const client = new MonoCloudBackendNodeClient(tenant.options());
    const claims = JSON.stringify(tenant.claims());
    const token = tenant.sign(`${claims.slice(0, -1)},"a":{"b":1,"b":2}}`);
    await assert.doesNotReject(client.validateAccessToken(token));
    for (const value of [1, 2, [1, 2]]) {
      const options = { claims: { '/a/b': value } };
      await assert.rejects(client.validateAccessToken(token, options), MISMATCH);
    }
  });
});

for (const { name, protectApi, start } of guarded) {
  describe(`the claims that a route asks for, with ${name}`, () => {
    it('are a 403 where they are not met', async (t) => {
      const tenant = await startTenant(t);
      const routes = [
        { path: '/team', options: { claims: { plan: ['team', 'enterprise'], level: 3 } } },
        { path: '/role', options: { claims: { '/realm_access/roles/0': 'admin' } } },
        { path: '/any', options: { claims: {} } },
      ];
      const api = await start(t, protectApi(tenant.options()), routes);
      const good = { plan: 'team', level: 3, realm_access: { roles: ['admin'] } };
      for (const { path } of routes) {
        assert.equal((await get(api.url + path, tenant.token(good))).status, 200);
      }
      assert.equal((await get(`${api.url}/any`, tenant.token())).status, 200);
      for (const worse of [{ plan: 'free' }, { level: '3' }, { level: undefined }]) {
        const token = tenant.token({ ...good, ...worse });
        assertAnswer(await get(`${api.url}/team`, token), 'forbidden');
      }
      assertAnswer(await get(`${api.url}/role`, tenant.token()), 'forbidden');
      assertAnswer(await get(`${api.url}/role`), 'no token');
      assert.deepEqual(api.errors, []);
    });
  });
}
