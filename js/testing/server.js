'use strict';

// The HTTP server of the test tenant: discovery (RFC 8414), JWKS (RFC 7517), introspection (RFC 7662). Every
// request gets a response; none can end the test process.

/**
 * @import { IncomingMessage } from 'node:http'
 * @import { TestTenantRequests } from './index.d.ts'
 */

const { createHash, timingSafeEqual } = require('node:crypto');
const http = require('node:http');

const DISCOVERY = '/.well-known/openid-configuration';
const JWKS = '/.well-known/openid-configuration/jwks';
const INTROSPECTION = '/connect/introspect';

// The longest request body. Of a longer one, up to 16 times as much is read and discarded, so that the client
// gets the 413 and not a connection reset.
const BODY_LIMIT = 64 * 1024;
const DRAIN_LIMIT = 16 * BODY_LIMIT;

// A test may change the documents at any time.
const DOCUMENT = { 'cache-control': 'no-cache' };
// RFC 6749 §5.1: responses about tokens must not be stored.
const PRIVATE = { 'cache-control': 'no-store', pragma: 'no-cache' };
// RFC 9110 §15.5.2: a 401 needs a challenge.
const BASIC = { 'www-authenticate': 'Basic realm="test tenant", charset="UTF-8"' };

/**
 * @typedef {{
 *   clientId: string,
 *   clientSecret: string,
 *   requests: TestTenantRequests,
 *   issuer: () => string,
 *   jwks: () => object,
 *   introspect: (token: string) => Record<string, unknown> | undefined,
 *   network?: () => Promise<boolean>,
 * }} Tenant `network`: resolves when a request has arrived; `false`: its connection breaks
 * @typedef {{ status: number, type?: string, headers?: Record<string, string>, body: object }} Answer
 * @typedef {{
 *   counter: keyof TestTenantRequests,
 *   methods: (string | undefined)[],
 *   answer: (tenant: Tenant, request: IncomingMessage) => Answer | Promise<Answer>,
 * }} Endpoint
 */

/** @param {Tenant} tenant */
function createTenantServer(tenant) {
  /** @type {Map<string, Endpoint>} */
  const endpoints = new Map([
    [DISCOVERY, { counter: 'discovery', methods: ['GET', 'HEAD'], answer: discovery }],
    [JWKS, { counter: 'jwks', methods: ['GET', 'HEAD'], answer: jwks }],
    [INTROSPECTION, { counter: 'introspection', methods: ['POST'], answer: introspection }],
  ]);

  /**
   * @param {IncomingMessage} request
   * @returns {Promise<Answer>}
   */
  async function answer(request) {
    if ((await tenant.network?.()) === false) request.socket.destroy();
    // RFC 9112 §3.2.2: a server accepts the absolute form, too.
    const url = /** @type {string} every request to a server has one */ (request.url);
    const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
    const endpoint = endpoints.get(target.split('?', 1)[0]);
    if (endpoint === undefined) {
      return failure(404, 'not_found', 'There is nothing here');
    }
    tenant.requests[endpoint.counter] += 1;
    if (!endpoint.methods.includes(request.method)) {
      const allow = { allow: endpoint.methods.join(', ') };
      return failure(405, 'invalid_request', 'The method is not supported here', allow);
    }
    return endpoint.answer(tenant, request);
  }

  const server = http.createServer(
    {
      // Node.js has limits of minutes by default, which is too long for a test.
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      connectionsCheckingInterval: 1_000,
      // Longer than the pauses of a test, so that no idle connection closes while a client uses it again.
      keepAliveTimeout: 65_000,
    },
    (request, response) => {
      // A response in progress keeps the process alive; an idle connection does not (see below).
      request.socket.ref();
      response.once('close', () => request.socket.unref());
      response.on('error', () => {});
      answer(request)
        .catch(() => failure(500, 'server_error', 'The test tenant failed'))
        .then(({ status, type = 'application/json', headers, body }) => {
          response.writeHead(status, { 'content-type': type, ...headers });
          response.end(JSON.stringify(body));
        });
    },
  );
  // Neither the server nor an idle connection keeps the process alive, so that a test run ends without close().
  server.on('connection', (socket) => socket.unref());
  server.unref();
  return server;
}

/**
 * @param {Tenant} tenant
 * @returns {Answer}
 */
function discovery(tenant) {
  return { status: 200, headers: DOCUMENT, body: metadata(tenant.issuer()) };
}

/** @param {string} issuer */
function metadata(issuer) {
  return {
    issuer,
    jwks_uri: issuer + JWKS,
    introspection_endpoint: issuer + INTROSPECTION,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    // Tokens come from issueToken(), not from a login.
    grant_types_supported: [],
    response_types_supported: [],
    subject_types_supported: ['public'],
  };
}

/**
 * @param {Tenant} tenant
 * @returns {Answer}
 */
function jwks(tenant) {
  return {
    status: 200,
    type: 'application/jwk-set+json',
    headers: DOCUMENT,
    body: tenant.jwks(),
  };
}

/**
 * @param {Tenant} tenant
 * @param {IncomingMessage} request
 * @returns {Promise<Answer>}
 */
async function introspection(tenant, request) {
  const body = await readBody(request);
  if (body === undefined) {
    const close = { connection: 'close' };
    return failure(413, 'invalid_request', 'The body is too large or incomplete', close);
  }
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') {
    return failure(400, 'invalid_request', 'The body must be application/x-www-form-urlencoded');
  }
  const form = new URLSearchParams(body);
  const names = [...form.keys()];
  if (new Set(names).size !== names.length) {
    return failure(400, 'invalid_request', 'A parameter is given more than once');
  }
  const { authorization } = request.headers;
  if (authorization !== undefined && form.has('client_secret')) {
    return failure(400, 'invalid_request', 'More than one way of client authentication');
  }
  const credentials =
    authorization === undefined
      ? { id: form.get('client_id'), secret: form.get('client_secret') }
      : basicCredentials(authorization);
  // Both are compared even if the first differs, so that the time does not tell which one is wrong.
  const known = [
    same(credentials.id, tenant.clientId),
    same(credentials.secret, tenant.clientSecret),
  ];
  if (known.includes(false)) {
    return failure(401, 'invalid_client', 'Client authentication failed', BASIC);
  }
  const token = form.get('token');
  if (!token) {
    return failure(400, 'invalid_request', 'The "token" parameter is missing');
  }
  const claims = tenant.introspect(token);
  // RFC 7662 §2.2: the response does not say why a token is inactive.
  const answer = claims === undefined ? { active: false } : { ...claims, active: true };
  return { status: 200, headers: PRIVATE, body: answer };
}

/**
 * RFC 6749 §2.3.1: id and secret are form-encoded.
 * @param {string} authorization
 * @returns {{ id?: string, secret?: string }}
 */
function basicCredentials(authorization) {
  const [, encoded = ''] = /^basic +([a-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon === -1
    ? {}
    : { id: formDecode(text.slice(0, colon)), secret: formDecode(text.slice(colon + 1)) };
}

/** @param {string} text */
function formDecode(text) {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/**
 * @param {unknown} given
 * @param {string} expected
 */
function same(given, expected) {
  /** @param {string} text */
  const digest = (text) => createHash('sha256').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(expected));
}

/**
 * The body as text; undefined if it is too large or incomplete.
 * @param {IncomingMessage} request
 * @returns {Promise<string | undefined>}
 */
function readBody(request) {
  return new Promise((resolve) => {
    /** @type {Buffer[]} */
    let chunks = [];
    let size = 0;
    request.on('data', (chunk) => {
      size += chunk.length;
      if (size <= BODY_LIMIT) {
        chunks.push(chunk);
        return;
      }
      chunks = [];
      if (size > DRAIN_LIMIT) {
        resolve(undefined);
      }
    });
    request.on('end', () => {
      resolve(size <= BODY_LIMIT ? Buffer.concat(chunks).toString() : undefined);
    });
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}

/**
 * @param {number} status
 * @param {string} error
 * @param {string} description
 * @param {Record<string, string>} [headers]
 * @returns {Answer}
 */
function failure(status, error, description, headers) {
  return {
    status,
    headers: { ...PRIVATE, ...headers },
    body: { error, error_description: description },
  };
}

module.exports = { createTenantServer };
