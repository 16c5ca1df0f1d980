'use strict';

// `createRedisCache` over every client library, against a real server and a real cluster.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { createHash, createHmac } = require('node:crypto');
const path = require('node:path');
const { after, before, beforeEach, describe, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { promisify } = require('node:util');

const { MonoCloudValidationError } = require('@monocloud/backend-node');
const { createRedisCache } = require('@monocloud/backend-node/redis');
const provenance = require('../../js/core/provenance.js');
const { libraries, noRedis, startRedis } = require('../support/redis.js');
const { at } = require('../support/tokens.js');
const { CLAIMS, SCOPE, SECRET, inSeconds } = require('./support.js');

const TOKEN = 'opaque-token.with_all~characters+/=';

/** A copy of claims with a mark, as our client hands it to a cache. */
function provenanceOf(mark, claims) {
  const copy = { ...claims };
  provenance.mark(copy, mark);
  return copy;
}

/** The seal of a value under `SECRET`, by the layout that is documented in js/redis/index.js. */
function sealOf(key, text, label = 'monocloud-backend-node cache value 2\0') {
  return createHmac('sha256', SECRET)
    .update(`${label}${key.length}:${key}${text.length}:${text}`)
    .digest('base64url');
}

/** All that the server holds: `{ key: value }`. */
async function contents(server) {
  const keys = (await server.cli('--scan')).split('\n').filter(Boolean);
  return Object.fromEntries(
    await Promise.all(keys.map(async (key) => [key, await server.cli('GET', key)])),
  );
}

/** The only key there is. */
async function onlyKey(server) {
  const keys = Object.keys(await contents(server));
  assert.equal(keys.length, 1);
  return keys[0];
}

describe('createRedisCache', { skip: noRedis }, () => {
  let server;
  before(async () => {
    server = await startRedis();
  });
  beforeEach(() => server.cli('FLUSHALL'));
  after(() => server?.close());

  for (const library of libraries) {
    describe(library.title, () => {
      let client;
      let close;
      before(async () => {
        ({ client, close } = await library.connect(server));
      });
      after(() => close?.());

      for (const [kind, options] of [
        ['', SCOPE],
        [', with a secret', { ...SCOPE, secret: SECRET }],
      ]) {
        test(`stores, finds and deletes claims${kind}`, async () => {
          const cache = createRedisCache(client, options);
          assert.equal(await cache.get(TOKEN), undefined);
          assert.equal(await cache.set(TOKEN, CLAIMS, inSeconds(60)), undefined);
          const first = await cache.get(TOKEN);
          assert.deepEqual(first, CLAIMS);
          first.groups.push('changed');
          assert.deepEqual(await cache.get(TOKEN), CLAIMS);
          assert.equal(await cache.get(`${TOKEN}x`), undefined);
          assert.equal(await cache.delete(TOKEN), undefined);
          assert.equal(await cache.get(TOKEN), undefined);
          assert.equal(await cache.delete(TOKEN), undefined);
        });

        test(`every call is one command, and none has the token in it${kind}`, async () => {
          const cache = createRedisCache(client, options);
          const commands = await server.commandsOf(async () => {
            await cache.set(TOKEN, CLAIMS, inSeconds(60));
            await cache.get(TOKEN);
            await cache.get('missing');
            await cache.delete(TOKEN);
          });
          const names = commands.map((line) => /^"(\w+)"/.exec(line)[1].toUpperCase());
          assert.deepEqual(names, ['SET', 'GET', 'GET', 'DEL']);
          assert.match(commands[0], /^"set" "monocloud:[\w-]{43}" ".*" "PXAT" "\d{13}"$/i);
          assert.ok(!commands.join().includes(TOKEN.slice(0, 12)), 'the token');
        });
      }

      test('an entry expires with its token, to the millisecond, and never later', async () => {
        const cache = createRedisCache(client, SCOPE);
        const second = Math.floor(inSeconds(100));
        for (const [expiresAt, milliseconds] of [
          [second, second * 1000],
          [second + 0.9999, second * 1000 + 999],
          [second + 0.5, second * 1000 + 500],
          [1e300, 8.64e15],
        ]) {
          await cache.set(TOKEN, CLAIMS, expiresAt);
          const found = await server.cli('PEXPIRETIME', await onlyKey(server));
          assert.equal(Number(found), milliseconds);
        }
        const expiresAt = inSeconds(0.15);
        await cache.set(TOKEN, CLAIMS, expiresAt);
        // Redis serves an entry through the millisecond of its expiry.
        while (Date.now() / 1000 < expiresAt + 0.002) await sleep(5);
        assert.equal(await cache.get(TOKEN), undefined);
        assert.deepEqual(await contents(server), {});
      });

      test('what has expired is not stored, and a time that is none is refused', async () => {
        const cache = createRedisCache(client, SCOPE);
        const commands = await server.commandsOf(async () => {
          for (const expiresAt of [inSeconds(-1), inSeconds(0), 0, -1]) {
            await cache.set(TOKEN, CLAIMS, expiresAt);
          }
          for (const expiresAt of [Number.NaN, Number.POSITIVE_INFINITY, undefined, '9999999999']) {
            await assert.rejects(cache.set(TOKEN, CLAIMS, expiresAt), MonoCloudValidationError);
          }
          for (const token of [undefined, null, {}, 1]) {
            await assert.rejects(cache.get(token), MonoCloudValidationError);
          }
        });
        assert.deepEqual(commands, []);
      });

      test('the client of another tenant, API, prefix or secret finds nothing', async () => {
        const own = createRedisCache(client, SCOPE);
        await own.set(TOKEN, CLAIMS, inSeconds(60));
        for (const other of [
          { tenantDomain: 'https://other.example' },
          { audience: 'https://other.example' },
          // The same letters, parted elsewhere.
          { tenantDomain: 'https://tenant.exampl', audience: 'ehttps://api.example' },
          { prefix: 'other:' },
          { secret: SECRET },
        ]) {
          const cache = createRedisCache(client, { ...SCOPE, ...other });
          assert.equal(await cache.get(TOKEN), undefined);
          await cache.delete(TOKEN);
        }
        // The same tenant, as it may be written.
        const same = createRedisCache(client, {
          ...SCOPE,
          tenantDomain: 'https://tenant.example/',
        });
        assert.deepEqual(await same.get(TOKEN), CLAIMS);
      });

      test('rubbish is no entry, and is written over', async () => {
        const cache = createRedisCache(client, SCOPE);
        await cache.set(TOKEN, CLAIMS, inSeconds(60));
        const key = await onlyKey(server);
        const entry = await server.cli('GET', key);
        const head = entry.slice(0, entry.indexOf(':') + 1);
        for (const rubbish of ['', 'x', '{', 'null', '[]', '1', '"text"', 'true', '\\xff']) {
          for (const value of [rubbish, head + rubbish]) {
            await server.cli('SET', key, value);
            assert.equal(await cache.get(TOKEN), undefined, value);
          }
        }
        // The layout of version 1, and heads that are none.
        const text = JSON.stringify(CLAIMS);
        for (const none of ['', '-', '-:', '-0:', '-1e15:', '-01893456000000:', '4102444800000:']) {
          await server.cli('SET', key, none + text);
          assert.equal(await cache.get(TOKEN), undefined, none);
        }
        for (const bad of ['x4102444800000:', '-99999999999999999:', ' -4102444800000:']) {
          await server.cli('SET', key, bad + text);
          assert.equal(await cache.get(TOKEN), undefined, bad);
        }
        // A head at the place where the claims begin, had it been the first.
        const inside = `${'x'.repeat(head.length)}{"sub":"${head}"}`;
        await server.cli('SET', key, inside);
        assert.equal(await cache.get(TOKEN), undefined, inside);
        await server.cli('SET', key, `-4102444800000:${text}`);
        assert.deepEqual(await cache.get(TOKEN), CLAIMS);
        await server.cli('DEL', key);
        await server.cli('RPUSH', key, 'a list');
        await assert.rejects(cache.get(TOKEN), /WRONGTYPE/);
        await cache.set(TOKEN, CLAIMS, inSeconds(60));
        assert.deepEqual(await cache.get(TOKEN), CLAIMS);

        await server.cli('SET', key, `${head}{"__proto__":{"admin":true},"sub":"x"}`);
        const claims = await cache.get(TOKEN);
        assert.equal(Object.getPrototypeOf(claims), Object.prototype);
        assert.equal(claims.admin, undefined);
        assert.equal({}.admin, undefined);
        assert.equal(claims.sub, 'x');
      });

      test('with a secret, what somebody else wrote is no entry', async () => {
        const cache = createRedisCache(client, { ...SCOPE, secret: SECRET });
        await cache.set('other', { ...CLAIMS, sub: 'other' }, inSeconds(60));
        const otherKey = await onlyKey(server);
        const otherValue = await server.cli('GET', otherKey);
        await cache.set(TOKEN, CLAIMS, inSeconds(60));
        const all = await contents(server);
        const key = Object.keys(all).find((name) => name !== otherKey);
        const value = all[key];
        const text = value.slice(43);
        const wrongSecret = createHmac('sha256', 'guess')
          .update(key + text)
          .digest('base64url');
        const label1 = 'monocloud-backend-node cache value 1\0';
        const json = JSON.stringify(CLAIMS);
        for (const forged of [
          text,
          otherValue,
          wrongSecret + text,
          // Version 1 sealed the claims alone.
          sealOf(key, json, label1) + json,
          createHmac('sha256', SECRET)
            .update(`${label1}${key.length}:${key}${json}`)
            .digest('base64url') + json,
          sealOf(key, text, label1) + text,
          sealOf(key, json) + json,
          // Another end, another mark.
          value.slice(0, 43) + text.replace(/^-\d+/, '-4102444800000'),
          value.slice(0, 43) + text.replace(/^-/, 'i'),
          value.slice(0, 43) + text.replace('4102444800', '9102444800'),
          value.slice(0, 43),
          value.slice(1),
          `${value} `,
          '',
        ]) {
          await server.cli('SET', key, forged);
          assert.equal(await cache.get(TOKEN), undefined, forged);
        }
        await server.cli('SET', key, value);
        assert.deepEqual(await cache.get(TOKEN), CLAIMS);
      });

      for (const [kind, options] of [
        ['', SCOPE],
        [', with a secret', { ...SCOPE, secret: SECRET }],
      ]) {
        test(`an entry that is written back after its end is no entry${kind}`, async () => {
          const cache = createRedisCache(client, options);
          const expiresAt = inSeconds(60);
          // Capped, as a revoked opaque token's entry is: its own `exp` is years away.
          await cache.set(TOKEN, provenanceOf('introspected', CLAIMS), expiresAt);
          const key = await onlyKey(server);
          const value = await server.cli('GET', key);
          assert.deepEqual(await cache.get(TOKEN), CLAIMS);
          await server.cli('DEL', key);
          // Without an expiry, so that only the entry itself knows its end.
          await server.cli('SET', key, value);
          assert.equal(await at(expiresAt, () => cache.get(TOKEN)), undefined);
          assert.deepEqual(await cache.get(TOKEN), CLAIMS);
        });

        test(`an entry says where it comes from, and a copy does not${kind}`, async () => {
          const cache = createRedisCache(client, options);
          for (const mark of ['introspected', 'validated', undefined]) {
            await cache.set(TOKEN, provenanceOf(mark, CLAIMS), inSeconds(60));
            const found = await cache.get(TOKEN);
            assert.equal(provenance.of(found), mark);
            assert.equal(provenance.of({ ...found }), undefined);
          }
        });
      }

      test('a transaction or a pipeline is not taken for a client', () => {
        const transaction = library.transaction(client);
        assert.throws(() => createRedisCache(transaction, SCOPE), /"client" must be a client/);
      });

      test('a thousand at once', async () => {
        const cache = createRedisCache(client, SCOPE);
        const tokens = Array.from({ length: 1000 }, (_, i) => `token ${i}`);
        const expiresAt = inSeconds(60);
        await Promise.all(tokens.map((sub) => cache.set(sub, { ...CLAIMS, sub }, expiresAt)));
        const found = await Promise.all(tokens.map((token) => cache.get(token)));
        assert.deepEqual(
          found.map(({ sub }) => sub),
          tokens,
        );
      });

      if (library.connectPool) {
        test('a pool', async (t) => {
          const pool = await library.connectPool(server);
          t.after(pool.close);
          const cache = createRedisCache(pool.client, SCOPE);
          await cache.set(TOKEN, CLAIMS, inSeconds(60));
          assert.deepEqual(await cache.get(TOKEN), CLAIMS);
          assert.ok(Number(await server.cli('PTTL', await onlyKey(server))) > 0);
          await cache.delete(TOKEN);
          assert.equal(await cache.get(TOKEN), undefined);
        });
      }

      if (library.connectBytes) {
        test('a client that answers with bytes', async (t) => {
          const bytes = await library.connectBytes(server);
          t.after(bytes.close);
          const cache = createRedisCache(bytes.client, { ...SCOPE, secret: SECRET });
          await cache.set(TOKEN, CLAIMS, inSeconds(60));
          assert.deepEqual(await cache.get(TOKEN), CLAIMS);
        });
      }
    });
  }

  /** A client of a library, which is closed also where the test fails. */
  const connect = async (t, library) => {
    const { client, close } = await library.connect(server);
    t.after(close);
    return client;
  };

  test('servers with different libraries share what they store', async (t) => {
    const clients = [];
    for (const library of libraries) clients.push(await connect(t, library));
    const caches = clients.map((client) => createRedisCache(client, { ...SCOPE, secret: SECRET }));
    for (const [i, cache] of caches.entries()) {
      await cache.set(`${TOKEN}${i}`, { ...CLAIMS, sub: `${i}` }, inSeconds(60));
      for (const reader of caches) assert.equal((await reader.get(`${TOKEN}${i}`)).sub, `${i}`);
    }
  });

  test('another process finds the entry, by the environment, through an import', async (t) => {
    const client = await connect(t, libraries[0]);
    await createRedisCache(client, SCOPE).set(TOKEN, CLAIMS, inSeconds(60));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [path.join(__dirname, 'programs', 'reader.mjs'), libraries[0].name],
      {
        timeout: 30_000,
        env: {
          ...process.env,
          REDIS_URL: server.url,
          TOKEN,
          MONOCLOUD_BACKEND_TENANT_DOMAIN: SCOPE.tenantDomain,
          MONOCLOUD_BACKEND_AUDIENCE: SCOPE.audience,
        },
      },
    );
    assert.deepEqual(JSON.parse(stdout), CLAIMS);
  });

  test('the layout: other versions of this package will look for the same', async (t) => {
    const client = await connect(t, libraries[0]);
    const text =
      'monocloud-backend-node cache key 2\0' +
      `22:https://tenant.example19:https://api.example${TOKEN}`;
    const hash = createHash('sha256').update(text).digest('base64url');
    const hmac = createHmac('sha256', SECRET).update(text).digest('base64url');
    const end = Math.floor(inSeconds(60));
    await createRedisCache(client, { ...SCOPE, prefix: '' }).set(TOKEN, CLAIMS, end + 0.0019);
    const withSecret = createRedisCache(client, {
      ...SCOPE,
      prefix: 'p:',
      secret: Buffer.from(SECRET),
    });
    await withSecret.set(TOKEN, provenanceOf('introspected', CLAIMS), end);
    const entry = `-${end}001:${JSON.stringify(CLAIMS)}`;
    const marked = `i${end}000:${JSON.stringify(CLAIMS)}`;
    assert.deepEqual(await contents(server), {
      [hash]: entry,
      [`p:${hmac}`]: sealOf(`p:${hmac}`, marked) + marked,
    });
  });
});
