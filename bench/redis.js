'use strict';

// node bench/redis.js [rounds] [calls]: a hit with createRedisCache().get(), compared with the client's GET of the
// same key, on a redis-server of its own, for each client library.
//
// The contenders take turns in short rounds, so that other processes affect all alike. `one by one` is the
// latency: each call begins when the last one has ended. `64 at once` is the processor time of a call. The goal
// is 1.15 of the latency of GET, without a secret; the cost of a secret is shown beside it. Loopback is the
// hardest case: the cache adds the same few microseconds at any distance from Redis. Half of them are for
// JSON.parse, so GET with JSON.parse is measured, too.

const { createRedisCache } = require('../js/redis');
const { libraries, noRedis, startRedis } = require('../__test__/support/redis.js');
const { median } = require('./support/stats.js');

const MARK = 1.15;
const WARM_UP = 200;
const [rounds = 1001, calls = 20] = process.argv.slice(2).map(Number);
const OPAQUE = 'GmXoz1LKf3VtPqN7sUdC5hYwJr2bEa8ZiQ0TxOyMv4A';
const JWT = `eyJhbGciOiJSUzI1NiJ9.${'x'.repeat(500)}.${'y'.repeat(342)}`;
const SECRET = 'a secret of more than sixteen bytes';
const SCOPE = { tenantDomain: 'https://tenant.example', audience: 'https://api.example' };
const CLAIMS = {
  iss: 'https://tenant.example',
  sub: '248289761001',
  aud: ['https://api.example'],
  exp: Math.floor(Date.now() / 1000) + 3600,
  iat: Math.floor(Date.now() / 1000),
  jti: '5f0c1d7e-9f0b-4d0e-8a51-2c1a0b3f7f11',
  client_id: 'client',
  scope: 'openid profile posts:read posts:write',
  groups: ['engineering', 'staff'],
};

async function oneByOne(call) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i += 1) await call();
  return Number(process.hrtime.bigint() - start) / calls / 1000;
}

async function atOnce(call) {
  const start = process.hrtime.bigint();
  const worker = async () => {
    for (let i = 0; i < calls / 64; i += 1) await call();
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  return Number(process.hrtime.bigint() - start) / (Math.ceil(calls / 64) * 64) / 1000;
}

/** Medians of the rounds, in microseconds per call, and the ratios of the cache to both GETs. */
async function compare(measure, calls) {
  const names = Object.keys(calls);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    // Each contender begins equally often.
    const first = (round + WARM_UP) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const time = await measure(calls[name]);
      if (round >= 0) times[name].push(time);
    }
  }
  const [bare, parsed, cached] = names.map((name) => median(times[name]));
  return {
    'GET µs': bare.toFixed(1),
    'GET + parse µs': parsed.toFixed(1),
    'cache µs': cached.toFixed(1),
    'to GET': (cached / bare).toFixed(3),
    'to GET + parse': (cached / parsed).toFixed(3),
  };
}

async function main() {
  if (noRedis) throw new Error(noRedis);
  const server = await startRedis();
  const rows = {};
  const overMark = [];
  for (const library of libraries) {
    const { client, close } = await library.connect(server);
    for (const [kind, token, secret] of [
      ['opaque token', OPAQUE],
      ['JWT', JWT],
      ['opaque token, secret', OPAQUE, SECRET],
    ]) {
      await server.cli('FLUSHALL');
      const cache = createRedisCache(client, { ...SCOPE, secret });
      await cache.set(token, CLAIMS, CLAIMS.exp);
      const key = await server.cli('RANDOMKEY');
      const calls = {
        bare: () => client.get(key),
        parsed: async () => JSON.parse((await client.get(key)).slice(secret ? 43 : 0)),
        cached: () => cache.get(token),
      };
      const title = `${library.title}, ${kind}`;
      const waited = await compare(oneByOne, calls);
      rows[`${title}, one by one`] = waited;
      rows[`${title}, 64 at once`] = await compare(atOnce, calls);
      if (!secret && waited['to GET'] > MARK) overMark.push(`${title}: ${waited['to GET']}`);
    }
    await close();
  }
  await server.close();
  console.table(rows);
  console.log(
    overMark.length > 0
      ? `Over ${MARK}: ${overMark.join('; ')}`
      : `One by one without a secret, all are within ${MARK}.`,
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
