'use strict';

// Loaded before a newcomer's program: `redisCache` is what two documents call a cache of the reader's own.

if (process.env.REDIS_URL) {
  const { createClient } = require('redis');
  const { createRedisCache } = require('@monocloud/backend-node/redis');
  const redis = createClient({ url: process.env.REDIS_URL });
  redis.on('error', (error) => console.error(error.message));
  redis.connect();
  const [tenantDomain, audience] = process.env.CACHE_FOR.split(' ');
  globalThis.redisCache = createRedisCache(redis, { tenantDomain, audience });
}
