'use strict';

// Every way that claims can take to a route's rules. What a rule says of them must not depend on it.

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { sendJson } = require('./faulty-tenant.js');

const newClient = (tenant, options) => new MonoCloudBackendNodeClient(tenant.options(options));

/** Lets the tenant say of each opaque token that it has these claims. */
function introspected(tenant, claims) {
  tenant.on('introspection', (_request, response) =>
    sendJson(response, { active: true, ...tenant.claims(), ...claims }),
  );
}

/** A cache that keeps everything. */
class MapCache extends Map {
  async get(token) {
    return super.get(token);
  }
  async set(token, claims) {
    super.set(token, claims);
  }
  async delete(token) {
    super.delete(token);
  }
}

/** Each is `(tenant) => (claims, options) => Promise<claims>`. */
const WAYS = {
  'a new token': (tenant) => {
    const client = newClient(tenant, { verifiedTokensBytes: 0 });
    return (claims, options) => client.validateAccessToken(tenant.token(claims), options);
  },
  'a token that was seen before': (tenant) => {
    const client = newClient(tenant);
    return async (claims, options) => {
      const token = tenant.token(claims);
      await client.validateAccessToken(token);
      await client.validateAccessToken(token);
      return client.validateAccessToken(token, options);
    };
  },
  'a token that is in the cache': (tenant) => {
    const client = newClient(tenant, { cache: new MapCache(), cacheTimeout: 10_000 });
    return async (claims, options) => {
      const token = tenant.token(claims);
      await client.validateAccessToken(token);
      return client.validateAccessToken(token, options);
    };
  },
  validateJwtAccessToken: (tenant) => {
    const client = newClient(tenant);
    return (claims, options) => client.validateJwtAccessToken(tenant.token(claims), options);
  },
  'an opaque token': (tenant) => {
    const client = newClient(tenant, tenant.credentials);
    return (claims, options) => {
      introspected(tenant, claims);
      return client.validateAccessToken('opaque', options);
    };
  },
  'an opaque token that is in the cache': (tenant) => {
    const cache = new MapCache();
    const client = newClient(tenant, { ...tenant.credentials, cache, cacheTimeout: 10_000 });
    return async (claims, options) => {
      cache.clear();
      introspected(tenant, claims);
      await client.validateAccessToken('opaque');
      return client.validateAccessToken('opaque', options);
    };
  },
  'an introspectAccessToken of the program’s own': (tenant) => {
    const client = newClient(tenant, tenant.credentials);
    return (claims, options) => {
      // As a token has them: members that are `undefined` are none.
      const own = JSON.parse(JSON.stringify({ ...tenant.claims(), ...claims }));
      client.introspectAccessToken = async () => own;
      return client.validateAccessToken('opaque', options);
    };
  },
};

module.exports = { WAYS };
