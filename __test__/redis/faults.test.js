'use strict';

// Redis stopped, started, hung and full. What a cache owes its caller then: a promise that settles as
// the client library settles it, nothing thrown beside it, no claims in an error, and a life after.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { inspect } = require('node:util');
const { createRedisCache } = require('@monocloud/backend-node/redis');
const { libraries, noRedis, startRedis, until } = require('../support/redis.js');

const SCOPE = { tenantDomain: 'https://tenant.example', audience: 'https://api.example' };
const CLAIMS = { iss: 'https://tenant.example', sub: 'a-very-private-name' };
const PENDING = Symbol('pending');
const EVERYTHING = { depth: 9, showHidden: true };

const expiresAt = () => Date.now() / 1000 + 60;
const soon = (promise, ms = 200) => Promise.race([promise, sleep(ms, PENDING, { ref: false })]);

const faults = [];
const onFault = (fault) => faults.push(fault);
process.on('unhandledRejection', onFault);
after(() => {
  process.off('unhandledRejection', onFault);
  assert.deepEqual(faults, []);
});

for (const library of libraries) {
  describe(`${library.title}, when Redis`, { skip: noRedis }, () => {
    let server;
    before(async () => {
      server = await startRedis();
    });
    after(() => server.close());

    // Closed also where a test fails, or the client would keep the process.
    const connect = async (t, options) => {
      const { client, close } = await library.connect(server, options);
      t.after(async () => {
        server.thaw();
        await close();
      });
      return { cache: createRedisCache(client, SCOPE), close };
    };
    const call = (cache) =>
      Promise.allSettled([
        cache.get('token'),
        cache.set('other', CLAIMS, expiresAt()),
        cache.delete('a third'),
      ]);
    const works = (cache) =>
      until(async () => {
        await cache.set('token', CLAIMS, expiresAt()).catch(() => {});
        return (await cache.get('token').catch(() => undefined))?.sub === CLAIMS.sub;
      }, 'coming back');
    const assertRejected = (results) => {
      assert.notEqual(results, PENDING);
      for (const { status, reason } of results) {
        assert.equal(status, 'rejected');
        assert.ok(!inspect(reason, EVERYTHING).includes(CLAIMS.sub));
      }
    };

    test('is full: storing rejects without claims in the error, the rest works', async (t) => {
      const { cache } = await connect(t);
      await cache.set('token', CLAIMS, expiresAt());
      await server.cli('CONFIG', 'SET', 'maxmemory', '1');
      await assert.rejects(cache.set('other', CLAIMS, expiresAt()), (error) => {
        assert.match(error.message, /OOM/);
        assert.ok(!inspect(error, EVERYTHING).includes(CLAIMS.sub));
        return true;
      });
      assert.deepEqual(await cache.get('token'), CLAIMS);
      await cache.delete('token');
      assert.equal(await cache.get('token'), undefined);
      await server.cli('CONFIG', 'SET', 'maxmemory', '0');
      await works(cache);
    });

    test('hangs: calls wait, and are answered when it goes on', async (t) => {
      const { cache } = await connect(t);
      await cache.set('token', CLAIMS, expiresAt());
      server.freeze();
      const calls = Promise.all([cache.get('token'), cache.set('other', CLAIMS, expiresAt())]);
      assert.equal(await soon(calls, 200), PENDING);
      server.thaw();
      assert.deepEqual(await calls, [CLAIMS, undefined]);
    });

    test('hangs, and the client has a timeout: calls reject in time', async (t) => {
      const { cache } = await connect(t, library.impatient);
      server.freeze();
      const results = await soon(call(cache), 2_000);
      server.thaw();
      assertRejected(results);
      await works(cache);
    });

    test('stops and starts again: calls wait or reject, and then work', async (t) => {
      const { cache } = await connect(t);
      await cache.set('token', CLAIMS, expiresAt());
      const inFlight = call(cache);
      await server.kill();
      const away = call(cache);
      await soon(away, 300);
      await server.start();
      await works(cache);
      // Whatever they came to, none is left hanging.
      await Promise.all([inFlight, away]);
    });

    test('is away, and the client does not queue: calls reject at once', async (t) => {
      const { cache } = await connect(t, library.impatient);
      await server.kill();
      await cache.get('token').catch(() => {});
      const start = Date.now();
      assertRejected(await call(cache));
      assert.ok(Date.now() - start < 100);
      await server.start();
      await works(cache);
    });

    test('hangs, and the client is closed: no call is left hanging', async (t) => {
      const { cache, close } = await connect(t);
      server.freeze();
      const calls = call(cache);
      await close();
      // ioredis waits until the server has closed its side.
      server.thaw();
      assert.notEqual(await soon(calls, 2_000), PENDING);
    });
  });
}
