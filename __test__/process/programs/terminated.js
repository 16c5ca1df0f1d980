'use strict';

// A worker of terminating.js, until it is ended: clients of every kind, and tokens of every kind.

const { workerData: input } = require('node:worker_threads');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');
const { createMemoryCache } = require('../../../js/redis/index.js');

const late = (value) => new Promise((resolve) => setTimeout(resolve, 5, value));
const options = [
  {},
  { cache: createMemoryCache() },
  { cache: { get: () => late(), set: () => late(), delete: () => late() } },
  { fetcher: (url, init) => fetch(url, init) },
  { jwksResolver: () => late(input.jwks) },
  { fetcher: () => new Promise(() => {}) },
  { fetcher: () => late({ status: 500, headers: {}, text: async () => '' }) },
  { metadataResolver: () => new Promise(() => {}) },
  { tenantDomain: input.slow, responseTimeout: 1000 },
];
// A stale set is fetched anew behind the requests: there is always something under way.
const clients = options.map(
  (more) => new MonoCloudBackendNodeClient({ ...input.options, jwksCacheDuration: 0.02, ...more }),
);
for (const client of clients) {
  for (const token of [...input.good, ...input.bad, 'opaque']) {
    (async () => {
      for (;;) {
        await client.validateAccessToken(token).catch(() => {});
        await late();
      }
    })();
  }
}
