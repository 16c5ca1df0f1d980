'use strict';

// The signing keys of the test tenant and of its DPoP clients, and JWTs that they sign.

/** @import { TestTenantAlgorithm } from './index.d.ts' */

const crypto = require('node:crypto');
const { promisify } = require('node:util');
const { makePair, makePairSync } = require('./pairs.js');

const sign = promisify(crypto.sign);

/**
 * @typedef {{ digest: string | null, type: string, options: object, how: crypto.SigningOptions }} Algorithm
 * @typedef {Awaited<ReturnType<typeof makePair>>} Pair
 * @typedef {Record<string, unknown>} Claims
 */

/**
 * @param {string} digest
 * @returns {Algorithm}
 */
const rsa = (digest) => ({
  digest,
  type: 'rsa',
  options: { modulusLength: 2048 },
  how: { padding: crypto.constants.RSA_PKCS1_PADDING },
});

/**
 * RFC 7518 §3.5: the salt is as long as the digest.
 * @param {string} digest
 * @returns {Algorithm}
 */
const pss = (digest) => ({
  digest,
  type: 'rsa',
  options: { modulusLength: 2048 },
  how: {
    padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
    saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST,
  },
});

/**
 * RFC 7518 §3.4: R and S concatenated. OpenSSL's default is a DER sequence.
 * @param {string} digest
 * @param {string} namedCurve
 * @returns {Algorithm}
 */
const ecdsa = (digest, namedCurve) => ({
  digest,
  type: 'ec',
  options: { namedCurve },
  how: { dsaEncoding: 'ieee-p1363' },
});

/** @returns {Algorithm} */
const ed25519 = () => ({ digest: null, type: 'ed25519', options: {}, how: {} });

/** @type {Map<TestTenantAlgorithm, Algorithm>} */
const ALGORITHMS = new Map([
  ['RS256', rsa('sha256')],
  ['RS384', rsa('sha384')],
  ['RS512', rsa('sha512')],
  ['PS256', pss('sha256')],
  ['PS384', pss('sha384')],
  ['PS512', pss('sha512')],
  ['ES256', ecdsa('sha256', 'P-256')],
  ['ES384', ecdsa('sha384', 'P-384')],
  ['ES512', ecdsa('sha512', 'P-521')],
  ['EdDSA', ed25519()],
  ['Ed25519', ed25519()],
]);

/** @param {TestTenantAlgorithm} alg checked by `createTestTenant` */
const algorithmOf = (alg) => /** @type {Algorithm} */ (ALGORITHMS.get(alg));

/**
 * A key for each algorithm, all from the start: a client that has fetched the JWKS would take a later one for a
 * rotation, and clients limit how often they look for unknown keys. The RSA algorithms share one pair, because
 * six pairs take a second.
 * @param {TestTenantAlgorithm[]} algorithms
 */
async function makeKeys(algorithms) {
  /** @type {Map<string, Promise<Pair>>} */
  const pairs = new Map();
  return Promise.all(
    algorithms.map(async (alg) => {
      const { type, options } = algorithmOf(alg);
      const shared = type === 'rsa' ? type : alg;
      if (!pairs.has(shared)) {
        pairs.set(shared, makePair(type, options));
      }
      return makeKey(alg, await /** @type {Promise<Pair>} */ (pairs.get(shared)));
    }),
  );
}

/**
 * @param {TestTenantAlgorithm} alg
 * @param {Pair} pair
 */
function makeKey(alg, { publicKey, privateKey }) {
  const { digest, how } = algorithmOf(alg);
  // Random, so that two tenants in one test never share a `kid`.
  const kid = `${alg.toLowerCase()}-${crypto.randomBytes(6).toString('hex')}`;
  return {
    alg,
    kid,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
    sign: (/** @type {Buffer} */ input) => sign(digest, input, { key: privateKey, ...how }),
    verify: (/** @type {Buffer} */ input, /** @type {Buffer} */ signature) =>
      crypto.verify(digest, input, { key: publicKey, ...how }, signature),
  };
}

/** @typedef {ReturnType<typeof makeKey>} Key */

/**
 * A key pair for an algorithm, made at once.
 * @param {TestTenantAlgorithm} alg
 */
function makeKeySync(alg) {
  const { type, options } = algorithmOf(alg);
  return makeKey(alg, makePairSync(type, options));
}

class KeyRing {
  /** @type {TestTenantAlgorithm[]} */
  #algorithms;
  /**
   * Newest first: the first key of an algorithm signs.
   * @type {Key[]}
   */
  #published = [];

  /** @param {TestTenantAlgorithm[]} algorithms */
  constructor(algorithms) {
    this.#algorithms = algorithms;
  }

  /**
   * The JWKS never has a part of a rotation: the keys are made before the list is replaced.
   * @param {boolean} keepOld
   */
  async rotate(keepOld) {
    const keys = await makeKeys(this.#algorithms);
    this.#published = keepOld ? [...keys, ...this.#published] : keys;
  }

  jwks() {
    return { keys: this.#published.map((key) => key.jwk) };
  }

  /**
   * @param {TestTenantAlgorithm} alg
   * @param {object} header
   * @param {object} claims
   */
  async sign(alg, header, claims) {
    const found = this.#published.find((candidate) => candidate.alg === alg);
    const key = /** @type {Key} there is one for each algorithm */ (found);
    return signJwt(key, { alg, typ: 'at+jwt', kid: key.kid, ...header }, claims);
  }

  /**
   * The claims of a JWT that one of the published keys signed, or undefined.
   * @param {string} token
   * @returns {Claims | undefined}
   */
  open(token) {
    const [header, payload, signature, ...rest] = token.split('.');
    if (signature === undefined || rest.length > 0) {
      return undefined;
    }
    const { alg, kid } = decode(header) ?? {};
    const key = this.#published.find((candidate) => candidate.kid === kid && candidate.alg === alg);
    const input = Buffer.from(`${header}.${payload}`);
    return key?.verify(input, Buffer.from(signature, 'base64url')) ? decode(payload) : undefined;
  }
}

/**
 * @param {Key} key
 * @param {object} header
 * @param {object} claims
 */
async function signJwt(key, header, claims) {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${(await key.sign(Buffer.from(input))).toString('base64url')}`;
}

/** @param {unknown} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @param {string} part */
function decode(part) {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}

module.exports = { ALGORITHMS, KeyRing, makeKeySync, signJwt };
