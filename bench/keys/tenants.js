'use strict';

// The tenants of one contender: one for each scenario, so that the contender's requests can be counted. With TLS,
// because aws-jwt-verify requires it.

const https = require('node:https');
const { once } = require('node:events');
const { serve } = require('../support/child.js');

const DISCOVERY = '/.well-known/openid-configuration';
const JWKS = '/jwks';

const tenants = [];

/** The time by a clock that all processes share. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

async function open(tls) {
  const tenant = { keys: [], fault: {}, requests: 0, fetches: [], sockets: new Set() };
  const server = https.createServer(tls, (request, response) => answer(tenant, request, response));
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    if (tenant.fault.down) {
      tenant.requests += 1;
      socket.resetAndDestroy();
      return;
    }
    tenant.sockets.add(socket);
    socket.on('close', () => tenant.sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  tenant.issuer = `https://127.0.0.1:${server.address().port}`;
  tenants.push(tenant);
  return { id: tenants.length - 1, issuer: tenant.issuer, jwksUri: `${tenant.issuer}${JWKS}` };
}

function answer(tenant, request, response) {
  const begun = now();
  tenant.requests += 1;
  response.on('error', () => {});
  const body =
    request.url === DISCOVERY
      ? { issuer: tenant.issuer, jwks_uri: `${tenant.issuer}${JWKS}` }
      : { keys: tenant.keys };
  const send = () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body), () => tenant.fetches.push([begun, now()]));
  };
  if (tenant.fault.slow && request.url === JWKS) setTimeout(send, tenant.fault.slow);
  else send();
}

serve({
  open,
  publish(id, keys) {
    tenants[id].keys = keys;
  },
  /** `{ down: true }`: every connection is reset. `{ slow: 9000 }`: the keys take 9 s. `{}`: no fault. */
  fault(id, fault) {
    tenants[id].fault = fault;
    if (fault.down) for (const socket of tenants[id].sockets) socket.resetAndDestroy();
  },
  /** The number of requests. A connection that was reset counts as one. */
  requests: (id) => tenants[id].requests,
  /** The times of each request and its response. */
  fetches: (id) => tenants[id].fetches,
});
