'use strict';

// The APIs that the suite sets up in every framework and runtime, as data; functions stand by their names.

const RESOURCE = 'https://api.example.com/v1';
const NONCE = { secret: 'n'.repeat(32), lifetime: 86_400 };

/** Functions that a route or a factory has, by the name under which programs in other processes get them. */
function functionsOf({ header, errors, certificate }) {
  return {
    boss: async (claims, request) => claims.sub === 'boss' && typeof request === 'object',
    throws: () => {
      throw new Error('the rule’s');
    },
    truthy: () => 1,
    handlerThrows: () => {
      throw new Error('the handler’s');
    },
    handlerThrowsToken: async () => {
      throw new errors.MonoCloudTokenError('Token is missing required scopes');
    },
    tokenResolver: async (request) => {
      const value = header(request, 'x-token');
      if (value === 'throw') throw new errors.MonoCloudHttpError('the resolver’s');
      return value === 'empty' ? '' : value;
    },
    certificateResolver: (request) => (header(request, 'x-certificate') ? certificate : undefined),
    problem: (answer, error) => ({
      status: answer.status,
      headers: { ...answer.headers, 'Content-Type': 'application/problem+json' },
      body: { status: answer.status, code: error?.code },
    }),
    teapot: (answer) => {
      if (answer.status === 403) return { status: 200, body: 'let in' };
      if (answer.status === 503) throw new Error('the function’s');
      return answer.status === 401 ? { status: 418, headers: { 'X-Tea': 'yes' }, body: {} } : null;
    },
    own: (token) => {
      const { MonoCloudHttpError, MonoCloudOPError, MonoCloudTokenError } = errors;
      const http = (status) => new MonoCloudHttpError('x', { status, statusText: '' });
      const made = {
        op: () => Promise.reject(new MonoCloudOPError('invalid_client')),
        http: () => Promise.reject(new MonoCloudHttpError('x')),
        http400: () => Promise.reject(http(400)),
        http429: () => Promise.reject(http(429)),
        inactive: () => Promise.reject(new MonoCloudTokenError('x', 'inactive_token')),
        groups: () => Promise.reject(new MonoCloudTokenError('x', 'insufficient_groups')),
        string: () => Promise.reject('a string'),
        nothing: async () => undefined,
        true: async () => true,
        array: async () => [{ sub: 'eve' }],
        claims: async () => ({ sub: 'own' }),
        plain: () => ({ sub: 'own' }),
      }[token];
      return made === undefined ? Promise.reject(new MonoCloudTokenError('x')) : made();
    },
  };
}

const GUARDED = {
  '/': null,
  '/scope': { scopes: ['posts:read', 'posts:write'] },
  '/one-of': { anyScope: ['posts:write', 'posts:own'] },
  '/group': { groups: ['admin'] },
  '/claims': { claims: { plan: ['pro', 'team'] } },
  '/acr': { acr: ['gold', 'silver'], maxAge: 300 },
  '/boss': { authorize: 'boss' },
  '/rule-throws': { authorize: 'throws' },
  '/rule-truthy': { authorize: 'truthy' },
  '/optional': { optional: true },
  '/handler-throws': { handler: 'handlerThrows' },
  '/handler-throws-token': { handler: 'handlerThrowsToken' },
};

/** The APIs of a tenant: how `protectApi` is called, and the routes. Functions stand by their names. */
const apisOf = (options) => ({
  main: { options, routes: GUARDED },
  resolving: {
    options,
    functions: ['tokenResolver'],
    routes: { '/': {}, '/optional': { optional: true } },
  },
  certified: {
    options,
    functions: ['certificateResolver'],
    routes: {
      '/': {},
      '/required': { validateCertificateBinding: true },
      '/ignored': { validateCertificateBinding: false },
    },
  },
  problem: {
    options,
    functions: ['problem'],
    routes: { '/': {}, '/scope': { scopes: ['admin'] } },
  },
  teapot: { options, functions: ['teapot'], routes: { '/': {}, '/scope': { scopes: ['admin'] } } },
  away: { options: { ...options, tenantDomain: 'http://127.0.0.1:9' }, routes: { '/': {} } },
  own: { own: true, routes: { '/': {} } },
  proof: {
    options: { ...options, dpop: 'when_present' },
    routes: { '/': null, '/scope': { scopes: ['admin'] }, '/required': { dpop: true } },
  },
  nonce: { options: { ...options, dpop: { nonce: NONCE } }, routes: { '/': null } },
  resource: {
    options: {
      ...options,
      resourceMetadata: { resource: RESOURCE, scopesSupported: ['posts:read'] },
    },
    routes: { '/': {}, '/scope': { scopes: ['admin'] }, '/acr': { acr: ['gold'] } },
    metadata: true,
  },
});

/** The arguments of `protectApi` and the routes of one API, with functions in place of their names. */
function built({ options, functions = [], own, routes }, all) {
  const parts = {};
  for (const name of functions) {
    parts[name === 'problem' || name === 'teapot' ? 'errorResponse' : name] = all[name];
  }
  return {
    args: own ? [{ validateAccessToken: all.own }, parts] : [{ ...options, ...parts }],
    routes: Object.entries(routes).map(([path, route]) => {
      const { authorize, handler, ...rest } = route ?? {};
      const given = authorize === undefined ? rest : { ...rest, authorize: all[authorize] };
      return {
        path,
        ...(route !== null && { options: given }),
        ...(handler !== undefined && { handler: all[handler] }),
      };
    }),
  };
}

/** How each framework gets the handler of the metadata document. */
const mounts = {
  fastify: (app, metadata) => void app.addHook('onRequest', metadata),
  web: (_app, metadata) => metadata,
};

/** Starts every API of the suite in one framework of this process. */
async function startApis({ apis, certificate }, { adapter, create }, header) {
  const entry = require(`@monocloud/backend-node/${adapter}`);
  const functions = functionsOf({ header, errors: entry, certificate });
  const mount = mounts[adapter] ?? ((app, metadata) => void app.use(metadata));
  const started = {};
  const errors = [];
  for (const [name, api] of Object.entries(apis)) {
    const { args, routes } = built(api, functions);
    const protect = entry.protectApi(...args);
    const setup = api.metadata ? (app) => mount(app, protect.metadata()) : undefined;
    started[name] = await create(protect, routes, { setup, record: errors });
  }
  return {
    urls: Object.fromEntries(Object.entries(started).map(([name, { url }]) => [name, url])),
    errors,
    close: () => Promise.all(Object.values(started).map((api) => api.close())),
  };
}

module.exports = { NONCE, RESOURCE, apisOf, built, functionsOf, startApis };
