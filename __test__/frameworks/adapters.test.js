'use strict';

// What is not the same in every framework: whose request the resolvers get, errors, clients that have gone, the URL,
// and Fastify's plugin.

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { MonoCloudTokenError, MonoCloudValidationError } = require('@monocloud/backend-node');
const { headerOf, others } = require('../support/frameworks.js');
const { ownClient, passes, startTenant } = require('../support/guarded.js');
const { get, listenFastify, raw } = require('../support/http.js');

const turn = () => new Promise((resolve) => setImmediate(resolve));

for (const { name, adapter, create } of others) {
  const entry = () => require(`@monocloud/backend-node/${adapter}`);

  describe(name, () => {
    async function start(t, protect, options, more = {}) {
      const errors = [];
      const route = { path: '/', options, handler: more.handler };
      const api = await create(protect, [route], { record: errors });
      t.after(() => api.close());
      return { ...api, errors };
    }

    it('has the root’s exports, and protects only what is called', () => {
      const { protectApi, problemDetails, MonoCloudTokenError: own } = entry();
      assert.equal(own, MonoCloudTokenError);
      assert.equal(typeof problemDetails, 'function');
      assert.throws(() => protectApi(passes)({ headers: {} }, {}), {
        name: 'MonoCloudValidationError',
        message: /^protect must be called where the route is set up/,
      });
      assert.throws(() => protectApi(passes)({ scope: ['a'] }), MonoCloudValidationError);
      assert.throws(() => protectApi({}), MonoCloudValidationError);
    });

    it('hands resolvers, rules and errorResponse its own request', async (t) => {
      const seen = [];
      const see = (what, result) => (request) => {
        seen.push([what, headerOf[adapter](request, 'x-mark')]);
        return result;
      };
      const protect = entry().protectApi(passes, {
        tokenResolver: see('token', 'ada'),
        certificateResolver: see('certificate'),
        errorResponse: (_answer, _error, request) => see('error')(request),
      });
      const authorize = (_claims, request) => see('rule', false)(request);
      const api = await start(t, protect, { authorize });
      const { status } = await raw(api.url, { headers: [['X-Mark', 'here']] });
      assert.equal(status, 403);
      const order = ['certificate', 'token', 'rule', 'error'];
      assert.deepEqual(
        seen,
        order.map((what) => [what, 'here']),
      );
    });

    it('gives the framework what errorResponse throws, whatever that is', async (t) => {
      for (const thrown of [new Error('mine'), undefined, 'a string', { mine: true }]) {
        const errorResponse = () => {
          throw thrown;
        };
        let ran = 0;
        const handler = () => {
          ran += 1;
        };
        const protect = entry().protectApi(passes, { errorResponse });
        const api = await start(t, protect, undefined, { handler });
        const { status } = await raw(api.url);
        assert.deepEqual([status, ran], [500, 0]);
        if (thrown instanceof Error) assert.deepEqual(api.errors, [thrown]);
      }
    });

    it('does not run the handler for a client that has gone, and goes on', async (t) => {
      let called;
      let refuse;
      const reached = new Promise((resolve) => {
        called = resolve;
      });
      const client = ownClient((token) => {
        if (token === 'at-once') return Promise.resolve({ sub: token });
        called();
        return new Promise((_, reject) => {
          refuse = reject;
        });
      });
      let handled = 0;
      const handler = ({ claims }) => {
        handled += 1;
        return { claims };
      };
      const api = await start(t, entry().protectApi(client), undefined, { handler });
      const socket = net.connect(new URL(api.url).port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('GET / HTTP/1.1\r\nhost: api\r\nauthorization: Bearer held\r\n\r\n');
      await reached;
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
      refuse(new MonoCloudTokenError('x'));
      for (let i = 0; i < 5; i += 1) await turn();
      assert.equal(handled, 0);
      assert.equal((await get(api.url, 'at-once')).json.claims.sub, 'at-once');
      assert.deepEqual([handled, api.errors], [1, []]);
    });
  });
}

describe('the URL of a request', () => {
  const read = async (t, framework, seen) => {
    const found = others.find(({ name }) => name === framework);
    if (found === undefined) return t.skip('it is for a later Node.js');
    const { createTestTenant } = require('@monocloud/backend-node/testing');
    const tenant = await createTestTenant({ algorithms: ['ES256'] });
    t.after(() => tenant.close());
    const { protectApi } = require(`@monocloud/backend-node/${found.adapter}`);
    const protect = protectApi(tenant.clientOptions({ dpop: 'required' }));
    const api = await found.create(protect, [{ path: '/a' }], seen);
    t.after(() => api.close());
    const client = await tenant.dpopClient();
    const token = await client.token();
    const ask = async (url, headers = []) => {
      const proof = await client.proof({ method: 'GET', url });
      const given = [['Authorization', `DPoP ${token}`], ['DPoP', proof], ...headers];
      return (await raw(`${api.url}/a?b=c`, { headers: given })).status;
    };
    assert.equal(await ask(`${api.url}/a`), 200);
    assert.equal(await ask(`${api.url}/b`), 401);
    assert.equal(await ask('https://api.example.com/a'), 401);
    const forwarded = [
      ['X-Forwarded-Host', 'api.example.com'],
      ['X-Forwarded-Proto', 'https'],
    ];
    const byProxy = await ask('https://api.example.com/a', forwarded);
    assert.equal(byProxy, seen ? 200 : 401);
  };

  it('is that of Hono', (t) => read(t, 'Hono'));
  it('is that of ./web', (t) => read(t, 'web'));
  it('is that of Koa', (t) => read(t, 'Koa 3'));
  it('is that of Koa behind a proxy', (t) =>
    read(t, 'Koa 2', {
      setup: (app) => {
        app.proxy = true;
      },
    }));
  it('is that of Nest on Express', (t) => read(t, 'Nest 11 on express'));
  it('is that of Nest on Express behind a proxy', (t) =>
    read(t, 'Nest 11 on express', {
      setup: (app) => void app.set('trust proxy', 'loopback'),
    }));
  it('is that of Nest on Fastify', (t) => read(t, 'Nest 11 on fastify'));
  it('is that of Nest on Fastify behind a proxy', (t) =>
    read(t, 'Nest 11 on fastify', { fastify: { trustProxy: '127.0.0.1' } }));
});

describe('a guard of Nest', () => {
  const contextOf = (type, ...args) => {
    const { ExecutionContextHost } = require('@nestjs/core/helpers/execution-context-host.js');
    const context = new ExecutionContextHost(args);
    context.setType(type);
    return context;
  };
  const guard = () => require('@monocloud/backend-node/nest').protectApi(passes)();

  it('finds the request in the contexts of GraphQL servers', async () => {
    for (const has of [
      (request) => ({ req: request }),
      (request) => ({ reply: { request } }),
      (request) => ({ request }),
    ]) {
      const request = { headers: { authorization: 'Bearer ada' } };
      const context = contextOf('graphql', {}, {}, has(request));
      assert.equal(await guard().canActivate(context), true);
      assert.deepEqual(request.claims, { sub: 'ada' });
    }
  });

  it('sets no header where there is no response, or an answer has begun', async () => {
    const header = () => assert.fail('a header was set');
    for (const response of [undefined, { headersSent: true, header }, { sent: true, header }]) {
      const context = contextOf('http', { headers: {} }, response);
      await assert.rejects(guard().canActivate(context), { name: 'HttpException', status: 401 });
    }
  });
});

describe('protectPlugin of Fastify', () => {
  const { protectPlugin } = require('@monocloud/backend-node/fastify');
  for (const module of ['fastify4', 'fastify']) {
    const start = async (t, options) => {
      const app = require(module)({ forceCloseConnections: true });
      t.after(() => app.close());
      await app.register(protectPlugin, options);
      app.get('/open', async (request) => ({ claims: typeof request.claims }));
      app.get('/', { onRequest: app.protect({ scopes: ['posts:read'] }) }, async (request) => ({
        sub: request.claims.sub,
      }));
      return listenFastify(app);
    };

    it(`decorates ${module} with client options, or with a client`, async (t) => {
      const tenant = await startTenant(t);
      const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
      const client = new MonoCloudBackendNodeClient(tenant.options());
      const tokenResolver = (request) => request.headers['x-token'];
      for (const options of [tenant.options({ tokenResolver }), { client, tokenResolver }]) {
        const { url } = await start(t, options);
        const headers = [['X-Token', tenant.token()]];
        assert.deepEqual((await raw(url, { headers })).json, { sub: 'user' });
        assert.equal((await raw(url)).status, 401);
        assert.deepEqual((await raw(`${url}/open`)).json, { claims: 'undefined' });
      }
    });

    it(`stops ${module} for bad options, and takes no client of a prototype`, async (t) => {
      t.after(() => {
        delete Object.prototype.client;
      });
      await assert.rejects(start(t, { tenantDomain: 'x' }), MonoCloudValidationError);
      await assert.rejects(start(t, { client: passes, audience: 'x' }), MonoCloudValidationError);
      const property = { value: passes, configurable: true, enumerable: false };
      Object.defineProperty(Object.prototype, 'client', property);
      await assert.rejects(start(t, { tenantDomain: 'x' }), MonoCloudValidationError);
    });
  }
});
