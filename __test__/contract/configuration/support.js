'use strict';

// Options and environment variables: how a client with them is made, and what it accepts.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const util = require('node:util');

const { MonoCloudBackendNodeClient, MonoCloudValidationError } = require('@monocloud/backend-node');
const { METADATA, at, makeKey, setOf, sign, startServer } = require('../../support/tokens.js');

const PREFIX = 'MONOCLOUD_BACKEND_';
const ISSUER = 'https://tenant.example';
const AUDIENCE = 'https://api.example.com';
const BASE = { tenantDomain: ISSUER, audience: AUDIENCE };
const NOW = 1_800_000_000;
const CLAIMS = { iss: ISSUER, sub: 'ada', aud: AUDIENCE, exp: NOW + 60 };
const SECRET = 'hunter2-and-more';

const key = makeKey('ES256');
const jwks = setOf(key);
const certificate = fs.readFileSync(
  path.join(__dirname, '..', '..', 'fixtures', 'client.pem'),
  'utf8',
);

/** Runs `work` with these of our variables set and all others of ours unset. */
function withEnv(variables, work) {
  const kept = { ...process.env };
  for (const name of Object.keys(process.env)) {
    if (name.startsWith(PREFIX)) delete process.env[name];
  }
  for (const [name, value] of Object.entries(variables)) process.env[name] = value;
  try {
    return work();
  } finally {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, kept);
  }
}

/** A client of these options, with no variables but these. */
const build = (options, variables = {}) =>
  withEnv(variables, () => new MonoCloudBackendNodeClient(options));

const clientWith = (options, variables) => build({ ...BASE, ...options }, variables);

/** The error that `work` throws, which must be the documented one. */
function refusal(work, start, note) {
  let thrown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown, `nothing was thrown: ${start} ${note}`);
  assert.ok(thrown instanceof MonoCloudValidationError, `${note}: ${thrown.stack}`);
  assert.equal(thrown.name, 'MonoCloudValidationError');
  assert.ok(thrown.message.startsWith(start), `${thrown.message}, not ${start} (${note})`);
  return thrown;
}

const shown = (value) => util.inspect(value, { breakLength: Number.POSITIVE_INFINITY });

/** A value of each kind; the names say which. */
const VALUES = {
  string: ['5', 'x'],
  number: [1, 0, -1, Number.NaN],
  boolean: [true, false],
  bigint: [5n],
  symbol: [Symbol('x')],
  function: [() => 'x', class {}],
  object: [{}, [], [1], new Date(0), Object('x'), Object(1), new Map()],
};

const allBut = (...kinds) =>
  Object.entries(VALUES).flatMap(([kind, values]) => (kinds.includes(kind) ? [] : values));

/** An option's value in an object of options: `groupOptions.matchAll` goes into `groupOptions`. */
function option(name, value) {
  const [outer, inner] = name.split('.');
  return inner === undefined ? { [outer]: value } : { [outer]: { [inner]: value } };
}

const validate = (client, claims = {}, route = {}) =>
  at(NOW, () =>
    client.validateJwtAccessToken(sign(key, { claims: { ...CLAIMS, ...claims } }), {
      jwks,
      ...route,
    }),
  );

const passes = (...call) =>
  validate(...call).then(
    () => true,
    (error) => error.reason,
  );

/**
 * A tenant that says to each introspection that the token is fine, and writes down who asked where,
 * and how.
 */
async function startIntrospection() {
  const asked = [];
  const server = await startServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.setHeader('content-type', 'application/json');
    const { url } = server;
    if (request.url === METADATA) {
      const endpoint = (name) => ({ introspection_endpoint: `${url}/${name}` });
      response.end(
        JSON.stringify({
          issuer: url,
          jwks_uri: `${url}/jwks`,
          ...endpoint('plain'),
          mtls_endpoint_aliases: endpoint('mtls'),
          mtls_additional_endpoint_aliases: { one: endpoint('store-one'), empty: {} },
        }),
      );
    } else if (request.url === '/jwks') {
      response.end(JSON.stringify(jwks));
    } else {
      const { authorization } = request.headers;
      const form = Object.fromEntries(new URLSearchParams(body));
      asked.push({ at: request.url.slice(1), authorization, form });
      response.end(JSON.stringify({ ...CLAIMS, iss: url, active: true }));
    }
  });
  return { ...server, asked };
}

const NUMBERS = [
  { name: 'clockSkew', variable: 'CLOCK_SKEW' },
  { name: 'clockTolerance', variable: 'CLOCK_TOLERANCE' },
  { name: 'jwksCacheDuration', variable: 'JWKS_CACHE_DURATION' },
  { name: 'metadataCacheDuration', variable: 'METADATA_CACHE_DURATION' },
  { name: 'introspectionCacheDuration', variable: 'INTROSPECTION_CACHE_DURATION' },
  { name: 'responseTimeout', variable: 'RESPONSE_TIMEOUT', least: 1000 },
  {
    name: 'maxConcurrentIntrospections',
    variable: 'MAX_CONCURRENT_INTROSPECTIONS',
    least: 1,
    whole: true,
  },
  { name: 'maxTokenBytes', variable: 'MAX_TOKEN_BYTES', least: 1 },
  { name: 'verifiedTokensBytes', variable: 'VERIFIED_TOKENS_BYTES', least: 0 },
];

const FLAGS = [
  { name: 'introspectJwtTokens', variable: 'INTROSPECT_JWT_TOKENS' },
  { name: 'groupOptions.matchAll', variable: 'GROUPS_MATCH_ALL' },
];

const TEXTS = [
  { name: 'clientId', variable: 'CLIENT_ID' },
  { name: 'trustStoreId', variable: 'TRUST_STORE_ID' },
  { name: 'groupOptions.groupsClaim', variable: 'GROUPS_CLAIM' },
  { name: 'clientAuthMethod', variable: 'CLIENT_AUTH_METHOD' },
  { name: 'validateCertificateBinding', variable: 'VALIDATE_CERTIFICATE_BINDING' },
];

module.exports = {
  AUDIENCE,
  BASE,
  CLAIMS,
  FLAGS,
  ISSUER,
  NOW,
  NUMBERS,
  PREFIX,
  SECRET,
  TEXTS,
  allBut,
  build,
  certificate,
  clientWith,
  key,
  option,
  passes,
  refusal,
  shown,
  startIntrospection,
  validate,
  withEnv,
};
