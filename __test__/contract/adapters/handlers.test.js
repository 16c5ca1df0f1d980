'use strict';

// Contract §9: what a guard leaves to the handler and to the framework.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');

const { raw, get, listenExpress, listenFastify } = require('../../support/http.js');
const { assertAnswer } = require('../../support/answers.js');
const { guarded, ownClient, passes, startTenant } = require('../../support/guarded.js');
const {
  MonoCloudHttpError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { moduleOf, turn } = require('./support.js');

for (const { name, adapter, protectApi, start } of guarded) {
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
