'use strict';

// A tenant on loopback whose faults a test decides: each endpoint answers as it should until a
// function is put in its place. It signs whatever it is told to, byte for byte.

const http = require('node:http');
const https = require('node:https');
const { once } = require('node:events');
const { METADATA, makeKey, setOf, sign } = require('./tokens.js');

const AUDIENCE = 'https://api.example.com';
const PATHS = {
  discovery: METADATA,
  jwks: '/jwks',
  introspection: '/introspect',
};

function sendJson(response, body, status = 200, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/**
 * @param {object} [options]
 * @param {object} [options.tls] an https tenant: what `https.createServer` takes
 * @param {string} [options.issuer] where it is not the server's own address (behind a proxy, say)
 * @param {object} [options.jwks] its key set, in place of one with a key of its own
 */
async function startFaultyTenant({ tls, issuer, jwks } = {}) {
  const key = jwks ? undefined : makeKey('ES256', { kid: 'key' });
  // The same for all that it issues: what a test compares must not depend on the second.
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const requests = { discovery: 0, jwks: 0, introspection: 0, other: 0 };
  const asked = [];
  const faults = {};
  const right = {
    discovery: (_request, response) => sendJson(response, tenant.metadata()),
    jwks: (_request, response) => sendJson(response, tenant.jwks),
    introspection: (_request, response) =>
      sendJson(response, { active: true, ...tenant.claims(), scope: 'posts:read' }),
    other: (_request, response) => sendJson(response, {}, 404),
  };

  const answer = async (request, response) => {
    const [name = 'other'] = Object.entries(PATHS).find(([, known]) => request.url === known) ?? [];
    requests[name] += 1;
    asked.push(name);
    response.on('error', () => {});
    try {
      await (faults[name] ?? right[name])(request, response, right[name], tenant);
    } catch (error) {
      // A test's assertion failed in here: its client must not wait for an answer.
      response.destroy();
      throw error;
    }
  };
  const server = tls ? https.createServer(tls, answer) : http.createServer(answer);
  const sockets = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  // A test that fails before it closes its tenant must not hang the run.
  server.on('connection', (socket) => socket.unref());
  server.unref();
  // No test is to end because a kept connection was closed just as it was used again.
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;

  const tenant = {
    origin,
    issuer: issuer ?? origin,
    audience: AUDIENCE,
    /** How often each endpoint was asked. */
    requests,
    /** The endpoints in the order in which they were asked. */
    asked,
    /** What it publishes; a test may change it. */
    jwks: jwks ?? setOf(key),
    /** Every connection that was ever made. */
    sockets,
    server,
    jwksUri: `${issuer ?? origin}${PATHS.jwks}`,
    metadata: () => ({
      issuer: tenant.issuer,
      jwks_uri: tenant.jwksUri,
      introspection_endpoint: `${tenant.issuer}${PATHS.introspection}`,
    }),
    claims: () => ({
      iss: tenant.issuer,
      sub: 'user',
      aud: AUDIENCE,
      exp,
      scope: 'posts:read',
    }),
    /** What a client of this tenant is configured with. */
    options: (more) => ({ tenantDomain: tenant.issuer, audience: AUDIENCE, ...more }),
    credentials: { clientId: 'api', clientSecret: 'secret' },
    /** Lets an endpoint answer by `(request, response, right, tenant)`; without one, rightly. */
    on(name, fault) {
      faults[name] = fault;
    },
    /** Signs a payload and a header: each an object, or text or bytes that go in as they are. */
    sign(payload, header = {}) {
      const head = typeof header === 'string' ? header : { typ: undefined, ...header };
      return sign(key, { header: head, claims: payload, alg: 'ES256' });
    },
    /** A good token, with other claims if need be. */
    token: (claims) => tenant.sign({ ...tenant.claims(), ...claims }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return tenant;
}

module.exports = { startFaultyTenant, sendJson };
