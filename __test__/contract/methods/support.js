'use strict';

// A tenant that is a function, and the failures of its clients.

const assert = require('node:assert/strict');
const util = require('node:util');

const { MonoCloudBackendNodeClient, MonoCloudHttpError } = require('@monocloud/backend-node');
const { failureOf } = require('../../support/introspection.js');
const { METADATA, at, makeKey, setOf, sign } = require('../../support/tokens.js');

const ISSUER = 'https://tenant.example';
const AUDIENCE = 'https://api.example.com';
const BASE = { tenantDomain: ISSUER, audience: AUDIENCE };
const NOW = 1_800_000_000;
const CLAIMS = { iss: ISSUER, sub: 'ada', aud: AUDIENCE, exp: NOW + 60 };

const key = makeKey('ES256');
const jwks = setOf(key);
const token = sign(key, { claims: CLAIMS });

const METADATA_DOCUMENT = {
  issuer: ISSUER,
  jwks_uri: `${ISSUER}/jwks`,
  introspection_endpoint: `${ISSUER}/introspection`,
};

const clientWith = (options) => new MonoCloudBackendNodeClient({ ...BASE, ...options });

const validate = (client, text = token, route = {}) =>
  at(NOW, () => client.validateAccessToken(text, route));

/** A fetcher that answers as a tenant does; `calls` has all that it was called with. */
function tenantFetcher(answers = {}) {
  const documents = {
    [ISSUER + METADATA]: METADATA_DOCUMENT,
    [`${ISSUER}/jwks`]: jwks,
    [`${ISSUER}/introspection`]: { ...CLAIMS, active: true },
    ...answers,
  };
  const fetcher = async (url, init) => {
    fetcher.calls.push([url, init]);
    return new Response(JSON.stringify(documents[url]), { status: documents[url] ? 200 : 404 });
  };
  fetcher.calls = [];
  fetcher.urls = () => fetcher.calls.map(([url]) => url);
  return fetcher;
}

async function httpError(work, reason) {
  const error = await failureOf(work);
  assert.ok(error instanceof MonoCloudHttpError, error?.stack ?? util.inspect(error));
  if (reason) assert.equal(error.reason, reason, error.message);
  return error;
}

module.exports = {
  AUDIENCE,
  BASE,
  CLAIMS,
  ISSUER,
  METADATA_DOCUMENT,
  NOW,
  clientWith,
  failureOf,
  httpError,
  jwks,
  key,
  tenantFetcher,
  token,
  validate,
};
