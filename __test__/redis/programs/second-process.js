'use strict';

// A client whose cache is the Redis of another process.

const { MonoCloudBackendNodeClient } = require('../../../js/index.js');
const { createRedisCache } = require('../../../js/redis/index.js');
const { libraries } = require('../../support/redis.js');

module.exports = async ({ input, say }) => {
  const { connect } = libraries.find(({ name }) => name === input.library);
  const { client, close } = await connect({ url: input.url, port: new URL(input.url).port });
  const { tenantDomain, audience } = input.options;
  const cache = createRedisCache(client, { tenantDomain, audience });
  const api = new MonoCloudBackendNodeClient({ ...input.options, cache, cacheTimeout: 5000 });
  say((await api.validateAccessToken(input.token)).sub);
  await close();
};
