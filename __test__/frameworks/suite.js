'use strict';

// Contract §9, row by row, as data: the APIs, and for each request the answer to the byte. The same for every
// framework and runtime.

const assert = require('node:assert/strict');

const { raw } = require('../support/http.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');

const RESOURCE = 'https://api.example.com/v1';
const METADATA = 'https://api.example.com/.well-known/oauth-protected-resource/v1';
const JSON_TYPE = 'application/json; charset=utf-8';

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

const answer = (status, message, challenge, more) => ({
  status,
  text: JSON.stringify({ message }),
  type: JSON_TYPE,
  challenge,
  ...more,
});
const NO_TOKEN = answer(401, 'unauthorized', 'Bearer');
const INVALID = answer(401, 'unauthorized', 'Bearer error="invalid_token"');
const forbidden = (asked = '') =>
  answer(403, 'forbidden', `Bearer error="insufficient_scope"${asked}`);
const AWAY = answer(503, 'service unavailable', undefined, { retryAfter: '5' });
const REFUSED = answer(500, 'internal server error');
const MISTAKE = { status: 500, text: '{"message":"from the error handler"}' };
const passes = (sub) => ({ status: 200, sub });

/** The requests: API, path, headers, answer. */
async function rowsOf(tenant, thumbprint) {
  const now = Math.floor(Date.now() / 1000);
  const bearer = (claims) => ({ authorization: `Bearer ${tenant.token(claims)}` });
  const plain = { authorization: 'Bearer opaque' };
  const own = (text) => ({ authorization: `Bearer ${text}` });
  const acr = ', acr_values="gold silver", max_age="300"';
  const bound = { cnf: { 'x5t#S256': thumbprint } };
  const insufficient = answer(
    401,
    'unauthorized',
    `Bearer error="insufficient_user_authentication"${acr}`,
  );
  const problem = (status, code, challenge) => ({
    status,
    text: JSON.stringify({ status, code }),
    type: 'application/problem+json',
    challenge,
  });
  const withUrl = ({ challenge, ...rest }, separator = ', ') => ({
    ...rest,
    challenge: `${challenge}${separator}resource_metadata="${METADATA}"`,
  });
  return [
    ['main', '/', {}, NO_TOKEN],
    ['main', '/', { authorization: 'Basic YTpi' }, NO_TOKEN],
    ['main', '/', { authorization: 'Bearer a b' }, NO_TOKEN],
    ['main', `/?access_token=${tenant.token()}`, {}, NO_TOKEN],
    ['main', '/', bearer(), passes('user')],
    ['main', '/', { authorization: `bEARER \t ${tenant.token()}  ` }, passes('user')],
    ['main', '/', bearer({ exp: now - 3600 }), INVALID],
    ['main', '/', bearer({ aud: 'https://other.example.com' }), INVALID],
    ['main', '/', bearer({ iss: 'https://other.example.com' }), INVALID],
    ['main', '/', bearer({ cnf: { jkt: 'A'.repeat(43) } }), INVALID],
    ['main', '/', { authorization: `${bearer().authorization}AA` }, INVALID],
    // A MonoCloudValidationError: there is no clientId.
    ['main', '/', plain, INVALID],
    ['main', '/scope', bearer({ scope: 'posts:read posts:write' }), passes('user')],
    ['main', '/scope', bearer(), forbidden(', scope="posts:read posts:write"')],
    ['main', '/scope', {}, NO_TOKEN],
    ['main', '/one-of', bearer({ scope: 'posts:own' }), passes('user')],
    ['main', '/one-of', bearer(), forbidden(', scope="posts:write posts:own"')],
    ['main', '/group', bearer({ groups: ['admin'] }), passes('user')],
    ['main', '/group', bearer({ groups: ['user'] }), forbidden()],
    ['main', '/claims', bearer({ plan: 'team' }), passes('user')],
    ['main', '/claims', bearer({ plan: 'free' }), forbidden()],
    ['main', '/acr', bearer({ acr: 'gold', auth_time: now }), passes('user')],
    ['main', '/acr', bearer({ acr: 'gold', auth_time: now - 3600 }), insufficient],
    ['main', '/acr', bearer({ acr: 'lead', auth_time: now }), insufficient],
    ['main', '/boss', bearer({ sub: 'boss' }), passes('boss')],
    ['main', '/boss', bearer(), forbidden()],
    ['main', '/rule-throws', bearer(), forbidden()],
    ['main', '/rule-truthy', bearer(), forbidden()],
    ['main', '/optional', {}, passes(undefined)],
    ['main', '/optional', { authorization: 'Basic YTpi' }, passes(undefined)],
    ['main', '/optional', { authorization: 'Bearer' }, INVALID],
    ['main', '/optional', { authorization: 'Bearer a b' }, INVALID],
    ['main', '/optional', bearer({ exp: 1 }), INVALID],
    ['main', '/optional', bearer(), passes('user')],
    ['main', '/handler-throws', bearer(), MISTAKE],
    ['main', '/handler-throws', {}, NO_TOKEN],
    ['main', '/handler-throws-token', bearer(), MISTAKE],
    ['resolving', '/', { 'x-token': tenant.token({ sub: 'other' }), ...bearer() }, passes('other')],
    ['resolving', '/', bearer(), passes('user')],
    ['resolving', '/', { 'x-token': 'empty', ...bearer() }, NO_TOKEN],
    ['resolving', '/', { 'x-token': 'throw', ...bearer() }, AWAY],
    ['resolving', '/optional', { 'x-token': 'empty', ...bearer() }, passes(undefined)],
    ['certified', '/', { 'x-certificate': 'yes', ...bearer(bound) }, passes('user')],
    ['certified', '/', bearer(bound), INVALID],
    ['certified', '/', bearer(), passes('user')],
    [
      'certified',
      '/',
      { 'x-certificate': 'yes', ...bearer({ cnf: { 'x5t#S256': 'A'.repeat(43) } }) },
      INVALID,
    ],
    ['certified', '/required', { 'x-certificate': 'yes', ...bearer() }, INVALID],
    ['certified', '/required', { 'x-certificate': 'yes', ...bearer(bound) }, passes('user')],
    ['certified', '/ignored', bearer(bound), passes('user')],
    ['problem', '/', {}, problem(401, undefined, 'Bearer')],
    [
      'problem',
      '/',
      bearer({ exp: 1 }),
      problem(401, 'invalid_token', 'Bearer error="invalid_token"'),
    ],
    [
      'problem',
      '/scope',
      bearer(),
      problem(403, 'insufficient_scope', 'Bearer error="insufficient_scope", scope="admin"'),
    ],
    ['problem', '/', bearer(), passes('user')],
    ['teapot', '/', {}, { status: 418, text: '{}', type: JSON_TYPE, tea: 'yes' }],
    ['teapot', '/scope', bearer(), MISTAKE],
    ['teapot', '/', bearer(), passes('user')],
    // How long depends on how often it was in vain.
    ['away', '/', bearer({ iss: 'http://127.0.0.1:9' }), { ...AWAY, retryAfter: /^[1-9]$/ }],
    ['own', '/', own('op'), REFUSED],
    ['own', '/', own('http'), AWAY],
    ['own', '/', own('http400'), REFUSED],
    ['own', '/', own('http429'), AWAY],
    ['own', '/', own('inactive'), INVALID],
    ['own', '/', own('groups'), forbidden()],
    ['own', '/', own('string'), INVALID],
    ['own', '/', own('nothing'), INVALID],
    ['own', '/', own('true'), INVALID],
    ['own', '/', own('array'), INVALID],
    ['own', '/', own('else'), INVALID],
    ['own', '/', own('claims'), passes('own')],
    ['own', '/', own('plain'), passes('own')],
    ['resource', '/', {}, withUrl(NO_TOKEN, ' ')],
    ['resource', '/', bearer({ exp: 1 }), withUrl(INVALID)],
    ['resource', '/scope', bearer(), withUrl(forbidden(', scope="admin"'))],
    [
      'resource',
      '/acr',
      bearer(),
      withUrl(
        answer(
          401,
          'unauthorized',
          'Bearer error="insufficient_user_authentication", acr_values="gold"',
        ),
      ),
    ],
    ['resource', '/', bearer(), passes('user')],
  ];
}

/** A tenant, the APIs that its users set up, and the requests. */
async function startSuite() {
  const { createCa, createClientCert } = require('../support/certs.js');
  const { X509Certificate } = require('node:crypto');
  const tenant = await startFaultyTenant();
  tenant.on('introspection', (_, response) => sendJson(response, { active: false }));
  const certificate = createClientCert(createCa()).cert;
  const { fingerprint256 } = new X509Certificate(certificate);
  const thumbprint = Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  return {
    tenant,
    certificate,
    apis: apisOf(tenant.options()),
    rows: await rowsOf(tenant, thumbprint),
    close: () => tenant.close(),
  };
}

const send = (url, headers, method) => raw(url, { method, headers: Object.entries(headers) });

/**
 * Sends every request to the APIs at these URLs, and asserts each answer. `withType` is false for Nest on Express,
 * which sends every error as JSON.
 */
async function assertRows(rows, urls, withType = true) {
  await Promise.all(
    rows.map(async ([api, path, headers, expected]) => {
      const got = await send(urls[api] + path, headers);
      const what = `${api} ${path} ${JSON.stringify(headers).slice(0, 80)}: ${got.text.slice(0, 200)}`;
      assert.equal(got.status, expected.status, what);
      if (expected.status === 200) {
        assert.equal(got.json.claims?.sub, expected.sub, what);
        return;
      }
      assert.equal(got.text, expected.text, what);
      if (expected === MISTAKE) return;
      const fields = (name) =>
        got.rawHeaders.filter(([known]) => known === name).map(([, value]) => value);
      const wanted = (value) => (value === undefined ? [] : [value]);
      assert.deepEqual(fields('www-authenticate'), wanted(expected.challenge), what);
      if (expected.retryAfter instanceof RegExp) {
        assert.match(fields('retry-after').join(), expected.retryAfter, what);
      } else {
        assert.deepEqual(fields('retry-after'), wanted(expected.retryAfter), what);
      }
      assert.deepEqual(fields('x-tea'), wanted(expected.tea), what);
      const type = withType ? expected.type : JSON_TYPE;
      const bare = (text) => text.replace(/; charset=utf-8$/, '');
      assert.equal(bare(got.headers['content-type']), bare(type), what);
    }),
  );
}

const DPOP_ALGORITHMS = 'ES256 ES384 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519'.split(' ');

/** Asserts what the API `resource` publishes (RFC 9728 §3). */
async function assertMetadata(url, tenant, { certificates = false } = {}) {
  const path = `${url}/.well-known/oauth-protected-resource/v1`;
  for (const each of [path, `${path}/`, `${path}?x`]) {
    const { status, json, headers } = await send(each, {});
    assert.equal(status, 200, each);
    assert.match(headers['content-type'], /^application\/json/);
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.deepEqual(json, {
      resource: RESOURCE,
      authorization_servers: [tenant.issuer],
      scopes_supported: ['posts:read'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
      ...(certificates && { tls_client_certificate_bound_access_tokens: true }),
    });
  }
  const preflight = {
    origin: 'https://app.example.com',
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'mcp-protocol-version',
  };
  const { status, text, headers } = await send(path, preflight, 'OPTIONS');
  assert.deepEqual([status, text], [204, '']);
  assert.equal(headers['access-control-allow-origin'], '*');
  assert.equal(headers['access-control-allow-headers'], '*');
  assert.match(headers['access-control-allow-methods'], /GET/);
  const posted = await send(path, {}, 'POST');
  assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD, OPTIONS']);
  for (const other of [`${path}/x`, `${path}x`, `${url}/.well-known/oauth-protected-resource`]) {
    assert.equal((await send(other, {})).status, 404, other);
  }
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

module.exports = {
  startApis,
  METADATA,
  RESOURCE,
  assertMetadata,
  assertRows,
  built,
  functionsOf,
  send,
  startSuite,
};
