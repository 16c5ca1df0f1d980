'use strict';

// Contract §9: `optional`. A request without a token passes without claims; a bad token is still refused.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { assertAnswer } = require('../support/answers.js');
const { authorized, guarded, startTenant } = require('../support/guarded.js');
const { get, raw } = require('../support/http.js');
const { createClientCert } = require('../support/certs.js');

const handler = (request) => ({ has: 'claims' in request, claims: request.claims ?? null });
const NOBODY = { has: true, claims: null };

for (const { name, protectApi, start, startOne } of guarded) {
  const serve = (t, options, route, more) =>
    start(t, protectApi(options), [{ path: '/', options: route, handler }], more);

  describe(`a route that needs no token, with ${name}`, () => {
    const route = { optional: true };

    it('is 200 without claims where there is no token', async (t) => {
      const tenant = await startTenant(t);
      const api = await serve(t, tenant.options(), route);
      const token = tenant.token();
      const requests = [
        [],
        [['Authorization', '']],
        [['Authorization', 'Basic YWRhOnNlY3JldA==']],
        [['Authorization', `Bearers ${token}`]],
        [['Authorization', token]],
        [['X-Authorization', `Bearer ${token}`]],
      ];
      for (const headers of requests) {
        const { status, json } = await raw(api.url, { headers });
        assert.deepEqual([status, json], [200, NOBODY], JSON.stringify(headers));
      }
      assert.deepEqual(tenant.requests, { discovery: 0, jwks: 0, introspection: 0, other: 0 });
      assert.deepEqual(api.errors, []);
    });

    it('is 200 with the claims of a token that passes', async (t) => {
      const tenant = await startTenant(t);
      const api = await serve(t, tenant.options(), route);
      const { status, json } = await get(api.url, tenant.token({ sub: 'ada' }));
      assert.deepEqual([status, json.claims.sub], [200, 'ada']);
    });

    it('is 401 for a header of the scheme Bearer without exactly one token', async (t) => {
      const tenant = await startTenant(t);
      const api = await serve(t, tenant.options(), route);
      const token = tenant.token();
      const values = ['Bearer', 'bearer', 'Bearer ', 'Bearer \t', `Bearer ${token} ${token}`];
      for (const value of [...values, 'BEARER\ta\tb', '  Bearer a b']) {
        assertAnswer(await raw(api.url, authorized(value)), 'invalid token', value.slice(0, 20));
      }
    });

    it('is 401 for a bad token, and 403 for one that lacks what the route asks for', async (t) => {
      const tenant = await startTenant(t);
      const api = await serve(t, tenant.options(), { ...route, groups: ['admin'] });
      const past = Math.floor(Date.now() / 1000) - 3600;
      for (const token of [
        'rubbish',
        '...',
        tenant.token({ exp: past, groups: ['admin'] }),
        tenant.token({ aud: 'https://other.example.com', groups: ['admin'] }),
        `${tenant.token({ groups: ['admin'] }).slice(0, -4)}AAAA`,
      ]) {
        assertAnswer(await get(api.url, token), 'invalid token');
      }
      assertAnswer(await get(api.url, tenant.token()), 'forbidden');
      assert.equal((await get(api.url, tenant.token({ groups: ['admin'] }))).status, 200);
      assert.deepEqual((await get(api.url)).json, NOBODY);
    });

    it('is 503 for a token where the tenant is out of reach, and 200 without one', async (t) => {
      const tenant = await startTenant(t);
      tenant.on('discovery', (_request, response) => response.writeHead(503).end());
      const api = await serve(t, tenant.options(), route);
      assertAnswer(await get(api.url, tenant.token()), 'unavailable');
      assert.deepEqual((await get(api.url)).json, NOBODY);
    });

    it('takes a tokenResolver’s word for it that there is no token', async (t) => {
      const tenant = await startTenant(t);
      const given = { value: '' };
      const tokenResolver = async () => {
        if (given.value instanceof Error) throw given.value;
        return given.value;
      };
      const api = await serve(t, tenant.options({ tokenResolver }), route);
      const token = tenant.token({ sub: 'ada' });
      // An empty string: the header is not looked at, good or bad.
      for (const value of ['', '  ', '\t\n']) {
        given.value = value;
        for (const header of [undefined, token, 'rubbish']) {
          assert.deepEqual((await get(api.url, header)).json, NOBODY, JSON.stringify(value));
        }
        assert.deepEqual((await raw(api.url, authorized('Bearer'))).json, NOBODY);
      }
      // Nothing: it is.
      for (const value of [undefined, null]) {
        given.value = value;
        assert.deepEqual((await get(api.url)).json, NOBODY);
        assert.equal((await get(api.url, token)).json.claims.sub, 'ada');
        assertAnswer(await get(api.url, 'rubbish'), 'invalid token');
        assertAnswer(await raw(api.url, authorized('Bearer a b')), 'invalid token');
      }
      given.value = token;
      assert.equal((await raw(api.url, authorized('Bearer a b'))).json.claims.sub, 'ada');
      // What is no string is not the lack of a token.
      for (const value of ['rubbish', 0, 1, true, false, {}, [], [''], new Error('no')]) {
        given.value = value;
        assertAnswer(await get(api.url), 'invalid token', String(value));
      }
    });

    it('does not ask authorize where there are no claims', async (t) => {
      const tenant = await startTenant(t);
      const asked = [];
      const authorize = (claims) => {
        asked.push(claims.sub);
        return claims.sub === 'ada';
      };
      const api = await serve(t, tenant.options(), { ...route, authorize });
      assert.deepEqual((await get(api.url)).json, NOBODY);
      assert.deepEqual(asked, []);
      assert.equal((await get(api.url, tenant.token({ sub: 'ada' }))).status, 200);
      assertAnswer(await get(api.url, tenant.token({ sub: 'bob' })), 'forbidden');
      assert.deepEqual(asked, ['ada', 'bob']);
    });

    it('needs no certificate where there is no token', async (t) => {
      const tenant = await startTenant(t);
      const { cert } = createClientCert();
      const options = tenant.options({ certificateResolver: () => cert });
      const api = await serve(t, options, { ...route, validateCertificateBinding: true });
      assert.deepEqual((await get(api.url)).json, NOBODY);
      assertAnswer(await get(api.url, tenant.token()), 'invalid token');
    });

    it('leaves no claims on the request that something else has put there', async (t) => {
      const tenant = await startTenant(t);
      const setup = (app) => {
        const pretend = (request, _response, next) => {
          request.claims = { sub: 'somebody else' };
          next();
        };
        if (app.addHook) app.addHook('onRequest', pretend);
        else app.use(pretend);
      };
      const api = await serve(t, tenant.options(), route, { setup });
      assert.deepEqual((await get(api.url)).json, NOBODY);
    });
  });

  describe(`a route that says nothing of that, with ${name}`, () => {
    it('needs a token', async (t) => {
      const tenant = await startTenant(t);
      for (const route of [{ optional: false }, { optional: undefined }, { optional: null }, {}]) {
        const api = await startOne(t, protectApi(tenant.options()), route);
        assertAnswer(await get(api.url), 'no token');
      }
      const polluted = Object.prototype;
      polluted.optional = true;
      t.after(() => delete polluted.optional);
      const api = await startOne(t, protectApi(tenant.options()), {});
      assertAnswer(await get(api.url), 'no token');
    });

    it('is not opened by what is no boolean', async (t) => {
      const tenant = await startTenant(t);
      for (const optional of ['true', 'false', 1, 0, {}, []]) {
        assert.throws(() => protectApi(tenant.options())({ optional }), {
          name: 'MonoCloudValidationError',
          message: '"optional" must be a boolean',
        });
      }
    });
  });
}
