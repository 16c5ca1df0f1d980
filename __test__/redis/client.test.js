'use strict';

// The client with a real Redis for its cache, and a real tenant behind both (issue 2 of 7): a hit costs
// no introspection, processes share, and a Redis that goes away takes nobody's token with it.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createRedisCache } = require('@monocloud/backend-node/redis');
const { runScript } = require('../support/child.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { libraries, noRedis, startRedis } = require('../support/redis.js');
const { at } = require('../support/tokens.js');

/** The budget of 100 ms, what the validation itself takes, and a busy machine. */
const PATIENCE_MS = 4000;

const GOOD = (number) => `good-${number}`;
const BAD = (number) => `bad-${number}`;

/** Tells good tokens from bad ones by their name. */
async function startTenant(t) {
  const tenant = await startFaultyTenant();
  t.after(() => tenant.close());
  const exp = Math.floor(Date.now() / 1000) + 3600;
  tenant.on('introspection', async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const active = new URLSearchParams(body).get('token').startsWith('good');
    sendJson(response, active ? { active, ...tenant.claims(), exp } : { active });
  });
  return tenant;
}

for (const library of libraries) {
  describe(`the client with ${library.title}`, { skip: noRedis }, () => {
    const start = async (t, options) => {
      const server = await startRedis();
      t.after(() => server.close());
      const tenant = await startTenant(t);
      const settings = options?.impatient && library.impatient;
      const { client: redis, close } = await library.connect(server, settings);
      t.after(close);
      const clientWith = (more) => {
        const own = tenant.options({ ...tenant.credentials, ...more });
        const { tenantDomain, audience } = own;
        const cache = createRedisCache(redis, { tenantDomain, audience });
        return new MonoCloudBackendNodeClient({ ...own, cache });
      };
      return { server, tenant, clientWith };
    };

    test('asks the tenant once for a token, and once again when the entry has gone', async (t) => {
      const { tenant, clientWith } = await start(t);
      // What is counted here must not depend on how busy the machine is.
      const client = clientWith({ clockTolerance: 0, cacheTimeout: 5000 });
      for (let round = 0; round < 20; round += 1) await client.validateAccessToken(GOOD(1));
      assert.equal(tenant.requests.introspection, 1);
      // A route that asks for more is not let in by what is stored.
      await assert.rejects(client.validateAccessToken(GOOD(1), { scopes: ['other'] }), {
        code: 'insufficient_scope',
      });
      assert.equal(tenant.requests.introspection, 1);
      // Nor is a client with another audience, which does not even find it.
      const other = clientWith({ audience: 'https://other.example' });
      await assert.rejects(other.validateAccessToken(GOOD(1)), { reason: 'audience_mismatch' });
      assert.equal(tenant.requests.introspection, 2);
      const { exp } = await client.validateAccessToken(GOOD(1));
      await at(exp + 1, () =>
        assert.rejects(client.validateAccessToken(GOOD(1)), { reason: 'expired' }),
      );
      assert.equal(tenant.requests.introspection, 3);
    });

    test('shares with another process', async (t) => {
      const { server, tenant, clientWith } = await start(t);
      await clientWith({ cacheTimeout: 5000 }).validateAccessToken(GOOD(1));
      const input = {
        library: library.name,
        options: tenant.options(tenant.credentials),
        token: GOOD(1),
        url: server.url,
      };
      const { said, stderr } = await runScript('redis/programs/second-process.js', { input });
      assert.deepEqual(said, ['user'], stderr);
      assert.equal(tenant.requests.introspection, 1);
    });

    test('lets good tokens in and bad ones not, whatever becomes of Redis', async (t) => {
      const { server, clientWith } = await start(t, { impatient: true });
      const client = clientWith();
      let number = 0;
      const traffic = async (what) => {
        for (let round = 0; round < 5; round += 1) {
          number += 1;
          const begun = performance.now();
          const answers = [GOOD(1), GOOD(number), BAD(1), BAD(number)].map((token) =>
            client.validateAccessToken(token).then(
              ({ sub }) => sub,
              ({ code }) => code,
            ),
          );
          const expected = ['user', 'user', 'inactive_token', 'inactive_token'];
          assert.deepEqual(await Promise.all(answers), expected, what);
          const took = performance.now() - begun;
          assert.ok(took < PATIENCE_MS, `${what}: ${took} ms`);
        }
      };
      await traffic('well');
      server.freeze();
      await traffic('hung');
      server.thaw();
      await traffic('awake again');
      await server.kill();
      await traffic('stopped');
      await server.start();
      await traffic('started');
      await sleep(300);
      await server.cli('CONFIG', 'SET', 'maxmemory', '1');
      await traffic('full');
      assert.ok(client.stats().cache.faults > 0);
    });
  });
}
