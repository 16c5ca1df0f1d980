'use strict';

// Starts oidc-provider, a certified authorization server, as a process of its own on loopback, and
// gets tokens from it the way any client does: over HTTP, with a client-credentials grant.

const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { once } = require('node:events');
const { makePairSync } = require('../../../js/testing/pairs.js');
const { ACCEPTED } = require('../algorithms.js');

const AUDIENCE = 'https://api.example.com';
const SCOPES = ['posts:read', 'posts:write', 'posts:delete', 'admin'];
const RESOURCE_PREFIX = 'https://api.example.com/signed-with/';
const OPAQUE_RESOURCE = 'https://api.example.com/opaque';
const START_TIMEOUT_MS = 30_000;

/** What must not leak from the test runner into the server's process. */
const NOT_INHERITED = ['NODE_OPTIONS', 'NODE_TEST_CONTEXT', 'NODE_V8_COVERAGE', 'NODE_ENV'];

function environment() {
  const env = { ...process.env };
  for (const variable of NOT_INHERITED) {
    delete env[variable];
  }
  return env;
}

/** The clients every provider knows, one a way to authenticate, with secrets nobody else has. */
function defaultClients() {
  const { privateKey, publicKey } = makePairSync('ec', { namedCurve: 'P-256' });
  const secret = () => crypto.randomBytes(32).toString('base64url');
  const client = (id, method, more) => ({
    client_id: id,
    token_endpoint_auth_method: method,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    ...more,
  });
  return {
    metadata: [
      client('app', 'client_secret_post', { client_secret: secret() }),
      client('basic', 'client_secret_basic', { client_secret: secret() }),
      client('post', 'client_secret_post', { client_secret: secret() }),
      client('secret-jwt', 'client_secret_jwt', { client_secret: secret() }),
      client('private-key-jwt', 'private_key_jwt', {
        jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'client-key' }] },
      }),
      // May authenticate, but is told "inactive" about every token: RFC 7662 §2.2.
      client('stranger', 'client_secret_post', { client_secret: secret() }),
    ],
    privateKeys: {
      'private-key-jwt': {
        ...privateKey.export({ format: 'jwk' }),
        kid: 'client-key',
        alg: 'ES256',
      },
    },
  };
}

/** One request and its whole answer. `fetch` can't present a client certificate; this can. */
function send(url, { method = 'GET', headers, body, tls } = {}) {
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false, ...tls }, (incoming) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode, headers: incoming.headers, text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Resolves with what the server says when it listens; rejects with its stderr if it never does. */
function ready(child, stderr) {
  return new Promise((resolve, reject) => {
    let stdout = '';
    const fail = (why) => {
      child.kill('SIGKILL');
      reject(new Error(`oidc-provider ${why}\n${stderr()}`));
    };
    const timer = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS);
    const exited = (code) => {
      clearTimeout(timer);
      fail(`exited with ${code}`);
    };
    child.once('exit', exited);
    child.once('error', exited);
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.includes('\n')) {
        clearTimeout(timer);
        child.removeListener('exit', exited);
        resolve(JSON.parse(stdout.slice(0, stdout.indexOf('\n'))));
      }
    });
  });
}

/**
 * Starts the server.
 *
 * @param {object} [options]
 * @param {string[]} [options.algorithms] those to hold signing keys for; all by default
 * @param {boolean} [options.keysNameAlg] `false`: one RSA key without `alg` for all of RS and PS
 * @param {{ keys: object[] }} [options.jwks] private keys to use instead of fresh ones
 * @param {string} [options.audience] of every token
 * @param {string[]} [options.scopes] that the API knows; others are dropped from a token
 * @param {object[]} [options.clients] more clients, as RFC 7591 metadata
 * @param {string[]} [options.introspectionDenied] client ids that see every token as inactive
 * @param {string} [options.issuer] another one than the origin that the server listens on
 * @param {string} [options.mount] the path that the server is below: `/realms/staff`
 * @param {string} [options.vendor] whose access tokens to issue, a name of vendors.mjs; the claim `groups` of a
 *   token is then where the vendor has it, and one that is `null` is left out
 * @param {number} [options.port] a fixed port, to start the same issuer again after `close()`
 * @param {{ key: string, cert: string, ca: string }} [options.tls] an https issuer; `ca` is what
 *   this helper's own requests trust (see ../certs.js)
 * @param {{ ca: string }} [options.mtls] with `tls`: a second port that asks for client
 *   certificates, announced as `mtls_endpoint_aliases`; `ca` is the CA of tls_client_auth
 * @param {boolean} [options.dpopNonces] the token endpoint asks for nonces in DPoP proofs (RFC 9449 §8)
 * @param {string[]} [options.resources] each an audience of its own; clients may register themselves (RFC 7591)
 * @param {{ acrs: string[], firstAge: number }} [options.logins] users sign in, without being asked for
 *   anything: see logins.mjs
 */
async function startOidcProvider(options = {}) {
  const defaults = defaultClients();
  const metadata = [...defaults.metadata, ...(options.clients ?? [])];
  const settings = {
    algorithms: ACCEPTED,
    keysNameAlg: true,
    audience: AUDIENCE,
    scopes: SCOPES,
    resourcePrefix: RESOURCE_PREFIX,
    opaqueResource: OPAQUE_RESOURCE,
    introspectionDenied: ['stranger'],
    ...options,
    clients: metadata,
  };

  // Under an old Node.js that is being tested, the server still runs on the one that it needs.
  const node = process.env.TEST_SERVER_NODE || process.execPath;
  const child = spawn(node, [path.join(__dirname, 'server.mjs')], {
    env: environment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-16_384);
  });
  // A server that is gone already answers a write with EPIPE; `ready` tells that story better.
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify(settings)}\n`);

  const { issuer, base, port, mtlsOrigin, jwks } = await ready(child, () => log);
  // From here on the server keeps nobody alive. If the tests end, or die, so does it.
  for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
    handle.unref();
  }

  const ca = options.tls?.ca;

  async function grant(resource, { clientId = 'app', certificate, scope, claims, expiresIn }) {
    const { client_secret: secret } = metadata.find((client) => client.client_id === clientId);
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      resource,
      ...(secret && { client_secret: secret }),
      ...(scope && { scope }),
    });
    const wishes = Buffer.from(JSON.stringify({ claims, expiresIn })).toString('base64url');
    const origin = certificate ? mtlsOrigin : base;
    const { status, text } = await send(`${origin}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-test-token': wishes },
      body: form.toString(),
      tls: { ca, cert: certificate?.cert, key: certificate?.key },
    });
    if (status !== 200) {
      throw new Error(`token request: ${status} ${text}\n${log}`);
    }
    return JSON.parse(text).access_token;
  }

  return {
    issuer,
    /** Where it listens on loopback. */
    port,
    audience: settings.audience,
    algorithms: settings.algorithms,
    /** Where client certificates are asked for, if anywhere. */
    mtlsOrigin,
    /** The private signing keys, to start again with or to sign what the server would not. */
    jwks,
    /** `{ [clientId]: { clientId, clientSecret, clientAuthMethod } }`, ready for our options. */
    clients: Object.fromEntries(
      metadata.map((client) => [
        client.client_id,
        {
          clientId: client.client_id,
          clientSecret: client.client_secret ?? defaults.privateKeys[client.client_id],
          clientAuthMethod: client.token_endpoint_auth_method,
        },
      ]),
    ),
    /** The server's process: SIGSTOP makes it hang, SIGCONT go on. */
    process: child,
    /** What the server wrote to stderr, its last 16 KiB. */
    log: () => log,

    /**
     * A JWT access token. `claims` become extra claims (`groups`, say); `certificate` (of
     * ../certs.js) is presented to the mutual-TLS port, for clients whose tokens are bound to it.
     */
    token({ alg = 'RS256', ...request } = {}) {
      return grant(RESOURCE_PREFIX + alg, request);
    },

    /** A reference token: the same, but only introspection can read it. */
    opaqueToken(request = {}) {
      return grant(OPAQUE_RESOURCE, request);
    },

    /** Ends the life of a token that `opaqueToken` gave to `clientId`: RFC 7009. */
    async revoke(token, { clientId = 'app' } = {}) {
      const { client_secret: secret } = metadata.find((client) => client.client_id === clientId);
      const form = new URLSearchParams({ token, client_id: clientId, client_secret: secret });
      const { status, text } = await send(`${base}/token/revocation`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
        tls: { ca },
      });
      if (status !== 200) {
        throw new Error(`revocation request: ${status} ${text}`);
      }
    },

    /** Ends the process, and returns once it is gone. */
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.ref();
        // A stopped process acts on nothing but this.
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
  };
}

/**
 * The `jose` package, a second opinion on our tokens. It needs the WebCrypto globals, which
 * Node.js 18 has only in a module.
 */
async function loadJose() {
  globalThis.crypto ??= crypto.webcrypto;
  globalThis.CryptoKey ??= crypto.webcrypto.CryptoKey;
  return import('jose');
}

module.exports = { startOidcProvider, loadJose };
