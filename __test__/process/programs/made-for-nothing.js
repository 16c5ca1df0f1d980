'use strict';

// Makes all that can be made, and validates nothing.

const { protectApi } = require('../../../js/express/index.js');
const { protectApi: protectFastify } = require('../../../js/fastify/index.js');
const { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient } = require('../../../js/index.js');
const { createMemoryCache } = require('../../../js/redis/index.js');
const { createTestTenant } = require('../../../js/testing/index.js');

module.exports = async ({ input: { options } }) => {
  globalThis.kept = [
    new MonoCloudBackendNodeClient({ ...options, cache: createMemoryCache() }),
    new MonoCloudBackendNodeClient({ ...options, fetcher: fetch, jwksResolver() {} }),
    new MonoCloudOidcBackendClient(options.tenantDomain, options.audience),
    protectApi(options)({ scopes: ['posts:read'] }),
    protectFastify(options)(),
    await createTestTenant({ algorithms: ['ES256'] }),
  ];
};
