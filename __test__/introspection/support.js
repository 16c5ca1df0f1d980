'use strict';

// A tenant whose introspection endpoint answers as a test says, and its clients.

const assert = require('node:assert/strict');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { assertClean } = require('../support/introspection.js');

const CREDENTIALS = { clientId: 'api', clientSecret: 'a secret that nobody may see' };
const TOKEN = 'opaque-token-that-nobody-may-see';

async function startTenant(t, options) {
  const tenant = await startFaultyTenant(options);
  t.after(() => tenant.close());
  return tenant;
}

const clientOf = (tenant, more) =>
  new MonoCloudBackendNodeClient(tenant.options({ ...CREDENTIALS, ...more }));

/** The tenant's metadata with other members. */
const publish = (tenant, more) =>
  tenant.on('discovery', (_request, response) =>
    sendJson(response, { ...tenant.metadata(), ...more }),
  );

const answering = (status, body, headers) => (request, response) => {
  request.resume();
  response.writeHead(status, headers);
  response.end(body);
};

const answeringJson = (body, status = 200) =>
  answering(status, JSON.stringify(body), { 'content-type': 'application/json' });

/** What a client makes of an answer of the introspection endpoint, which is requested once. */
async function outcomeOf(tenant, answer, { token = TOKEN, options, route } = {}) {
  tenant.on('introspection', answer);
  const { introspection } = tenant.requests;
  const client = clientOf(tenant, options);
  try {
    return { claims: await client.validateAccessToken(token, route) };
  } catch (error) {
    assertClean(error, [token, CREDENTIALS.clientSecret]);
    return { error };
  } finally {
    assert.equal(tenant.requests.introspection, introspection + 1, 'one request');
  }
}

module.exports = {
  CREDENTIALS,
  TOKEN,
  answering,
  answeringJson,
  clientOf,
  outcomeOf,
  publish,
  startTenant,
};
