'use strict';

// A client that proves with each request that it has the key of its token (RFC 9449). Documented in index.d.ts.

/** @import { DPoPProofOptions, TestTenantAlgorithm } from './index.d.ts' */

const { createHash, randomUUID } = require('node:crypto');
const { checkNames, checkObject, checkString } = require('./checks.js');
const { makeKeySync, signJwt } = require('./keys.js');

const PROOF_OPTIONS = ['url', 'method', 'token', 'nonce', 'claims', 'header'];

/** RFC 7638 §3.2: the members that are digested, in their order. */
const REQUIRED = ['crv', 'e', 'kty', 'n', 'x', 'y'];

/** @param {string} text */
const sha256 = (text) => createHash('sha256').update(text).digest('base64url');

class DPoPClient {
  /** @type {ReturnType<typeof makeKeySync>} */
  #key;
  /** @type {Record<string, unknown>} */
  #jwk;
  #thumbprint;
  /** @type {(jkt: string) => Promise<string>} */
  #issue;
  /** @type {Promise<string> | undefined} */
  #token;
  /**
   * The newest nonce of each server.
   * @type {Map<string, string>}
   */
  #nonces = new Map();

  /**
   * A function of its own, which can be handed on without the client.
   * @type {typeof fetch}
   */
  fetch = async (input, init) => {
    const request = new Request(input, init);
    const first = await this.#send(request.clone());
    const challenge = first.headers.get('www-authenticate') ?? '';
    const wantsNonce = first.status === 401 && challenge.includes('error="use_dpop_nonce"');
    if (!wantsNonce || !first.headers.has('dpop-nonce') || request.headers.has('dpop')) {
      return first;
    }
    await first.body?.cancel();
    return this.#send(request);
  };

  /**
   * @param {TestTenantAlgorithm} alg
   * @param {(jkt: string) => Promise<string>} issue
   */
  constructor(alg, issue) {
    this.#key = makeKeySync(alg);
    this.#issue = issue;
    /** @type {Record<string, unknown>} */
    const members = this.#key.jwk;
    const names = REQUIRED.filter((name) => members[name] !== undefined);
    this.#jwk = Object.fromEntries(names.map((name) => [name, members[name]]));
    this.#thumbprint = sha256(JSON.stringify(this.#jwk));
  }

  get thumbprint() {
    return this.#thumbprint;
  }

  get jwk() {
    return { ...this.#jwk };
  }

  token() {
    this.#token ??= this.#issue(this.#thumbprint);
    return this.#token;
  }

  /** @param {DPoPProofOptions} options */
  async proof(options) {
    checkNames('proof', options, PROOF_OPTIONS);
    const { url, method = 'GET', nonce, claims = {}, header = {} } = options;
    checkString('url', url);
    checkString('method', method);
    checkObject('claims', claims);
    checkObject('header', header);
    const token = options.token ?? (await this.token());
    checkString('token', token);
    const { origin, pathname } = new URL(url);
    return signJwt(
      this.#key,
      { typ: 'dpop+jwt', alg: this.#key.alg, jwk: this.#jwk, ...header },
      {
        jti: randomUUID(),
        htm: method,
        htu: origin + pathname,
        iat: Math.floor(Date.now() / 1000),
        ath: sha256(token),
        ...(nonce === undefined ? {} : { nonce }),
        ...claims,
      },
    );
  }

  /** @param {Request} request */
  async #send(request) {
    const { url, method } = request;
    const { origin } = new URL(url);
    const headers = new Headers(request.headers);
    const authorization = headers.get('authorization') ?? `DPoP ${await this.token()}`;
    headers.set('authorization', authorization);
    if (!headers.has('dpop')) {
      const token = authorization.slice(authorization.indexOf(' ') + 1);
      headers.set(
        'dpop',
        await this.proof({ url, method, token, nonce: this.#nonces.get(origin) }),
      );
    }
    const response = await fetch(request, { headers });
    const nonce = response.headers.get('dpop-nonce');
    if (nonce !== null) {
      this.#nonces.set(origin, nonce);
    }
    return response;
  }
}

module.exports = { DPoPClient };
