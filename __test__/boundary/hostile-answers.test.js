'use strict';

// What a framework's own objects may do to a guard: the handler runs with the claims that were admitted, or
// not at all (contract §9).

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const express = require('@monocloud/backend-node/express');
const fastify = require('@monocloud/backend-node/fastify');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { guarded, ownClient, passes } = require('../support/guarded.js');
const { get } = require('../support/http.js');

let tenant;
let token;
before(async () => {
  tenant = await createTestTenant({ algorithms: ['ES256'] });
  token = await tenant.issueToken();
});
after(() => tenant?.close());

const raising = (thrown) => () => {
  throw thrown;
};
const THROWN = [undefined, null, false, '', 0, 'route', 'router', new Error('mine')];

/** Calls of `next` by the middleware, with a request and a response of the test's own. */
async function nextsOf(client, request, response) {
  const calls = [];
  await express.protectApi(client)()(request, response, (...given) => calls.push(given));
  return calls;
}

const silent = () => ({ status() {}, set() {}, json() {} });
const bearer = (text) => ({ authorization: `Bearer ${text}` });

describe('the middleware of Express', () => {
  for (const thrown of THROWN) {
    it(`hands over no ${String(thrown)} that the response throws`, async () => {
      for (const method of ['status', 'set', 'json']) {
        const response = { ...silent(), [method]: raising(thrown) };
        const [[error, ...more], ...others] = await nextsOf(passes, { headers: {} }, response);
        assert.ok(typeof error === 'object' && error !== null, String(error));
        assert.deepEqual([more, others], [[], []]);
      }
    });

    it(`hands over no ${String(thrown)} that the request throws`, async () => {
      const getter = Object.defineProperty({}, 'headers', { get: raising(thrown) });
      const setter = Object.defineProperty({ headers: bearer('a') }, 'claims', {
        set: raising(thrown),
      });
      for (const request of [getter, setter]) {
        const [[error], ...others] = await nextsOf(passes, request, silent());
        assert.ok(typeof error === 'object' && error !== null, String(error));
        assert.deepEqual(others, []);
      }
    });
  }

  it('calls nothing where the response does nothing', async () => {
    assert.deepEqual(await nextsOf(passes, { headers: {} }, silent()), []);
  });
});

describe('the hook of Fastify', () => {
  const hook = fastify.protectApi(passes)();

  for (const thrown of THROWN) {
    it(`throws no ${String(thrown)} that the request throws`, async () => {
      const getter = Object.defineProperty({}, 'headers', { get: raising(thrown) });
      const setter = Object.defineProperty({ headers: bearer('a') }, 'claims', {
        set: raising(thrown),
      });
      for (const request of [getter, setter]) {
        let calls = 0;
        const done = () => {
          calls += 1;
        };
        const error = await new Promise((resolve) => {
          Promise.resolve()
            .then(() => hook(request, {}, done))
            .then(resolve, resolve);
        });
        assert.ok(typeof error === 'object' && error !== null, String(error));
        assert.equal(calls, 0);
      }
    });
  }
});

/** An API whose requests and replies `change(request, reply)` changes before the guard runs. */
async function changed(t, { adapter, protectApi, start }, client, change) {
  let handled = 0;
  const setup = (app) => {
    if (adapter === 'fastify')
      app.addHook('onRequest', async (request, reply) => change(request, reply));
    else {
      app.use((request, response, next) => {
        change(request, response);
        next();
      });
    }
  };
  const handler = ({ claims }) => {
    handled += 1;
    return { claims };
  };
  const routes = [{ path: '/', handler }];
  const api = await start(t, protectApi(client), routes, { setup });
  return { ...api, handled: () => handled };
}

for (const framework of guarded) {
  const { name, protectApi } = framework;

  const own = () => new express.MonoCloudBackendNodeClient(tenant.clientOptions());

  describe(`${name}, a request whose claims`, () => {
    for (const [what, descriptor] of Object.entries({
      'have only a getter': { get: () => ({ sub: 'eve' }) },
      'have a setter that keeps nothing': { get: () => ({ sub: 'eve' }), set() {} },
      'have a setter that throws undefined': { set: raising(undefined) },
      'are fixed': { value: { sub: 'eve' } },
    })) {
      it(`${what} reaches no handler`, async (t) => {
        const api = await changed(t, framework, own(), (request) => {
          Object.defineProperty(request, 'claims', descriptor);
        });
        for (let time = 0; time < 2; time += 1)
          assert.equal((await get(api.url, token)).status, 500);
        assert.equal(api.handled(), 0);
        assert.equal(api.errors.length, 2);
      });
    }
  });

  describe(`${name}, a client of the program's own`, () => {
    const revoked = () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    };
    for (const [what, make] of Object.entries({
      undefined: () => undefined,
      null: () => null,
      false: () => false,
      'an empty text': () => '',
      0: () => 0,
      true: () => true,
      'a text': () => 'claims',
      'a symbol': () => Symbol('claims'),
      'an array': () => [{ sub: 'eve' }],
      'a proxy of an array': () => new Proxy([], {}),
      'a function': () => () => {},
      'a revoked proxy': revoked,
    })) {
      it(`that returns ${what} lets nobody in`, async (t) => {
        const thenable = (value) => ({
          // biome-ignore lint/suspicious/noThenProperty: what is tested
          then: (resolve) => resolve(value),
        });
        for (const answer of [make, async () => make(), () => thenable(make())]) {
          const api = await framework.startOne(t, protectApi(ownClient(answer)));
          assert.equal((await get(api.url, token)).status, 401);
        }
      });
    }
  });
}
