'use strict';

// Contract §9 for any framework and runtime: starts the tenant, sends the requests, and compares the answers to the byte.

const assert = require('node:assert/strict');
const { createHmac } = require('node:crypto');

const { holderOf, proofOf, thumbprintOf } = require('../dpop/support.js');
const { raw } = require('../support/http.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { NONCE, RESOURCE, apisOf } = require('./apis.js');
const { DPOP_ALGORITHMS, JSON_TYPE, MISTAKE, rowsOf } = require('./rows.js');

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
      const url = urls[api] + path;
      const got = await send(url, typeof headers === 'function' ? headers(url) : headers);
      const what = `${api} ${path} ${String(JSON.stringify(headers)).slice(0, 80)}: ${got.text.slice(0, 200)}`;
      assert.equal(got.status, expected.status, what);
      if (expected.status === 200) {
        assert.equal(got.json.claims?.sub, expected.sub, what);
        return;
      }
      assert.equal(got.text, expected.text, what);
      if (expected === MISTAKE) return;
      const fields = (name) =>
        got.rawHeaders.filter(([known]) => known === name).map(([, value]) => value);
      const wanted = (value) => (value === undefined ? [] : [value].flat());
      assert.equal(fields('dpop-nonce').length, expected.nonce ? 1 : 0, what);
      // Fetch has several fields of one name as one (RFC 9110 §5.3).
      const challenges = fields('www-authenticate').join(', ');
      assert.equal(challenges, wanted(expected.challenge).join(', '), what);
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

/** The nonce of a step from this one on, as src/token/dpop/nonce.rs makes it. */
function nonceOf(offset) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 / NONCE.lifetime) + offset));
  const hmac = createHmac('sha256', NONCE.secret).update('monocloud DPoP-Nonce ').update(step);
  return hmac.digest('base64url');
}

/**
 * A proof passes once. With nonces, the refusal has the nonce to use, and the answer to a request with the one before
 * has the next.
 */
async function assertProofs(tenant, urls) {
  const holder = holderOf('ES256');
  const token = tenant.token({ cnf: { jkt: thumbprintOf(holder) } });
  const proven = (htu, claims) => ({
    authorization: `DPoP ${token}`,
    dpop: proofOf(holder, token, { claims: { htm: 'GET', htu, ...claims } }),
  });
  const ask = (url, claims) => send(url, proven(url, claims));
  const url = `${urls.proof}/`;
  const headers = proven(url);
  assert.equal((await send(`${url}?page=2`, headers)).status, 200);
  assert.equal((await send(url, headers)).status, 401);
  const nonceUrl = `${urls.nonce}/`;
  const nonce = (await ask(nonceUrl)).headers['dpop-nonce'];
  const current = await ask(nonceUrl, { nonce });
  assert.deepEqual([current.status, current.headers['dpop-nonce']], [200, undefined]);
  // The nonce of the step before is taken, and the answer has that of this step.
  const earlier = await ask(nonceUrl, { nonce: nonceOf(-1) });
  assert.deepEqual([earlier.status, earlier.headers['dpop-nonce']], [200, nonceOf(0)]);
}

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

module.exports = { assertMetadata, assertProofs, assertRows, startSuite };
