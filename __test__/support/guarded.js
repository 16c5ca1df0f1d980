'use strict';

// APIs behind `protectApi`, for tests that say the same of both majors of both frameworks.

const { frameworks } = require('./http.js');
const { startFaultyTenant } = require('./faulty-tenant.js');

const adapters = {
  express: require('@monocloud/backend-node/express'),
  fastify: require('@monocloud/backend-node/fastify'),
};

/** The frameworks, each with its `protectApi` and with APIs that end with their test. */
const guarded = frameworks.map(({ name, adapter, create }) => {
  /** Starts an API; every error that reaches the framework is in `errors`, and none may be ours. */
  async function start(t, protect, routes, more = {}) {
    const errors = [];
    const api = await create(protect, routes, { ...more, record: errors });
    t.after(() => api.close());
    return { ...api, errors };
  }
  return {
    name,
    adapter,
    protectApi: adapters[adapter].protectApi,
    start,
    startOne: (t, protect, options, more) => start(t, protect, [{ path: '/', options }], more),
  };
});

/** A tenant that ends with its test. */
async function startTenant(t, options) {
  const tenant = await startFaultyTenant(options);
  t.after(() => tenant.close());
  return tenant;
}

/** A client of the user's own, which a test answers for: `{ validateAccessToken }` and no more. */
const ownClient = (validateAccessToken) => ({ validateAccessToken });

/** One that lets everybody in, as whom the token says. */
const passes = ownClient(async (token) => ({ sub: token }));

const authorized = (value) => ({ headers: [['Authorization', value]] });

module.exports = { authorized, guarded, ownClient, passes, startTenant };
