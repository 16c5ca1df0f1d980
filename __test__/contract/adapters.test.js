'use strict';

// Contract §9: `protectApi`, and what its middleware and hooks leave to others: the client, the
// handler, the framework. The same tests for both majors of both, over real sockets.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { raw, get, listenExpress, listenFastify } = require('../support/http.js');
const { assertAnswer } = require('../support/answers.js');
const { authorized, guarded, ownClient, passes, startTenant } = require('../support/guarded.js');
const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A validation that ends when the test says so. */
function heldClient() {
  const held = {};
  held.called = new Promise((called) => {
    held.validateAccessToken = (token) => {
      if (token === 'at-once') return Promise.resolve({ sub: token });
      called();
      return new Promise((resolve, reject) => Object.assign(held, { resolve, reject }));
    };
  });
  return held;
}

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
        const { status } = await fetch(await app.listen({ port: 0, host: '127.0.0.1' }));
        assert.equal(status, 500);
      } else {
        app.set('env', 'test');
        app.use(protect);
        app.get('/', () => assert.fail('the handler ran'));
        const server = app.listen(0);
        t.after(() => server.close());
        const { status } = await fetch(`http://localhost:${server.address().port}`);
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

    it('throws MonoCloudValidationError at once for bad arguments', () => {
      const good = {
        tenantDomain: 'https://tenant.example.com',
        audience: 'https://api.example.com',
      };
      const oidc = new MonoCloudOidcBackendClient(good.tenantDomain, good.audience);
      for (const args of [
        [],
        [null],
        [{}],
        [{ tenantDomain: good.tenantDomain }],
        [{ ...good, tenantDomain: 'tenant.example.com' }],
        [{ ...good, tokenResolver: 'x-token' }],
        [{ ...good, certificateResolver: {} }],
        [{ ...good, clockTolerance: -1 }],
        ['https://tenant.example.com'],
        [42],
        [true],
        [() => {}],
        [[good]],
        [{ validateAccessToken: 'no function' }],
        [oidc],
        [passes, { tokenResolver: 'x-token' }],
        [passes, { certificateResolver: 1 }],
        [passes, 'x-token'],
        [passes, 42],
        [passes, (request) => request.token],
      ]) {
        assert.throws(() => protectApi(...args), MonoCloudValidationError, JSON.stringify(args));
      }
      const protect = protectApi(passes);
      for (const options of [
        'posts:read',
        42,
        true,
        () => {},
        ['posts:read'],
        { scopes: 'posts:read' },
        { scopes: [1] },
        { scopes: {} },
        { scopes: [undefined] },
        { groups: 'admin' },
        { groups: [{ id: 'admin' }] },
        { validateCertificateBinding: 'yes' },
        { validateCertificateBinding: 1 },
      ]) {
        assert.throws(() => protect(options), MonoCloudValidationError, JSON.stringify(options));
      }
      for (const options of [undefined, null, {}, { scopes: [], groups: [] }, { scopes: null }]) {
        assert.equal(typeof protect(options), 'function');
      }
    });
  });

  describe(`a client that has gone, or has its answer already, with ${name}`, () => {
    /** Sends a request, and resolves once the server has it, with a way to be gone for good. */
    async function send(api, method = 'GET') {
      const connected = once(api.server, 'connection');
      const socket = net.connect(new URL(api.url).port, '127.0.0.1');
      socket.on('error', () => {});
      const chunks = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      const head = `${method} / HTTP/1.1\r\nhost: api\r\nauthorization: Bearer held\r\n\r\n`;
      socket.write(head);
      const [accepted] = await connected;
      return {
        text: () => Buffer.concat(chunks).toString(),
        answered: () => once(socket, 'data'),
        async leave() {
          const closed = once(accepted, 'close');
          socket.destroy();
          await closed;
          await turn();
        },
      };
    }

    const refusals = [
      new MonoCloudTokenError('x'),
      new MonoCloudHttpError('x'),
      new MonoCloudOPError('x'),
    ];

    for (const method of ['GET', 'DELETE', 'POST']) {
      it(`writes nothing and runs no handler for a refused ${method} that was given up`, async (t) => {
        for (const refusal of refusals) {
          let ran = 0;
          const handler = () => {
            ran += 1;
            return {};
          };
          const client = heldClient();
          const api = await start(t, protectApi(client), [
            { path: '/', method: method.toLowerCase(), handler },
          ]);
          const visitor = await send(api, method);
          await client.called;
          await visitor.leave();
          client.reject(refusal);
          await turn();
          const { status } = await raw(api.url, { method, ...authorized('Bearer at-once') });
          assert.equal(status, 200);
          assert.equal(ran, 1, 'the handler ran for the one request that passed');
          assert.deepEqual(api.errors, []);
        }
      });
    }

    it('lives where the token passes after the client has gone', async (t) => {
      const client = heldClient();
      const api = await startOne(t, protectApi(client));
      const visitor = await send(api);
      await client.called;
      await visitor.leave();
      client.resolve({ sub: 'late' });
      await turn();
      assert.equal((await get(api.url, 'at-once')).status, 200);
      assert.deepEqual(api.errors, []);
    });

    if (adapter === 'fastify') {
      it('runs no handler where the client goes while an onSend hook holds the refusal', async (t) => {
        let ran = 0;
        const handler = () => {
          ran += 1;
          return {};
        };
        let go;
        const gate = new Promise((resolve) => {
          go = resolve;
        });
        let reached;
        const held = new Promise((resolve) => {
          reached = resolve;
        });
        const setup = (app) =>
          app.addHook('onSend', async (request) => {
            if (request.headers.authorization !== 'Bearer held') return;
            reached();
            await gate;
          });
        const client = ownClient(async (token) => {
          if (token === 'held') throw new MonoCloudTokenError('x');
          return {};
        });
        const api = await start(t, protectApi(client), [{ path: '/', handler }], { setup });
        const visitor = await send(api);
        await held;
        await visitor.leave();
        go();
        await turn();
        assert.equal((await get(api.url, 'at-once')).status, 200);
        assert.equal(ran, 1);
        assert.deepEqual(api.errors, []);
      });
    }

    for (const [ending, end] of [
      ['refused', (client) => client.reject(new MonoCloudTokenError('x'))],
      ['let through', (client) => client.resolve({})],
    ]) {
      it(`writes nothing where the answer was sent before the token is ${ending}`, async (t) => {
        let answer;
        const setup = (app) => {
          const early = { message: 'too slow' };
          if (adapter === 'express') {
            app.use((_request, response, next) => {
              answer = () => response.status(408).json(early);
              next();
            });
          } else {
            app.addHook('onRequest', (_request, reply, done) => {
              answer = () => reply.code(408).send(early);
              done();
            });
          }
        };
        const client = heldClient();
        const own = (_request, response) => {
          if (!response.headersSent) response.json({});
        };
        const api = await start(
          t,
          protectApi(client),
          adapter === 'fastify' ? [{ path: '/' }] : [],
          {
            setup: async (app) => {
              setup(app);
              if (adapter === 'express') app.get('/', protectApi(client)(), own);
            },
          },
        );
        const visitor = await send(api);
        await client.called;
        answer();
        await visitor.answered();
        end(client);
        await turn();
        assert.equal((await get(api.url, 'at-once')).status, 200);
        assert.equal(visitor.text().match(/HTTP\/1\.1/g).length, 1);
        assert.match(visitor.text(), /^HTTP\/1\.1 408 /);
        assert.deepEqual(api.errors, []);
        await visitor.leave();
      });
    }
  });

  describe(`what a handler of ${name} throws`, () => {
    const thrown = () => [
      new Error('the handler’s'),
      new MonoCloudTokenError('Token is missing required scopes'),
      new MonoCloudHttpError('the handler’s'),
      new MonoCloudValidationError('the handler’s'),
    ];

    it('stays the handler’s, whether it is thrown at once or later', async (t) => {
      for (const error of thrown()) {
        const seen = [];
        const setup = async (app) => {
          const protect = protectApi(passes);
          if (adapter === 'express') {
            app.get('/sync', protect(), () => {
              throw error;
            });
            app.get('/async', protect(), (_request, _response, next) => {
              setImmediate(() => next(error));
            });
            app.get('/rejected', protect(), async () => {
              throw error;
            });
            app.use((problem, _request, response, _next) => {
              seen.push(problem);
              response.status(418).json({ message: 'mine' });
            });
          } else {
            await app.register(async (scope) => {
              scope.setErrorHandler((problem, _request, reply) => {
                seen.push(problem);
                reply.code(418).send({ message: 'mine' });
              });
              scope.get('/sync', { onRequest: protect() }, () => {
                throw error;
              });
              scope.get('/async', { onRequest: protect() }, async () => {
                await turn();
                throw error;
              });
              scope.get('/rejected', { onRequest: protect() }, async () => {
                throw error;
              });
            });
          }
        };
        const api = await start(t, protectApi(passes), [], { setup });
        // A rejected promise is nobody's in Express 4, with this package or without.
        const paths = ['/sync', '/async', ...(name === 'Express 4' ? [] : ['/rejected'])];
        for (const path of paths) {
          const { status, json, headers } = await get(api.url + path, 'token');
          assert.deepEqual({ status, json }, { status: 418, json: { message: 'mine' } }, path);
          assert.equal(headers['www-authenticate'], undefined);
        }
        assert.deepEqual(seen, Array(paths.length).fill(error));
      }
    });

    it('has the status that it names, where the user has no error handler', async (t) => {
      const error = Object.assign(new Error('the handler’s'), { status: 418, statusCode: 418 });
      // Express prints what nobody handles; not here.
      const { NODE_ENV } = process.env;
      process.env.NODE_ENV = 'test';
      t.after(() => {
        if (NODE_ENV === undefined) delete process.env.NODE_ENV;
        else process.env.NODE_ENV = NODE_ENV;
      });
      const handler = () => {
        throw error;
      };
      const guard = protectApi(passes)();
      const app = require(moduleOf(name))();
      if (adapter === 'express') app.get('/', guard, handler);
      else app.get('/', { onRequest: guard }, handler);
      const api = await (adapter === 'express' ? listenExpress : listenFastify)(app);
      t.after(() => api.close());
      assert.equal((await get(api.url, 'token')).status, 418);
    });
  });

  if (adapter === 'express') {
    describe(`the middleware of ${name}`, () => {
      it('calls next once and only on success, and never with an error', async (t) => {
        const calls = [];
        const client = ownClient(async (token) => {
          if (token !== 'good') throw new Error('mine');
          return { sub: token };
        });
        const middleware = protectApi(client)();
        const setup = (app) =>
          app.get('/spied', (request, response) => {
            middleware(request, response, (...args) => {
              calls.push(args);
              response.json({ claims: request.claims });
            });
          });
        const api = await start(t, protectApi(client), [], { setup });
        assertAnswer(await get(`${api.url}/spied`), 'no token');
        assertAnswer(await get(`${api.url}/spied`, 'bad'), 'invalid token');
        assert.deepEqual(calls, []);
        assert.equal((await get(`${api.url}/spied`, 'good')).json.claims.sub, 'good');
        assert.deepEqual(calls, [[]]);
      });

      it('guards a whole router, and nothing beside it', async (t) => {
        const setup = (app) => {
          const express = require(moduleOf(name));
          const router = express.Router();
          router.use(protectApi(passes)());
          router.get('/inside', (request, response) => response.json(request.claims));
          app.get('/outside', (_request, response) => response.json({}));
          app.use('/api', router);
        };
        const api = await start(t, protectApi(passes), [], { setup });
        assertAnswer(await get(`${api.url}/api/inside`), 'no token');
        assert.equal((await get(`${api.url}/api/inside`, 'token')).json.sub, 'token');
        assert.equal((await get(`${api.url}/outside`)).status, 200);
      });
    });
  } else {
    describe(`the hook of ${name}`, () => {
      it('keeps the handler and every later hook from running on refusal', async (t) => {
        const ran = [];
        const setup = (app) => {
          for (const hook of ['preParsing', 'preValidation', 'preHandler']) {
            app.addHook(hook, async () => {
              ran.push(hook);
            });
          }
        };
        const handler = () => {
          ran.push('handler');
          return {};
        };
        const rejects = ownClient(async (token) => {
          if (token !== 'good') throw new MonoCloudTokenError('x');
          return { sub: token };
        });
        const api = await start(t, protectApi(rejects), [{ path: '/', handler }], { setup });
        assertAnswer(await get(api.url), 'no token');
        assertAnswer(await get(api.url, 'bad'), 'invalid token');
        assert.deepEqual(ran, []);
        assert.equal((await get(api.url, 'good')).status, 200);
        assert.deepEqual(ran, ['preParsing', 'preValidation', 'preHandler', 'handler']);
      });

      it('works by addHook, also for what is not found, and as a preHandler', async (t) => {
        const setup = async (app) => {
          app.addHook('onRequest', protectApi(passes)());
          app.get('/', async (request) => request.claims);
          app.post('/late', { preHandler: protectApi(passes)() }, async ({ claims }) => claims);
        };
        const api = await start(t, protectApi(passes), [], { setup });
        assertAnswer(await get(api.url), 'no token');
        assertAnswer(await get(`${api.url}/nowhere`), 'no token');
        assert.equal((await get(api.url, 'token')).json.sub, 'token');
        assert.equal((await get(`${api.url}/nowhere`, 'token')).status, 404);
        const post = { method: 'POST', body: '{}' };
        const headers = [['Content-Type', 'application/json']];
        assertAnswer(await raw(`${api.url}/late`, { ...post, headers }), 'no token');
        headers.push(['Authorization', 'Bearer token']);
        const late = await raw(`${api.url}/late`, { ...post, headers });
        assert.equal(late.json.sub, 'token');
      });

      // Fastify 5 is made for Node.js 20 and later; its inject() does not even load before.
      const skip = name === 'Fastify 5' && process.versions.node.startsWith('18.');
      it('answers what is injected, without a socket', { skip }, async (t) => {
        const app = require(moduleOf(name))();
        t.after(() => app.close());
        app.get('/', { onRequest: protectApi(passes)() }, async (request) => request.claims);
        const refused = await app.inject({ url: '/' });
        assert.equal(refused.statusCode, 401);
        assert.equal(refused.headers['www-authenticate'], 'Bearer');
        const headers = { authorization: 'Bearer token' };
        assert.deepEqual((await app.inject({ url: '/', headers })).json(), { sub: 'token' });
      });

      it('is a callback for Fastify, and a promise for whoever calls it', async (t) => {
        const hook = protectApi(passes)();
        const setup = async (app) => {
          const answer = async (request) => request.claims;
          app.get('/own', { onRequest: async (request, reply) => hook(request, reply) }, answer);
          app.get('/parsing', { preParsing: (request, reply) => hook(request, reply) }, answer);
          app.get('/late', { preHandler: [hook, hook] }, answer);
        };
        const api = await start(t, protectApi(passes), [], { setup });
        for (const path of ['/own', '/parsing', '/late']) {
          assertAnswer(await get(`${api.url}${path}`), 'no token', path);
          assert.equal((await get(`${api.url}${path}`, 'token')).json.sub, 'token', path);
        }
        const tenant = await startTenant(t);
        const seen = protectApi(tenant.options())();
        const headers = { authorization: `Bearer ${tenant.token()}` };
        await seen({ headers }, {});
        // Nothing has to be waited for now.
        const [request, done] = [{ headers }, t.mock.fn()];
        assert.equal(seen(request, {}, done), undefined);
        assert.equal(request.claims.sub, 'user');
        assert.deepEqual(
          done.mock.calls.map((call) => call.arguments),
          [[]],
        );
        assert.ok(seen({ headers }, {}) instanceof Promise);
      });

      it('guards the plugin it was added in, and nothing beside it', async (t) => {
        const setup = async (app) => {
          await app.register(async (scope) => {
            scope.addHook('onRequest', protectApi(passes)());
            scope.get('/inside', async (request) => request.claims);
          });
          await app.register(async (scope) => {
            scope.get('/beside', async () => ({}));
          });
          app.get('/outside', async () => ({}));
        };
        const api = await start(t, protectApi(passes), [], { setup });
        assertAnswer(await get(`${api.url}/inside`), 'no token');
        assert.equal((await get(`${api.url}/inside`, 'token')).json.sub, 'token');
        assert.equal((await get(`${api.url}/beside`)).status, 200);
        assert.equal((await get(`${api.url}/outside`)).status, 200);
      });
    });
  }
}

/** The module that a framework is installed as. */
function moduleOf(name) {
  return {
    'Express 4': 'express4',
    'Express 5': 'express',
    'Fastify 4': 'fastify4',
    'Fastify 5': 'fastify',
  }[name];
}
