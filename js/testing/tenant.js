'use strict';

// The test tenant: its keys, its tokens and its server. Documented in index.d.ts.

/**
 * @import { Server } from 'node:http'
 * @import { AddressInfo, Socket } from 'node:net'
 * @import { DPoPClientOptions, IssueOpaqueTokenOptions, IssueTokenOptions, RotateKeysOptions, TestTenantAlgorithm, TestTenantOptions } from './index.d.ts'
 * @import { Tenant } from './server.js'
 */

const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { checkAlgorithm, checkNames, checkObject, checkString } = require('./checks.js');
const { claimsOf } = require('./claims.js');
const { DPoPClient } = require('./dpop-client.js');
const { ALGORITHMS, KeyRing } = require('./keys.js');
const { createTenantServer } = require('./server.js');

const CLAIMS_OPTIONS = [
  'claims',
  'scopes',
  'groups',
  'expiresIn',
  'audience',
  'subject',
  'certificate',
  'jkt',
];
const JWT_OPTIONS = [...CLAIMS_OPTIONS, 'alg', 'header', 'kid'];

/**
 * @typedef {Required<Omit<TestTenantOptions, 'algorithms'>> & { algorithms: TestTenantAlgorithm[] } & Pick<Tenant, 'network'>} Settings
 * @typedef {Record<string, unknown>} Claims
 */

class TestTenant {
  /** @type {string} */
  #audience;
  /** @type {string} */
  #clientId;
  /** @type {string} */
  #clientSecret;
  /** @type {TestTenantAlgorithm[]} */
  #algorithms;
  /** @type {KeyRing} */
  #keys;
  #requests = { discovery: 0, jwks: 0, introspection: 0 };
  /** @type {Map<string, Claims>} */
  #opaque = new Map();
  /** @type {Set<string>} */
  #revoked = new Set();
  /** @type {Server} */
  #server;
  /** @type {Set<Socket>} */
  #sockets = new Set();
  #tenantDomain = '';
  /** @type {Promise<void> | undefined} */
  #closed;

  /** @param {Settings} settings */
  constructor({ audience, clientId, clientSecret, algorithms, network }) {
    this.#audience = audience;
    this.#clientId = clientId;
    this.#clientSecret = clientSecret;
    this.#algorithms = algorithms;
    this.#keys = new KeyRing(algorithms);
    this.#server = createTenantServer({
      clientId: this.#clientId,
      clientSecret: this.#clientSecret,
      requests: this.#requests,
      issuer: () => this.#tenantDomain,
      jwks: () => this.#keys.jwks(),
      introspect: (token) => this.#introspect(token),
      network,
    });
  }

  /**
   * Not public: createTestTenant() and the demo call it.
   * @param {Settings} options
   */
  static async start(options) {
    const tenant = new TestTenant(options);
    await tenant.#start(options.port);
    return tenant;
  }

  /** @param {number} port */
  async #start(port) {
    // Node.js 18.0 and 18.1 have no closeAllConnections().
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await this.#keys.rotate(false);
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#tenantDomain = `http://127.0.0.1:${/** @type {AddressInfo} */ (this.#server.address()).port}`;
  }

  get tenantDomain() {
    return this.#tenantDomain;
  }

  get audience() {
    return this.#audience;
  }

  get clientId() {
    return this.#clientId;
  }

  get clientSecret() {
    return this.#clientSecret;
  }

  // A copy, so that a test can compare it with a later one.
  get requests() {
    return { ...this.#requests };
  }

  /**
   * @template {object} [T={}]
   * @param {T} [extra]
   */
  clientOptions(extra) {
    return {
      tenantDomain: this.#tenantDomain,
      audience: this.#audience,
      clientId: this.#clientId,
      clientSecret: this.#clientSecret,
      ...extra,
    };
  }

  env() {
    return {
      MONOCLOUD_BACKEND_TENANT_DOMAIN: this.#tenantDomain,
      MONOCLOUD_BACKEND_AUDIENCE: this.#audience,
      MONOCLOUD_BACKEND_CLIENT_ID: this.#clientId,
      MONOCLOUD_BACKEND_CLIENT_SECRET: this.#clientSecret,
    };
  }

  /** @param {IssueTokenOptions} [options] */
  async issueToken(options = {}) {
    checkNames('issueToken', options, JWT_OPTIONS);
    const { alg = this.#algorithms[0], header = {}, kid } = options;
    checkAlgorithm('alg', alg, this.#algorithms);
    checkObject('header', header);
    if (kid !== undefined) {
      checkString('kid', kid);
    }
    const claims = this.#claims(options);
    return this.#keys.sign(alg, kid === undefined ? header : { kid, ...header }, claims);
  }

  /** @param {IssueOpaqueTokenOptions} [options] */
  async issueOpaqueToken(options = {}) {
    checkNames('issueOpaqueToken', options, CLAIMS_OPTIONS);
    // A copy through JSON, because the introspection response is JSON: later changes of the caller's objects
    // do not change a token that was issued.
    const claims = JSON.parse(JSON.stringify(this.#claims(options)));
    const token = randomBytes(32).toString('base64url');
    this.#opaque.set(token, claims);
    return token;
  }

  /** @param {DPoPClientOptions} [options] */
  dpopClient(options = {}) {
    checkNames('dpopClient', options, [...JWT_OPTIONS, 'opaque', 'proofAlg']);
    const { opaque = false, proofAlg = 'ES256', ...content } = options;
    if (typeof opaque !== 'boolean') {
      throw new TypeError('"opaque" must be a boolean');
    }
    checkAlgorithm('proofAlg', proofAlg, [...ALGORITHMS.keys()]);
    return new DPoPClient(proofAlg, (jkt) => {
      const bound = { jkt, ...content };
      return opaque ? this.issueOpaqueToken(bound) : this.issueToken(bound);
    });
  }

  /** @param {string} token */
  revoke(token) {
    checkString('token', token);
    // An opaque token is deleted. A JWT contains its claims, so its revocation is stored.
    if (!this.#opaque.delete(token)) {
      this.#revoked.add(token);
    }
  }

  /** @param {RotateKeysOptions} [options] */
  async rotateKeys(options = {}) {
    checkNames('rotateKeys', options, ['keepOld']);
    const { keepOld = true } = options;
    if (typeof keepOld !== 'boolean') {
      throw new TypeError('"keepOld" must be a boolean');
    }
    await this.#keys.rotate(keepOld);
  }

  ref() {
    this.#server.ref();
    return this;
  }

  unref() {
    this.#server.unref();
    return this;
  }

  close() {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) {
        socket.destroy();
      }
    });
    return this.#closed;
  }

  /** @param {IssueOpaqueTokenOptions} options */
  #claims(options) {
    return claimsOf(this.#tenantDomain, this.#audience, options);
  }

  /** @param {string} token */
  #introspect(token) {
    if (this.#revoked.has(token)) {
      return undefined;
    }
    const claims = this.#opaque.get(token) ?? this.#keys.open(token);
    const now = Date.now() / 1000;
    // A time that is no number stays in the response, for the client to refuse.
    const expired = typeof claims?.exp === 'number' && claims.exp <= now;
    const notYetValid = typeof claims?.nbf === 'number' && claims.nbf > now;
    return expired || notYetValid ? undefined : claims;
  }
}

// Node.js 18.18 and 20.5 have added the symbol.
if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(TestTenant.prototype, Symbol.asyncDispose, {
    value() {
      return this.close();
    },
    configurable: true,
    writable: true,
  });
}

module.exports = { TestTenant };
