'use strict';

// Requests to a test tenant, and the parts of a token.

const { readFileSync } = require('node:fs');
const path = require('node:path');

const CERTIFICATE = readFileSync(path.join(__dirname, '../fixtures/client.pem'), 'utf8');

const now = () => Math.floor(Date.now() / 1000);
const json = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
const headerOf = (token) => json(token.split('.')[0]);
const claimsOf = (token) => json(token.split('.')[1]);

const basic = (id, secret) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

async function fetchJson(url, init) {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const metadataOf = async (tenant) =>
  (await fetchJson(`${tenant.tenantDomain}/.well-known/openid-configuration`)).body;

const keysOf = async (tenant) => (await fetchJson((await metadataOf(tenant)).jwks_uri)).body.keys;

async function introspect(tenant, form, headers = {}) {
  const { introspection_endpoint: url } = await metadataOf(tenant);
  const credentials = { client_id: tenant.clientId, client_secret: tenant.clientSecret };
  const body = new URLSearchParams(headers.authorization ? form : { ...credentials, ...form });
  return fetchJson(url, { method: 'POST', body, headers });
}

module.exports = {
  CERTIFICATE,
  basic,
  claimsOf,
  fetchJson,
  headerOf,
  introspect,
  keysOf,
  metadataOf,
  now,
};
