'use strict';

// Contract §9: `authorize`, a route's own rule. Only `true` lets a request in.

const assert = require('node:assert/strict');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { describe, it } = require('node:test');
const vm = require('node:vm');
const { assertAnswer } = require('../support/answers.js');
const { guarded, ownClient, passes, startTenant } = require('../support/guarded.js');
const { get } = require('../support/http.js');
const { MonoCloudTokenError, MonoCloudValidationError } = require('@monocloud/backend-node');

const REFUSED = '@monocloud/backend-node:refused';

/** A promise of no class that anybody knows. */
const thenable = (settle) => Object.defineProperty({}, 'then', { value: settle });

/** What lets a request in. */
const ALLOWED = {
  true: () => true,
  'a promise of true': async () => true,
  'a thenable of true': () => thenable((resolve) => resolve(true)),
  'a promise of another realm': () => vm.runInNewContext('Promise.resolve(true)'),
  'a promise of a promise': () => thenable((resolve) => resolve(Promise.resolve(true))),
};

const reject = (error) => () => Promise.reject(error);
const fail = (error) => () => {
  throw error;
};
const error = new Error('the database is away');

/** What does not; with what it throws, if it does. */
const DENIED = {
  false: [() => false],
  undefined: [() => {}],
  null: [() => null],
  1: [() => 1],
  'the text true': [() => 'true'],
  'an object': [() => ({ allowed: true })],
  'an array': [() => [true]],
  'a Boolean object': [() => Object(true)],
  'a function': [() => () => true],
  'a promise of false': [async () => false],
  'a promise of undefined': [async () => {}],
  'a promise of 1': [async () => 1],
  'a promise of an object': [async () => ({})],
  'a thenable of a text': [() => thenable((resolve) => resolve('yes'))],
  'a revoked proxy': [revoked, TypeError],
  'an error': [fail(error), error],
  'a text that is thrown': [fail('route'), 'route'],
  'undefined that is thrown': [fail(undefined)],
  'a rejection': [reject(error), error],
  'a rejection with true': [reject(true), true],
  'a rejection with undefined': [reject(undefined)],
  'a thenable that throws': [() => thenable(fail(error)), error],
  'a then that throws when it is read': [
    () => Object.defineProperty({}, 'then', { get: fail(error) }),
    error,
  ],
  'an error of a token': [
    fail(new MonoCloudTokenError('no', 'invalid_token')),
    MonoCloudTokenError,
  ],
};

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** The messages of the channel `refused` until the test ends. */
function listen(t) {
  const messages = [];
  const hear = (message) => messages.push(message);
  subscribe(REFUSED, hear);
  t.after(() => unsubscribe(REFUSED, hear));
  return messages;
}

for (const { name, protectApi, start, startOne } of guarded) {
  describe(`authorize, with ${name}`, () => {
    for (const [what, authorize] of Object.entries(ALLOWED)) {
      it(`lets a request in for ${what}`, async (t) => {
        const messages = listen(t);
        const api = await startOne(t, protectApi(passes), { authorize });
        const { status, json } = await get(api.url, 'ada');
        assert.deepEqual([status, json], [200, { claims: { sub: 'ada' } }]);
        assert.deepEqual([api.errors, messages], [[], []]);
      });
    }

    it('refuses a request for anything else, and tells what was thrown', async (t) => {
      const tenant = await startTenant(t);
      let handled = 0;
      const handler = () => {
        handled += 1;
        return {};
      };
      const routes = Object.values(DENIED).map(([authorize], index) => ({
        path: `/${index}`,
        options: { authorize },
        handler,
      }));
      const api = await start(t, protectApi(tenant.options()), routes);
      const messages = listen(t);
      for (const [index, [what, [, thrown]]] of Object.entries(DENIED).entries()) {
        assertAnswer(await get(`${api.url}/${index}`, tenant.token()), 'forbidden', what);
        const { error: told, ...message } = messages.pop();
        const expected = {
          tenantDomain: tenant.issuer,
          code: 'access_denied',
          reason: 'not_authorized',
        };
        assert.deepEqual(message, expected, what);
        if (typeof thrown === 'function') assert.ok(told instanceof thrown, what);
        else assert.equal(told, thrown, what);
      }
      assert.deepEqual([handled, api.errors, messages], [0, [], []]);
    });

    it('gets the claims and the request that the handler gets, and may change the claims', async (t) => {
      const tenant = await startTenant(t);
      let seen = [];
      const api = await start(t, protectApi(tenant.options()), [
        {
          path: '/:org',
          options: {
            async authorize(claims, request, ...more) {
              seen = [claims, request.raw ?? request, more.length];
              await null;
              claims.org = request.params.org;
              delete claims.scope;
              return Object.keys(claims).length > 0;
            },
          },
          handler(request) {
            assert.equal(request.claims, seen[0]);
            assert.equal(request.raw ?? request, seen[1]);
            assert.equal(seen[2], 0);
            return request.claims;
          },
        },
        { path: '/other/claims', handler: ({ claims }) => claims },
      ]);
      const token = tenant.token();
      for (let count = 0; count < 3; count += 1) {
        const { json } = await get(`${api.url}/acme`, token);
        assert.deepEqual([json.org, json.sub, json.scope], ['acme', 'user', undefined]);
        // The same token elsewhere, and the next time, is as it was signed.
        const { json: other } = await get(`${api.url}/other/claims`, token);
        assert.deepEqual([other.org, other.scope], [undefined, 'posts:read']);
      }
      assert.deepEqual(api.errors, []);
    });

    it('runs last: nothing that is refused for another reason gets there', async (t) => {
      const tenant = await startTenant(t);
      let asked = 0;
      const authorize = () => {
        asked += 1;
        return true;
      };
      const routes = [
        { path: '/', options: { authorize } },
        { path: '/scopes', options: { authorize, scopes: ['admin'] } },
        { path: '/groups', options: { authorize, groups: ['admin'] } },
        { path: '/binding', options: { authorize, validateCertificateBinding: true } },
      ];
      const api = await start(t, protectApi(tenant.options()), routes);
      const past = Math.floor(Date.now() / 1000) - 3600;
      assertAnswer(await get(api.url), 'no token');
      for (const claims of [{ exp: past }, { aud: 'https://other.example.com' }, { iss: 'x' }]) {
        assertAnswer(await get(api.url, tenant.token(claims)), 'invalid token');
      }
      const token = tenant.token();
      assertAnswer(await get(`${api.url}/groups`, token), 'forbidden');
      assertAnswer(await get(`${api.url}/binding`, token), 'invalid token');
      assert.equal((await get(`${api.url}/scopes`, token)).status, 403);
      assert.equal(asked, 0);
      assert.equal((await get(api.url, token)).status, 200);
      assert.equal(asked, 1, 'once for each request');
    });

    it('is asked for what a method of the program’s own returns, too', async (t) => {
      const api = await startOne(t, protectApi(passes), { authorize: ({ sub }) => sub === 'ada' });
      assert.equal((await get(api.url, 'ada')).status, 200);
      assertAnswer(await get(api.url, 'bob'), 'forbidden');
      const messages = listen(t);
      assertAnswer(await get(api.url, 'eve'), 'forbidden');
      // Nobody knows whose token it was to be.
      assert.deepEqual(messages, [
        { tenantDomain: '', code: 'access_denied', reason: 'not_authorized' },
      ]);
      for (const claims of [undefined, true, [], 'ada']) {
        const none = ownClient(async () => claims);
        const open = await startOne(t, protectApi(none), { authorize: () => true });
        assertAnswer(await get(open.url, 'ada'), 'invalid token');
      }
    });

    it('that never answers keeps the request until its own time limit', async (t) => {
      let handled = 0;
      const handler = () => {
        handled += 1;
        return {};
      };
      let answer;
      const authorize = ({ sub }) =>
        sub === 'ada' ||
        new Promise((resolve) => {
          answer = resolve;
        });
      const routes = [{ path: '/', options: { authorize }, handler }];
      const api = await start(t, protectApi(passes), routes);
      api.server.setTimeout(200);
      await assert.rejects(get(api.url, 'bob'), /no complete response/);
      // Too late: the answer is written to nobody, and is nobody's error.
      answer(false);
      assert.equal((await get(api.url, 'ada')).status, 200);
      assert.deepEqual([handled, api.errors], [1, []]);
    });

    it('is read once, and must be a function', async (t) => {
      const options = { authorize: () => false };
      const api = await startOne(t, protectApi(passes), options);
      options.authorize = () => true;
      assertAnswer(await get(api.url, 'ada'), 'forbidden');
      for (const authorize of [true, 'admin', {}, [() => true]]) {
        assert.throws(() => protectApi(passes)({ authorize }), {
          name: 'MonoCloudValidationError',
          message: '"authorize" must be a function',
        });
      }
      assert.throws(() => protectApi(passes)({ authorise: () => true }), MonoCloudValidationError);
      const polluted = Object.prototype;
      polluted.authorize = () => true;
      t.after(() => delete polluted.authorize);
      const strict = await startOne(t, protectApi(passes), { authorize: () => false });
      assertAnswer(await get(strict.url, 'ada'), 'forbidden');
    });
  });
}
