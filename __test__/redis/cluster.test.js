'use strict';

// `createRedisCache` over every client library, against a real cluster.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { createRedisCache } = require('@monocloud/backend-node/redis');
const { libraries, noRedis, startCluster } = require('../support/redis.js');
const { CLAIMS, SCOPE, SECRET, inSeconds } = require('./support.js');

describe('createRedisCache in a cluster', { skip: noRedis }, () => {
  let cluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.close());

  for (const library of libraries) {
    test(library.title, async (t) => {
      const { client, close } = await library.connectCluster(cluster);
      t.after(close);
      const cache = createRedisCache(client, { ...SCOPE, secret: SECRET });
      const tokens = Array.from({ length: 60 }, (_, i) => `token ${i}`);
      const expiresAt = inSeconds(60);
      await Promise.all(tokens.map((token) => cache.set(token, CLAIMS, expiresAt)));
      for (const { cli } of cluster.nodes) assert.ok(Number(await cli('DBSIZE')) > 5);
      for (const token of tokens) assert.deepEqual(await cache.get(token), CLAIMS);
      await Promise.all(tokens.map((token) => cache.delete(token)));
      for (const { cli } of cluster.nodes) assert.equal(await cli('DBSIZE'), '0');
    });
  }
});
