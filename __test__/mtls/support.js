'use strict';

// What the tests of this directory share: a client that keeps its TLS session, and a look at why
// requests were refused.

const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { once } = require('node:events');
const http2 = require('node:http2');
const https = require('node:https');

const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { makeKey, setOf, sign } = require('../support/tokens.js');

const TIMEOUT_MS = 20_000;
const AUDIENCE = 'https://api.example.com';

const adapters = {
  express: require('@monocloud/backend-node/express'),
  fastify: require('@monocloud/backend-node/fastify'),
};

/** Every row of the §7 table at once: required, as the client says, and not at all. */
const ROUTES = [
  { path: '/bound', options: { validateCertificateBinding: true } },
  { path: '/any' },
  { path: '/off', options: { validateCertificateBinding: false } },
];

const decode = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

/** An issuer whose tokens have the `cnf` that a test wants, or none. */
async function startBinder() {
  const key = makeKey('ES256');
  const { origin: url, close } = await startFaultyTenant({ jwks: setOf(key) });
  const token = (cnf) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: url, aud: AUDIENCE, sub: 'client', iat: now, exp: now + 600, cnf };
    return sign(key, { claims });
  };
  return {
    close,
    options: { tenantDomain: url, audience: AUDIENCE },
    token,
    boundTo: (thumbprint) => token({ 'x5t#S256': thumbprint }),
  };
}

/** Runs `work`, and tells what it resolves with and the reasons of the refusals meanwhile. */
async function withReasons(work) {
  const messages = [];
  const listen = (message) => messages.push(message);
  subscribe('@monocloud/backend-node:refused', listen);
  try {
    const result = await work();
    return { result, reasons: messages.map(({ reason }) => reason), messages };
  } finally {
    unsubscribe('@monocloud/backend-node:refused', listen);
  }
}

/** The last session that a TLS client was given: under TLS 1.3 that comes after the handshake. */
function keepSession(socket, kept) {
  kept.reused = socket.isSessionReused();
  kept.session = socket.getSession();
  socket.on('session', (session) => {
    kept.session = session;
  });
}

/**
 * One GET over a connection of its own.
 *
 * @param {object} [options]
 * @param {string} [options.token]
 * @param {object} [options.tls] of `tls.connect`: `ca`, `cert`, `key`, `session`, `maxVersion`
 * @param {boolean} [options.h2] over HTTP/2
 * @returns {Promise<{ status: number, json: any, session: Buffer, reused: boolean }>}
 */
async function request(url, { token, tls, h2 = false } = {}) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (h2 ? overHttp2 : overHttp1)(url, headers, { servername: 'localhost', ...tls });
}

async function overHttp1(url, headers, tls) {
  const kept = {};
  const outgoing = https.get(url, { ...tls, agent: false, headers, timeout: TIMEOUT_MS });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer: ${url}`)));
  outgoing.on('socket', (socket) => {
    socket.once('secureConnect', () => keepSession(socket, kept));
  });
  const [response] = await once(outgoing, 'response');
  const text = await read(response);
  return {
    status: response.statusCode,
    headers: response.headers,
    json: JSON.parse(text),
    ...kept,
  };
}

async function overHttp2(url, headers, tls) {
  const kept = {};
  const { origin, pathname } = new URL(url);
  const session = http2.connect(origin, tls);
  // A server that will not have this client may close without a word.
  const closed = once(session, 'close').then(() => {
    throw new Error(`closed: ${url}`);
  });
  closed.catch(() => {});
  const first = (emitter, event) => Promise.race([once(emitter, event), closed]);
  try {
    await first(session, 'connect');
    keepSession(session.socket, kept);
    const stream = session.request({ ':path': pathname, ...headers });
    stream.on('error', () => {});
    session.setTimeout(TIMEOUT_MS, () => session.destroy(new Error(`no answer: ${url}`)));
    const [response] = await first(stream, 'response');
    const text = await read(stream);
    return { status: response[':status'], headers: response, json: JSON.parse(text), ...kept };
  } finally {
    session.close();
  }
}

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

module.exports = { ROUTES, adapters, decode, request, startBinder, withReasons };
