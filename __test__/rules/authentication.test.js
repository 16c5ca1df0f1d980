'use strict';

// Contract §9, RFC 9470: `acr` and `maxAge` of a route, on both sides of each boundary. The clock stands still.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { guarded, startTenant } = require('../support/guarded.js');
const { get } = require('../support/http.js');
const { at } = require('../support/tokens.js');
const { WAYS } = require('../support/ways.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');

const CODE = 'insufficient_user_authentication';
const refused = (reason) => ({ name: 'MonoCloudTokenError', code: CODE, reason });

const MFA = 'urn:example:mfa';
const PWD = 'urn:example:pwd';
const NOW = Math.floor(Date.now() / 1000);
/** The default of `clockTolerance`. */
const TOLERANCE = 300;

/** `[claims, options, reason]`; without a reason the token passes. */
const CASES = [
  // acr
  [{ acr: MFA }, { acr: [MFA] }],
  [{ acr: MFA }, { acr: ['urn:example:hardware', MFA] }],
  [{ acr: '' }, { acr: [''] }],
  [{}, { acr: [MFA] }, 'acr_not_met'],
  [{ acr: PWD }, { acr: [MFA] }, 'acr_not_met'],
  [{ acr: MFA.toUpperCase() }, { acr: [MFA] }, 'acr_not_met'],
  [{ acr: `${MFA} ` }, { acr: [MFA] }, 'acr_not_met'],
  [{ acr: `${PWD} ${MFA}` }, { acr: [MFA] }, 'acr_not_met'],
  [{ acr: [MFA] }, { acr: [MFA] }, 'acr_not_met'],
  [{ acr: { value: MFA } }, { acr: [MFA] }, 'acr_not_met'],
  [{ acr: 2 }, { acr: ['2'] }, 'acr_not_met'],
  [{ acr: true }, { acr: ['true'] }, 'acr_not_met'],
  [{ acr: null }, { acr: ['null'] }, 'acr_not_met'],
  // maxAge, to the second
  [{ auth_time: NOW }, { maxAge: 300 }],
  [{ auth_time: NOW - 299 }, { maxAge: 300 }],
  [{ auth_time: NOW - 300 }, { maxAge: 300 }],
  [{ auth_time: NOW - 301 }, { maxAge: 300 }, 'login_too_old'],
  [{ auth_time: NOW - 300.5 }, { maxAge: 300 }, 'login_too_old'],
  [{ auth_time: NOW - 300.5 }, { maxAge: 300.5 }],
  [{ auth_time: NOW }, { maxAge: 0 }],
  [{ auth_time: NOW - 1 }, { maxAge: 0 }, 'login_too_old'],
  [{ auth_time: 0 }, { maxAge: NOW }],
  [{ auth_time: 0 }, { maxAge: NOW - 1 }, 'login_too_old'],
  [{ auth_time: -1 }, { maxAge: NOW }, 'login_too_old'],
  // a login that is to come
  [{ auth_time: NOW + 1 }, { maxAge: 0 }],
  [{ auth_time: NOW + TOLERANCE }, { maxAge: 0 }],
  [{ auth_time: NOW + TOLERANCE + 1 }, { maxAge: 300 }, 'missing_auth_time'],
  [{ auth_time: NOW + TOLERANCE + 1 }, { maxAge: 10 * NOW }, 'missing_auth_time'],
  [{ auth_time: 1e300 }, { maxAge: 300 }, 'missing_auth_time'],
  // no login at all
  [{}, { maxAge: 300 }, 'missing_auth_time'],
  [{}, { maxAge: 1e15 }, 'missing_auth_time'],
  [{ auth_time: null }, { maxAge: 300 }, 'missing_auth_time'],
  [{ auth_time: String(NOW) }, { maxAge: 300 }, 'missing_auth_time'],
  [{ auth_time: [NOW] }, { maxAge: 300 }, 'missing_auth_time'],
  [{ auth_time: { time: NOW } }, { maxAge: 300 }, 'missing_auth_time'],
  [{ auth_time: true }, { maxAge: 300 }, 'missing_auth_time'],
  [{ iat: NOW }, { maxAge: 300 }, 'missing_auth_time'],
  // both
  [
    { acr: MFA, auth_time: NOW },
    { acr: [MFA], maxAge: 300 },
  ],
  [{ acr: PWD, auth_time: NOW }, { acr: [MFA], maxAge: 300 }, 'acr_not_met'],
  [{ acr: MFA, auth_time: NOW - 301 }, { acr: [MFA], maxAge: 300 }, 'login_too_old'],
  // Nobody asks.
  [{ acr: 5, auth_time: 'yesterday' }, {}],
];

describe('how and when the user has signed in', () => {
  for (const [way, make] of Object.entries(WAYS)) {
    it(`is enough or not, with ${way}`, async (t) => {
      const tenant = await startTenant(t);
      const validate = make(tenant);
      for (const [claims, options, reason] of CASES) {
        const what = JSON.stringify([claims, options]);
        const validation = at(NOW, () => validate(claims, options));
        if (reason === undefined) await assert.doesNotReject(validation, what);
        else await assert.rejects(validation, refused(reason), what);
      }
    });
  }

  it('gets older while the token is remembered', async (t) => {
    const tenant = await startTenant(t);
    const client = new MonoCloudBackendNodeClient(tenant.options());
    const token = tenant.token({ auth_time: NOW - 298 });
    const ask = (now) => at(now, () => client.validateAccessToken(token, { maxAge: 300 }));
    for (const later of [0, 1, 2]) await assert.doesNotReject(ask(NOW + later));
    await assert.rejects(ask(NOW + 3), refused('login_too_old'));
    await assert.doesNotReject(ask(NOW + 2));
  });

  it('has the tolerance of the client on one side only', async (t) => {
    const tenant = await startTenant(t);
    for (const clockTolerance of [0, 60]) {
      const client = new MonoCloudBackendNodeClient(tenant.options({ clockTolerance }));
      const ask = (auth_time) =>
        at(NOW, () => client.validateAccessToken(tenant.token({ auth_time }), { maxAge: 300 }));
      await assert.doesNotReject(ask(NOW + clockTolerance));
      await assert.rejects(ask(NOW + clockTolerance + 1), refused('missing_auth_time'));
      await assert.doesNotReject(ask(NOW - 300));
      await assert.rejects(ask(NOW - 301), refused('login_too_old'));
    }
  });
});

for (const { name, protectApi, start } of guarded) {
  describe(`how and when the user has signed in, with ${name}`, () => {
    it('is a 401 that says what to ask for, where it is not enough', async (t) => {
      const tenant = await startTenant(t);
      const cases = [
        [{ acr: [MFA] }, `, acr_values="${MFA}"`],
        [{ acr: ['urn:example:hardware', MFA] }, `, acr_values="urn:example:hardware ${MFA}"`],
        [{ maxAge: 300 }, ', max_age="300"'],
        [{ maxAge: 0 }, ', max_age="0"'],
        [{ maxAge: 299.9 }, ', max_age="299"'],
        [{ acr: [MFA], maxAge: 300 }, `, acr_values="${MFA}", max_age="300"`],
        // What can't stand in a challenge.
        [{ acr: ['with "quotes"'] }, ''],
        [{ acr: ['two words'], maxAge: 60 }, ', max_age="60"'],
      ];
      const routes = cases.map(([options], index) => ({ path: `/${index}`, options }));
      const api = await start(t, protectApi(tenant.options()), routes);
      const old = tenant.token({ acr: PWD, auth_time: NOW - 3600 });
      for (const [index, [options, asked]] of cases.entries()) {
        const { status, json, headers } = await get(`${api.url}/${index}`, old);
        const what = JSON.stringify(options);
        assert.deepEqual([status, json], [401, { message: 'unauthorized' }], what);
        assert.equal(headers['www-authenticate'], `Bearer error="${CODE}"${asked}`, what);
      }
      const fresh = tenant.token({ acr: MFA, auth_time: Math.floor(Date.now() / 1000) });
      for (const index of [0, 1, 2, 5]) {
        assert.equal((await get(`${api.url}/${index}`, fresh)).status, 200);
      }
      // A token that does not pass anyway is no reason to sign in again.
      const bad = tenant.token({ auth_time: NOW, aud: 'https://other.example.com' });
      const { headers } = await get(`${api.url}/5`, bad);
      assert.equal(headers['www-authenticate'], 'Bearer error="invalid_token"');
      assert.deepEqual(api.errors, []);
    });
  });
}
