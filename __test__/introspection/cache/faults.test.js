'use strict';

// Contract §6: caches that throw, hang or are late, many callers at once, and `stats()`.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { sendJson, startFaultyTenant } = require('../../support/faulty-tenant.js');
const { assertClean, failureOf } = require('../../support/introspection.js');
const { SLACK, TIMEOUT, createCache, never, suites } = require('./support.js');

suites((suite) => {
  const { make, clientFor, costs, refused, introspected } = suite;

  const FAULTS = {
    throws: () => {
      throw new Error('the cache is broken');
    },
    rejects: async () => {
      throw new Error('the cache is broken');
    },
    'rejects with nothing': () => Promise.reject(),
    hangs: never,
    'hands back a thenable that throws': () => ({
      // biome-ignore lint/suspicious/noThenProperty: what a careless cache may hand back
      then() {
        throw new Error('the cache is broken');
      },
    }),
    'hands back a thenable that never calls': () => ({
      // biome-ignore lint/suspicious/noThenProperty: what a careless cache may hand back
      then() {},
    }),
  };
  for (const [what, fault] of Object.entries(FAULTS)) {
    for (const operations of [['get'], ['set'], ['delete'], ['get', 'set', 'delete']]) {
      it(`that ${what} at ${operations.join(', ')} lets tokens pass, within its time`, async () => {
        const client = clientFor();
        await client.getJwks();
        for (const operation of operations) suite.cache[operation] = fault;
        const token = make(suite.tenant);
        // What is stale has to be deleted.
        if (operations[0] === 'delete') suite.cache.plant(token, {});
        const begun = performance.now();
        assert.equal((await client.validateAccessToken(token)).sub, 'user');
        const took = performance.now() - begun;
        assert.ok(took < TIMEOUT + SLACK, `${took} ms`);
        assert.ok(suite.faults.length > 0);
        for (const message of suite.faults) {
          assert.ok(operations.includes(message.operation), message.operation);
          assert.ok('error' in message);
        }
        assert.equal(client.stats().cache.faults, suite.faults.length);
        // A bad token is still a bad one.
        const bad = introspected ? 'unknown' : `${token.slice(0, -8)}AAAAAAAA`;
        await refused(client, bad, introspected ? 'inactive' : 'invalid_signature');
        await sleep(0);
      });
    }
  }

  it('is told of by the operation and the error, and never by the token', async () => {
    const error = new Error('the cache is broken');
    suite.cache.get = () => {
      throw error;
    };
    const token = make(suite.tenant);
    await clientFor().validateAccessToken(token);
    assert.deepEqual(suite.faults, [{ operation: 'get', error }]);
    suite.faults = [];
    suite.cache.get = never;
    await clientFor().validateAccessToken(token);
    const [late] = suite.faults;
    assert.equal(late.operation, 'get');
    assert.ok(late.error instanceof Error);
    assertClean(late.error, [token]);
  });

  it('gets as long as cacheTimeout says', async () => {
    const token = make(suite.tenant);
    const slow = createCache();
    suite.cache = {
      get: async (asked) => {
        await sleep(250);
        return slow.get(asked);
      },
      set: slow.set,
      delete: slow.delete,
    };
    const patient = clientFor({ cacheTimeout: 2000 });
    await patient.validateAccessToken(token);
    assert.deepEqual(suite.faults, []);
    await costs(0, () => patient.validateAccessToken(token));
    const hasty = clientFor({ cacheTimeout: 30 });
    const begun = performance.now();
    await costs(1, () => hasty.validateAccessToken(token));
    assert.ok(performance.now() - begun < 30 + SLACK);
    assert.equal(suite.faults[0].operation, 'get');
  });

  it('gets all the time in the world with a cacheTimeout beyond every timer', async () => {
    suite.cache.get = async () => {
      await sleep(50);
      return undefined;
    };
    for (const cacheTimeout of [2 ** 31, 1e10, 1e300]) {
      await clientFor({ cacheTimeout }).validateAccessToken(make(suite.tenant));
    }
    assert.deepEqual(suite.faults, []);
  });

  it('that is too late is none the worse: its answer is not used, and nothing is thrown', async () => {
    const token = make(suite.tenant);
    let settle;
    suite.cache.get = () =>
      new Promise((_resolve, reject) => {
        settle = reject;
      });
    await clientFor({ cacheTimeout: 20 }).validateAccessToken(token);
    const unhandled = [];
    const note = (error) => unhandled.push(error);
    process.on('unhandledRejection', note);
    settle(new Error('at last'));
    await sleep(20);
    process.off('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
  });

  it('keeps no request waiting longer in all than it would wait once', async () => {
    const part = async () => {
      await sleep(70);
      return {};
    };
    suite.cache = { get: part, set: part, delete: part };
    const client = clientFor();
    await client.getJwks();
    const times = [];
    for (let n = 0; n < 5; n += 1) {
      const begun = performance.now();
      await client.validateAccessToken(make(suite.tenant));
      times.push(performance.now() - begun);
    }
    // All three in turn would be 210 ms. The machine may be busy once, or four times.
    assert.ok(Math.min(...times) < TIMEOUT + 80, `${times} ms`);
  });

  if (introspected) {
    it('is not blamed for the time that the tenant took', async () => {
      suite.tenant.on('introspection', async (request, response) => {
        await sleep(250);
        return suite.tenant.introspect(request, response);
      });
      const { set } = suite.cache;
      suite.cache.set = async (...entry) => {
        await sleep(20);
        return set(...entry);
      };
      const client = clientFor();
      const token = make(suite.tenant);
      await client.validateAccessToken(token);
      assert.deepEqual(suite.faults, []);
      assert.equal(suite.cache.store.size, 1, 'it was waited for');
      assert.equal(client.stats().cache.faults, 0);
    });

    it('that misses a token many times at once causes one introspection and one set', async () => {
      suite.tenant.on('introspection', async (request, response) => {
        await sleep(300);
        return suite.tenant.introspect(request, response);
      });
      const client = clientFor();
      const token = make(suite.tenant, { scope: 'posts:read' });
      const route = (index) => ({ scopes: index % 2 ? ['posts:read'] : ['admin'] });
      const results = await costs(1, () =>
        Promise.allSettled(
          Array.from({ length: 1000 }, (_, index) =>
            client.validateAccessToken(token, route(index)),
          ),
        ),
      );
      const sets = suite.cache.calls.filter(([name]) => name === 'set');
      assert.equal(sets.length, 1);
      results.forEach(({ status, value, reason }, index) => {
        if (index % 2) assert.equal(value?.sub, 'user', String(reason));
        else assert.equal(reason?.code, 'insufficient_scope', status);
      });
      const values = results.filter(({ value }) => value).map(({ value }) => value);
      assert.equal(new Set(values).size, 500, 'each has its own');
      suite.cache.names();
      await costs(0, () => client.validateAccessToken(token));
      assert.deepEqual(suite.cache.names(), ['get']);
    });

    it('that hangs while many ask costs one introspection and no more time', async () => {
      suite.cache.get = never;
      suite.cache.set = never;
      suite.tenant.on('introspection', async (request, response) => {
        await sleep(400);
        return suite.tenant.introspect(request, response);
      });
      const client = clientFor();
      await client.getMetadata();
      const token = make(suite.tenant);
      const begun = performance.now();
      await costs(1, () =>
        Promise.all(Array.from({ length: 1000 }, () => client.validateAccessToken(token))),
      );
      const took = performance.now() - begun;
      assert.ok(took < 400 + 2 * TIMEOUT + SLACK, `${took} ms`);
    });

    it('that is asked after a failure asks again, and remembers none', async () => {
      suite.tenant.on('introspection', (_, response) => sendJson(response, {}, 500));
      const client = clientFor();
      const token = make(suite.tenant);
      const results = await Promise.allSettled(
        Array.from({ length: 50 }, () => client.validateAccessToken(token)),
      );
      assert.equal(new Set(results.map(({ reason }) => reason)).size, 50);
      for (const { reason } of results) assert.equal(reason.status, 500);
      suite.tenant.on('introspection', suite.tenant.introspect);
      await costs(1, () => client.validateAccessToken(token));
    });
  }

  it('that misses a JWT many times at once is told to set it once', async () => {
    const client = clientFor();
    const token = make(suite.tenant);
    let open;
    const gate = new Promise((resolve) => {
      open = resolve;
    });
    const { set } = suite.cache;
    suite.cache.set = async (...entry) => {
      await gate;
      return set(...entry);
    };
    const many = Promise.all(Array.from({ length: 200 }, () => client.validateAccessToken(token)));
    await sleep(30);
    open();
    await many;
    assert.equal(suite.cache.calls.filter(([name]) => name === 'set').length, 1);
    assert.deepEqual(suite.faults, []);
  });

  it('is counted in stats()', async () => {
    const client = clientFor();
    const token = make(suite.tenant);
    for (let n = 0; n < 3; n += 1) await client.validateAccessToken(token);
    await failureOf(() => client.validateAccessToken(token, { scopes: ['admin'] }));
    assert.deepEqual(client.stats().cache, { hits: 3, misses: 1, faults: 0 });
    assert.equal(client.stats().accepted, 3);
    assert.equal(client.stats().refused, 1);
  });

  it('is not for the methods that name what they do', async () => {
    const client = clientFor();
    const token = make(suite.tenant);
    if (introspected) await client.introspectAccessToken(token);
    else await client.validateJwtAccessToken(token);
    assert.deepEqual(suite.cache.names(), []);
  });
});

describe('what is handed in as a cache', () => {
  let tenant;

  before(async () => {
    tenant = await startFaultyTenant();
  });
  after(() => tenant?.close());

  it('must have its three methods', () => {
    for (const [cache, name] of [
      [{}, 'cache.get'],
      [{ get() {}, set() {} }, 'cache.delete'],
      [{ get() {}, set: 1, delete() {} }, 'cache.set'],
      [[], 'cache'],
      ['x', 'cache'],
      [() => {}, 'cache'],
    ]) {
      assert.throws(() => new MonoCloudBackendNodeClient(tenant.options({ cache })), {
        name: 'MonoCloudValidationError',
        message: new RegExp(`^"${name}`),
      });
    }
  });
});
