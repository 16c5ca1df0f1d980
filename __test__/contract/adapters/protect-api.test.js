'use strict';

// Contract §9: the arguments of `protectApi` and the client that a guard calls, for both majors of both frameworks.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');

const { raw, get } = require('../../support/http.js');
const { assertAnswer } = require('../../support/answers.js');
const { guarded, passes, startTenant } = require('../../support/guarded.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { moduleOf } = require('./support.js');

for (const { name, adapter, protectApi, start, startOne } of guarded) {
  describe(`protectApi of ${name}`, () => {
    it('calls validateAccessToken(token, options) of a client, and nothing else of it', async (t) => {
      const calls = [];
      const own = {
        secret: 'mine',
        async validateAccessToken(...args) {
          assert.equal(this.secret, 'mine', 'as a method of the client');
          calls.push(args);
          return { sub: 'own' };
        },
      };
      const touched = new Set();
      const client = new Proxy(own, {
        get(target, property, receiver) {
          if (property !== 'secret') touched.add(property);
          return Reflect.get(target, property, receiver);
        },
      });
      const route = { scopes: ['a', 'b'], groups: ['g'], validateCertificateBinding: true };
      const protect = protectApi(client, { certificateResolver: () => 'certificate' });
      const api = await start(t, protect, [{ path: '/' }, { path: '/route', options: route }]);
      assert.equal((await get(api.url, 'first')).json.claims.sub, 'own');
      assert.equal((await get(`${api.url}/route`, 'second')).json.claims.sub, 'own');
      assert.deepEqual([...touched], ['validateAccessToken']);
      // What is undefined is as good as absent.
      assert.deepEqual(JSON.parse(JSON.stringify(calls)), [
        ['first', { clientCertificate: 'certificate' }],
        ['second', { ...route, clientCertificate: 'certificate' }],
      ]);
    });

    it('says so where it is not called', async (t) => {
      const protect = protectApi(passes);
      // As the frameworks call what they are given.
      assert.throws(() => protect({ headers: {} }, {}, () => {}), {
        name: 'MonoCloudValidationError',
        message: /^protect must be called where the route is set up: protect\(\), not protect$/,
      });
      const app = require(moduleOf(name))();
      if (adapter === 'fastify') {
        t.after(() => app.close());
        app.get('/', { onRequest: protect }, async () => assert.fail('the handler ran'));
        const { status } = await get(await app.listen({ port: 0, host: '127.0.0.1' }));
        assert.equal(status, 500);
      } else {
        app.set('env', 'test');
        app.use(protect);
        app.get('/', () => assert.fail('the handler ran'));
        const server = app.listen(0);
        t.after(() => server.close());
        const { status } = await get(`http://localhost:${server.address().port}`);
        assert.equal(status, 500);
      }
    });

    it('calls the method that is on the client when the request comes', async (t) => {
      const tenant = await startTenant(t);
      const client = new MonoCloudBackendNodeClient(tenant.options());
      const api = await startOne(t, protectApi(client));
      assert.equal((await get(api.url, tenant.token())).json.claims.sub, 'user');
      client.validateAccessToken = async () => ({ sub: 'replaced' });
      assert.equal((await get(api.url, 'anything')).json.claims.sub, 'replaced');
    });

    it('takes a client, with resolvers or without', async (t) => {
      const tenant = await startTenant(t);
      const client = new MonoCloudBackendNodeClient(tenant.options());
      const token = tenant.token();
      const tokenResolver = (request) => request.headers['x-token'];
      const headers = [['X-Token', token]];
      for (const more of [[], [undefined], [null], [{}]]) {
        const api = await startOne(t, protectApi(client, ...more));
        assert.equal((await get(api.url, token)).status, 200);
      }
      const api = await startOne(t, protectApi(client, { tokenResolver }));
      assert.equal((await raw(api.url, { headers })).status, 200);
    });

    it('takes client options and resolvers in one object', async (t) => {
      const tenant = await startTenant(t);
      const tokenResolver = (request) => request.headers['x-token'];
      const api = await startOne(t, protectApi(tenant.options({ tokenResolver })));
      const headers = [['X-Token', tenant.token()]];
      assert.equal((await raw(api.url, { headers })).status, 200);
    });

    it('takes everything from the environment', async (t) => {
      const tenant = await startTenant(t);
      const variables = {
        MONOCLOUD_BACKEND_TENANT_DOMAIN: tenant.issuer,
        MONOCLOUD_BACKEND_AUDIENCE: tenant.audience,
      };
      t.after(() => {
        for (const variable of Object.keys(variables)) delete process.env[variable];
      });
      Object.assign(process.env, variables);
      for (const args of [[], [undefined], [{}]]) {
        const api = await startOne(t, protectApi(...args));
        assert.equal((await get(api.url, tenant.token())).status, 200);
      }
    });

    it('asks the tenant for nothing before the first token', async (t) => {
      const tenant = await startTenant(t);
      const api = await startOne(t, protectApi(tenant.options()));
      assertAnswer(await get(api.url), 'no token');
      assertAnswer(await get(api.url, 'not-even.base64.'), 'invalid token');
      assert.equal(tenant.requests.discovery, 0);
      assert.equal((await get(api.url, tenant.token())).status, 200);
      assert.equal(tenant.requests.discovery, 1);
    });
  });
}
