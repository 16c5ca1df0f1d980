'use strict';

// A tenant whose introspection endpoint answers as a test says, and its clients.

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');

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

module.exports = { CREDENTIALS, TOKEN, answering, answeringJson, clientOf, publish, startTenant };
