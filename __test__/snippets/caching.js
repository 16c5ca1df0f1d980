'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');

const { noRedis, startCluster } = require('../support/redis.js');
const { BAD_TOKEN, HELLO, granted, isOld } = require('../support/snippets/common.js');

const HERE = { to: '/api/hello' };

/**
 * An opaque token passes once the tenant knows it no longer. A client that has no queue may not be
 * connected yet, so it is tried again with others.
 */
async function isKept({ base, send, tenant }) {
  for (let tries = 0; tries < 100; tries += 1) {
    const token = await tenant.issueOpaqueToken();
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await send(`${base}/api/hello`, { headers })).status, 200);
    tenant.revoke(token);
    if ((await send(`${base}/api/hello`, { headers })).status === 200) return;
    await sleep(100);
  }
  assert.fail('nothing is kept');
}

const KEPT = [
  ...HELLO,
  { ...HERE, opaque: {}, answer: granted('hello') },
  { ...HERE, token: () => 'never-issued', answer: BAD_TOKEN },
  isKept,
];

module.exports = {
  page: 'docs/caching.md',
  snippets: {
    'In memory': { requests: KEPT },
    'node-redis': { redis: true, requests: KEPT },
    ioredis: { redis: true, requests: KEPT },
    'A cluster': {
      skip: noRedis || (isOld && 'redis 6 asks for Node.js 20'),
      async setup({ after }) {
        const cluster = await startCluster();
        after(() => cluster.close());
        const REDIS_NODES = cluster.nodes.map(({ url }) => url).join(' ');
        return { env: { REDIS_NODES, CACHE_SECRET: 'a secret of the documentation' } };
      },
      requests: KEPT,
    },
    'Your own cache': { requests: KEPT },
    'When the cache fails': {
      ends: /^get out of order\nset out of order\ntest-user \{ hits: 0, misses: 1, faults: 2 \}\n$/,
    },
    'When the cache fails 2': {
      check({ text }) {
        assert.match(text, module.exports.snippets['When the cache fails'].ends);
      },
    },
  },
};
