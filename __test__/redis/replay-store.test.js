'use strict';

// `createRedisReplayStore` over every client library, against a real server and a real cluster: a key is new once,
// for all connections together, and a Redis that is away, hung, full or failing over never makes one new.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { after, before, describe, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { MonoCloudValidationError } = require('@monocloud/backend-node');
const { createRedisReplayStore } = require('@monocloud/backend-node/redis');
const {
  freePorts,
  noRedis,
  replayLibraries,
  startCluster,
  startRedis,
  until,
} = require('../support/redis.js');
const { inSeconds } = require('./support.js');

const PENDING = Symbol('pending');
const soon = (promise, ms) => Promise.race([promise, sleep(ms, PENDING, { ref: false })]);
const keyOf = (text) => createHash('sha256').update(text).digest('base64url');

/** What came of a call: its value, or `'rejected'`. */
const outcome = (promise) => promise.catch(() => 'rejected');

/** Each library has a server of its own, and the tests of all run at once: they wait for the most part. */
describe('createRedisReplayStore', { skip: noRedis, concurrency: true }, () => {
  for (const library of replayLibraries)
    describe(library.title, { concurrency: 1 }, () => {
      let server;
      before(async () => {
        server = await startRedis();
      });
      after(() => server?.close());

      const connect = async (t, options) => {
        const { client, close } = await library.connect(server, options);
        t.after(async () => {
          server.thaw();
          await close();
        });
        return { client, store: createRedisReplayStore(client) };
      };
      const worksWith = (store) =>
        until(
          async () => (await outcome(store.add(keyOf(`${Math.random()}`), inSeconds(60)))) === true,
          'coming back',
        );

      test('a key is new once, in one command that keeps it until its end', async (t) => {
        const { client, store } = await connect(t);
        const key = keyOf('one');
        const commands = await server.commandsOf(async () => {
          assert.equal(await store.add(key, inSeconds(120)), true);
        });
        assert.equal(commands.length, 1);
        assert.match(
          commands[0],
          new RegExp(`^"SET" "monocloud:dpop:${key}" "1" "PX" "\\d+" "NX"$`, 'i'),
        );
        const left = Number(await server.cli('PTTL', `monocloud:dpop:${key}`));
        assert.ok(left > 119_000 && left <= 120_001, `${left}`);
        assert.equal(await store.add(key, inSeconds(60)), false);
        assert.equal(await store.add(keyOf('two'), inSeconds(60)), true);
        const other = createRedisReplayStore(client, { prefix: 'other:' });
        assert.equal(await other.add(key, inSeconds(60)), true);
        assert.equal(await other.add(key, inSeconds(60)), false);
      });

      test('of 50 at once over two connections one is the first', async (t) => {
        const stores = [(await connect(t)).store, (await connect(t)).store];
        const key = keyOf('at once');
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, i) => stores[i % 2].add(key, inSeconds(60))),
        );
        assert.equal(answers.filter((answer) => answer === true).length, 1);
        assert.equal(answers.filter((answer) => answer === false).length, 49);
      });

      test('a key that has ended already, and one that ends in the far future, are kept', async (t) => {
        const { store } = await connect(t);
        for (const end of [inSeconds(-3600), 0, Number.MAX_VALUE]) {
          const key = keyOf(`ends at ${end}`);
          assert.equal(await store.add(key, end), true);
          assert.equal(await store.add(key, end), false);
        }
      });

      test('wrong arguments reject', async (t) => {
        const { store } = await connect(t);
        for (const wrong of [
          [],
          ['', inSeconds(60)],
          [1, inSeconds(60)],
          ['key'],
          ['key', '60'],
          ['key', Number.NaN],
          ['key', Number.POSITIVE_INFINITY],
        ]) {
          await assert.rejects(store.add(...wrong), MonoCloudValidationError);
        }
      });

      test('full: rejects, and what was there stays there', async (t) => {
        const { store } = await connect(t);
        assert.equal(await store.add(keyOf('before'), inSeconds(60)), true);
        await server.cli('CONFIG', 'SET', 'maxmemory', '1');
        await assert.rejects(store.add(keyOf('full'), inSeconds(60)), /OOM/);
        await server.cli('CONFIG', 'SET', 'maxmemory', '0');
        assert.equal(await store.add(keyOf('before'), inSeconds(60)), false);
        await worksWith(store);
      });

      test('hung: nothing is new until it goes on, and then once', async (t) => {
        const { store } = await connect(t);
        await worksWith(store);
        server.freeze();
        const calls = [1, 2].map(() => outcome(store.add(keyOf('hung'), inSeconds(60))));
        assert.equal(await soon(Promise.race(calls), 300), PENDING);
        server.thaw();
        assert.deepEqual((await Promise.all(calls)).sort(), [false, true]);
      });

      test('stopped: nothing is new, and it is back by itself', async (t) => {
        const { store } = await connect(t, library.impatient);
        await worksWith(store);
        await server.kill();
        for (let i = 0; i < 5; i += 1) {
          const answer = await soon(outcome(store.add(keyOf('away'), inSeconds(60))), 1_000);
          assert.ok(answer === 'rejected' || answer === PENDING, `${String(answer)}`);
        }
        await server.start();
        await worksWith(store);
      });

      test('a replica is not written to', async (t) => {
        const [port] = await freePorts(1);
        const replica = await startRedis({
          port,
          args: ['--replicaof', '127.0.0.1', `${server.port}`],
        });
        t.after(() => replica.close());
        const { client, close } = await library.connect(replica);
        t.after(close);
        await assert.rejects(
          createRedisReplayStore(client).add(keyOf('ro'), inSeconds(60)),
          /READONLY/,
        );
      });
    });
});

describe('createRedisReplayStore in a cluster', { skip: noRedis }, () => {
  let cluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.close());

  for (const library of replayLibraries) {
    test(library.title, async (t) => {
      const { client, close } = await library.connectCluster(cluster);
      t.after(close);
      const store = createRedisReplayStore(client, { prefix: `${library.name}:` });
      const keys = Array.from({ length: 60 }, (_, i) => keyOf(`key ${i}`));
      const addAll = () => Promise.all(keys.map((key) => store.add(key, inSeconds(60))));
      assert.deepEqual(
        await addAll(),
        keys.map(() => true),
      );
      assert.deepEqual(
        await addAll(),
        keys.map(() => false),
      );
      for (const { cli } of cluster.nodes) assert.ok(Number(await cli('DBSIZE')) > 5);
    });
  }
});

describe('the arguments of createRedisReplayStore', () => {
  const commands = { get() {}, set() {}, del() {} };
  const client = { ...commands, isOpen: true };

  for (const [wrong, message] of [
    [[], /^"client" must be a client, pool or cluster of redis \(4, 5 or 6\)/],
    [['redis://127.0.0.1'], /^"client" must be a client/],
    [[commands], /^"client" must be a client/],
    [[new Map()], /^"client" must be a client/],
    [[client, { prefix: 1 }], /^"prefix" must be a string$/],
    [[client, { Prefix: '' }], /^createRedisReplayStore\(\) has no .*; did you mean "prefix"\?$/],
    [[client, { secret: 'x'.repeat(16) }], /^createRedisReplayStore\(\) has no option "secret"/],
    [[client, 'prefix'], /^"options" must be an object$/],
  ]) {
    test(`${message}`, () => {
      assert.throws(
        () => createRedisReplayStore(...wrong),
        (error) => {
          assert.ok(error instanceof MonoCloudValidationError);
          assert.match(error.message, message);
          assert.match(error.stack.split('\n')[1], /replay-store\.test\.js/);
          return true;
        },
      );
    });
  }

  test('only OK and null are answers', async () => {
    const answers = ['QUEUED', 'ok', '1', 1, true, undefined, {}, [], ['OK'], new Error('OK')];
    for (const answer of answers) {
      const store = createRedisReplayStore({ ...client, set: async () => answer });
      await assert.rejects(store.add('key', inSeconds(60)), /neither OK nor null/);
    }
    const bytes = createRedisReplayStore({ ...client, set: async () => Buffer.from('OK') });
    assert.equal(await bytes.add('key', inSeconds(60)), true);
  });

  test('nothing on Object.prototype is an option of a command', { skip: noRedis }, async (t) => {
    const server = await startRedis();
    t.after(() => server.close());
    for (const library of replayLibraries) {
      const { client: own, close } = await library.connect(server);
      t.after(close);
      const store = createRedisReplayStore(own);
      for (const name of ['GET', 'XX', 'KEEPTTL', 'EX', 'matchValue', 'prefix']) {
        const key = keyOf(`${library.name} ${name}`);
        Object.prototype[name] = name === 'EX' ? 1 : 'x';
        const answers = [];
        try {
          answers.push(await outcome(store.add(key, inSeconds(60))));
          answers.push(await outcome(store.add(key, inSeconds(60))));
        } finally {
          delete Object.prototype[name];
        }
        assert.notEqual(answers[1], true, `${library.name} ${name}: ${answers}`);
      }
    }
  });
});
