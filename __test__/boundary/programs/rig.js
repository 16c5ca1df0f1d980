'use strict';

// APIs on real frameworks with a real tenant, and requests of which it is known which ones may pass.

const { makeKey, sign } = require('../../support/tokens.js');
const { all } = require('../../support/frameworks.js');
const { frameworks } = require('../../support/http.js');
const { agent, statusOf } = require('./status-of.js');

const AUDIENCE = 'https://api.example.com';

/** The requests: what each token is, and the routes that it may pass. */
async function tokensOf(tenant, unknown) {
  const everything = { scopes: ['read', 'admin'], groups: ['staff'] };
  const claims = {
    iss: tenant.tenantDomain,
    aud: tenant.audience,
    sub: 'eve',
    scope: 'read admin',
    groups: ['staff'],
    exp: Math.floor(Date.now() / 1000) + 300,
  };
  const revoked = await tenant.issueOpaqueToken(everything);
  tenant.revoke(revoked);
  const thumbprint = { 'x5t#S256': 'A'.repeat(43) };
  return {
    'no token': [undefined, []],
    rubbish: ['rubbish', []],
    'a JWT of an unknown key': [sign(unknown, { claims }), []],
    'a JWT without a signature': [sign(unknown, { claims, signature: '' }), []],
    'an expired JWT': [await tenant.issueToken({ ...everything, expiresIn: -7200 }), []],
    'a JWT for another API': [
      await tenant.issueToken({ ...everything, audience: 'https://other.example' }),
      [],
    ],
    'a bound JWT without its certificate': [
      await tenant.issueToken({ ...everything, claims: { cnf: thumbprint } }),
      [],
    ],
    'a JWT that may read': [await tenant.issueToken({ scopes: ['read'] }), ['any']],
    'a JWT that may everything': [await tenant.issueToken(everything), ['any', 'admin', 'staff']],
    'a revoked opaque token': [revoked, []],
    'an opaque token for another API': [
      await tenant.issueOpaqueToken({ ...everything, audience: 'https://other.example' }),
      [],
    ],
    'an opaque token that may read': [await tenant.issueOpaqueToken({ scopes: ['read'] }), ['any']],
    'an opaque token that may everything': [
      await tenant.issueOpaqueToken(everything),
      ['any', 'admin', 'staff'],
    ],
  };
}

const ROUTES = {
  any: undefined,
  admin: { scopes: ['read', 'admin'] },
  staff: { groups: ['staff', 'owners'] },
};

/** The routes that a token is sent to: one that may pass nowhere to two of them. */
const routesFor = (passes) => (passes.length === 0 ? ['any', 'admin'] : Object.keys(ROUTES));

/** How a program may use the package: each gives the arguments of `protectApi`. */
function waysOf(adapter, options) {
  const { MonoCloudBackendNodeClient } = adapter;
  const { createMemoryCache } = require('@monocloud/backend-node/cache');
  class Spreading extends MonoCloudBackendNodeClient {
    validateJwtAccessToken(token, given) {
      return super.validateJwtAccessToken(token, { ...given });
    }
    introspectAccessToken(token, given) {
      return super.introspectAccessToken(token, { ...given });
    }
    getJwks(...given) {
      return super.getJwks(...given);
    }
  }
  const client = (more) => new MonoCloudBackendNodeClient({ ...options, ...more });
  const inner = client();
  const noCertificate = async () => undefined;
  return {
    plain: [client()],
    cached: [client({ cache: createMemoryCache() })],
    resolving: [client(), { tokenResolver: async () => undefined }],
    certified: [client({ cache: createMemoryCache() }), { certificateResolver: noCertificate }],
    spreading: [new Spreading(options)],
    own: [{ validateAccessToken: (...given) => inner.validateAccessToken(...given) }],
  };
}

/**
 * @param {{ names?: string[], ways?: string[] }} [choice] frameworks, those of http.js where absent, and ways, all where absent
 * @returns {Promise<object>} `serve()` starts an API for each framework and way; `round(apis)` sends every
 *   request to each of them and returns what went wrong
 */
async function startRig({ names, ways } = {}) {
  const { createTestTenant } = require('@monocloud/backend-node/testing');
  const tenant = await createTestTenant({ algorithms: ['ES256'], audience: AUDIENCE });
  const unknown = makeKey('ES256', { kid: 'unknown' });
  const tokens = await tokensOf(tenant, unknown);
  const chosen = names === undefined ? frameworks : all.filter(({ name }) => names.includes(name));
  const started = [];

  async function serve() {
    const apis = [];
    for (const { name, adapter: entry, create } of chosen) {
      const adapter = require(`@monocloud/backend-node/${entry}`);
      for (const [way, given] of Object.entries(waysOf(adapter, tenant.clientOptions()))) {
        if (ways !== undefined && !ways.includes(way)) continue;
        const routes = Object.entries(ROUTES).map(([path, options]) => ({
          path: `/${path}`,
          options,
          handler: ({ claims }) => ({ sub: claims.sub }),
        }));
        const api = await create(adapter.protectApi(...given), routes);
        apis.push({ name: `${name}, ${way}`, url: api.url });
        started.push(api);
      }
    }
    return apis;
  }

  async function round(apis) {
    const wrong = { letIn: [], refused: [], unanswered: [] };
    for (const { name, url } of apis) {
      const requests = Object.entries(tokens).flatMap(([what, [token, passes]]) =>
        routesFor(passes).map(async (route) => {
          const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
          const status = await statusOf(`${url}/${route}`, headers);
          const label = `${name}, ${route}: ${what} (${status})`;
          if (status === 0) wrong.unanswered.push(label);
          else if (status === 200 && !passes.includes(route)) wrong.letIn.push(label);
          else if (status !== 200 && passes.includes(route)) wrong.refused.push(label);
        }),
      );
      await Promise.all(requests);
    }
    return wrong;
  }

  /** Closes all APIs but these. */
  async function closeOthers(kept) {
    const urls = kept.map(({ url }) => url);
    const closed = started.filter(({ url }) => !urls.includes(url));
    await Promise.all(closed.map((api) => api.close()));
    for (const api of closed) started.splice(started.indexOf(api), 1);
  }

  async function close() {
    await closeOthers([]);
    await tenant.close();
    agent.destroy();
  }

  return { tenant, jwks: { keys: [unknown.jwk] }, serve, round, closeOthers, close };
}

module.exports = { AUDIENCE, startRig };
