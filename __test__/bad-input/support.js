'use strict';

const { frameworks, get } = require('../support/http.js');

const adapters = {
  express: require('@monocloud/backend-node/express'),
  fastify: require('@monocloud/backend-node/fastify'),
};

const KIB = 1024;
const MIB = 1024 * KIB;

const DEEP = 100_000;

const deepArray = '['.repeat(DEEP) + ']'.repeat(DEEP);

/** All four frameworks with one `protectApi` option; `get(token)` asks each with a resolver's token. */
async function startApis(options, { route, http } = {}) {
  let current;
  const errors = [];
  const apis = await Promise.all(
    frameworks.map(async ({ name, adapter, create }) => {
      const { protectApi } = adapters[adapter];
      // What no header can hold comes by a resolver; without one the header is used.
      const protect = protectApi({ ...options, tokenResolver: () => current });
      // The claims may be too deep to be sent back; that they are there is enough.
      const handler = (request) => ({ sub: request.claims.sub });
      const routes = [{ path: '/', options: route, handler }];
      return { name, ...(await create(protect, routes, { http, record: errors })) };
    }),
  );
  return {
    apis,
    errors,
    async resolve(token, check) {
      current = token;
      try {
        for (const { name, url } of apis) check(await get(url), name);
      } finally {
        current = undefined;
      }
    },
    close: () => Promise.all(apis.map((api) => api.close())),
  };
}

module.exports = { DEEP, KIB, MIB, deepArray, startApis };
