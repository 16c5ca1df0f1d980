'use strict';

// What can be watched (issue 4 of 7, item 8): `node:diagnostics_channel` and `client.stats()`.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const diagnostics = require('node:diagnostics_channel');

const { MonoCloudBackendNodeClient } = require('../../js/index.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');

const until = async (done) => {
  for (let round = 0; round < 300 && !done(); round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(done());
};

async function watched(t, name) {
  const tenant = await startFaultyTenant();
  const messages = [];
  const listen = (message) => {
    if (message.tenantDomain === tenant.issuer) messages.push(message);
  };
  const channel = `@monocloud/backend-node:${name}`;
  diagnostics.subscribe(channel, listen);
  t.after(async () => {
    diagnostics.unsubscribe(channel, listen);
    await tenant.close();
  });
  return { tenant, messages };
}

test('refresh tells what came', async (t) => {
  const { tenant, messages } = await watched(t, 'refresh');
  const client = new MonoCloudBackendNodeClient(tenant.options());
  await client.validateAccessToken(tenant.token());
  await until(() => messages.length === 2);
  const tenantDomain = tenant.issuer;
  assert.deepEqual(messages, [
    { tenantDomain, document: 'metadata', keys: 0, skipped: 0, unchanged: false },
    { tenantDomain, document: 'JWKS', keys: 1, skipped: 0, unchanged: false },
  ]);
});

test('several clients in one thread hear of a refresh once', async (t) => {
  const { tenant, messages } = await watched(t, 'refresh');
  const clients = Array.from({ length: 3 }, () => new MonoCloudBackendNodeClient(tenant.options()));
  await Promise.all(clients.map((client) => client.validateAccessToken(tenant.token())));
  await until(() => messages.length >= 2);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(messages.length, 2);
});

test('refresh-failed tells why, and when it is tried again', async (t) => {
  const { tenant, messages } = await watched(t, 'refresh-failed');
  tenant.on('jwks', (_request, response) => response.writeHead(500).end());
  const client = new MonoCloudBackendNodeClient(tenant.options());
  await assert.rejects(client.validateAccessToken(tenant.token()));
  await until(() => messages.length > 0);
  const [{ document, reason, retryInSeconds }] = messages;
  assert.equal(document, 'JWKS');
  assert.equal(reason, 'unexpected_status');
  assert.ok(retryInSeconds >= 0 && retryInSeconds <= 1);
});

test('refused and unknown-key tell the reason and never the token', async (t) => {
  const { tenant, messages } = await watched(t, 'refused');
  const unknown = [];
  const listen = (message) => unknown.push(message);
  diagnostics.subscribe('@monocloud/backend-node:unknown-key', listen);
  t.after(() => diagnostics.unsubscribe('@monocloud/backend-node:unknown-key', listen));
  const client = new MonoCloudBackendNodeClient(tenant.options());
  await assert.rejects(client.validateAccessToken(tenant.token({ exp: 1 })));
  await assert.rejects(client.validateAccessToken(tenant.token(), { scopes: ['other'] }));
  await assert.rejects(client.validateAccessToken(tenant.sign({}, { kid: 'nobody' })));
  // No verdict on the token: the tenant can't be reached.
  const away = new MonoCloudBackendNodeClient(tenant.options());
  tenant.on('metadata', (request) => request.socket.destroy());
  const opaque = away.introspectAccessToken('opaque');
  await assert.rejects(opaque);
  const tenantDomain = tenant.issuer;
  assert.deepEqual(messages, [
    { tenantDomain, code: 'invalid_token', reason: 'expired' },
    { tenantDomain, code: 'insufficient_scope', reason: 'missing_scopes' },
    { tenantDomain, code: 'invalid_token', reason: 'unknown_key' },
  ]);
  assert.deepEqual(unknown, [{ tenantDomain, code: 'invalid_token', reason: 'unknown_key' }]);
});

test('stale-use and stats tell of an outage', async (t) => {
  const { tenant, messages } = await watched(t, 'stale-use');
  const client = new MonoCloudBackendNodeClient(tenant.options({ jwksCacheDuration: 1 }));
  const token = tenant.token();
  await client.validateAccessToken(token);
  assert.equal(client.stats().keys.state, 'fresh');
  tenant.on('jwks', (request) => request.socket.destroy());
  await new Promise((resolve) => setTimeout(resolve, 1100));
  for (let round = 0; round < 5; round += 1) await client.validateAccessToken(token);
  await until(() => messages.length > 0);
  assert.equal(messages[0].uses, 1);
  const stats = client.stats();
  assert.equal(stats.keys.state, 'stale');
  assert.equal(stats.keys.usable, 1);
  assert.deepEqual(stats.keys.skipped, {});
  assert.equal(stats.staleUses, 5);
  assert.ok(stats.failedRefreshes >= 1);
  assert.equal(stats.accepted, 6);
  assert.equal(stats.refused, 0);
  assert.equal(stats.metadataRequests, 1);
  assert.ok(stats.jwksRequests >= 2);
});
