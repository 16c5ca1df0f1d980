'use strict';

// The signing keys of the test tenant, and JWTs that they sign.

const crypto = require('node:crypto');
const { promisify } = require('node:util');
const { makePair } = require('./pairs.js');

const sign = promisify(crypto.sign);

const rsa = (digest) => ({
  digest,
  type: 'rsa',
  options: { modulusLength: 2048 },
  how: { padding: crypto.constants.RSA_PKCS1_PADDING },
});

// RFC 7518 §3.5: the salt is as long as the digest.
const pss = (digest) => ({
  digest,
  type: 'rsa',
  options: { modulusLength: 2048 },
  how: {
    padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
    saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST,
  },
});

// RFC 7518 §3.4: R and S concatenated. OpenSSL's default is a DER sequence.
const ecdsa = (digest, namedCurve) => ({
  digest,
  type: 'ec',
  options: { namedCurve },
  how: { dsaEncoding: 'ieee-p1363' },
});

const ed25519 = () => ({ digest: null, type: 'ed25519', options: {}, how: {} });

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

// A key for each algorithm, all from the start: a client that has fetched the JWKS would take a later one for a
// rotation, and clients limit how often they look for unknown keys. The RSA algorithms share one pair, because
// six pairs take a second.
async function makeKeys(algorithms) {
  const pairs = new Map();
  return Promise.all(
    algorithms.map(async (alg) => {
      const { type, options } = ALGORITHMS.get(alg);
      const shared = type === 'rsa' ? type : alg;
      if (!pairs.has(shared)) {
        pairs.set(shared, makePair(type, options));
      }
      return makeKey(alg, await pairs.get(shared));
    }),
  );
}

function makeKey(alg, { publicKey, privateKey }) {
  const { digest, how } = ALGORITHMS.get(alg);
  // Random, so that two tenants in one test never share a `kid`.
  const kid = `${alg.toLowerCase()}-${crypto.randomBytes(6).toString('hex')}`;
  return {
    alg,
    kid,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
    sign: (input) => sign(digest, input, { key: privateKey, ...how }),
    verify: (input, signature) =>
      crypto.verify(digest, input, { key: publicKey, ...how }, signature),
  };
}

class KeyRing {
  #algorithms;
  // Newest first: the first key of an algorithm signs.
  #published = [];

  constructor(algorithms) {
    this.#algorithms = algorithms;
  }

  // The JWKS never has a part of a rotation: the keys are made before the list is replaced.
  async rotate(keepOld) {
    const keys = await makeKeys(this.#algorithms);
    this.#published = keepOld ? [...keys, ...this.#published] : keys;
  }

  jwks() {
    return { keys: this.#published.map((key) => key.jwk) };
  }

  async sign(alg, header, claims) {
    const key = this.#published.find((candidate) => candidate.alg === alg);
    const input = `${encode({ alg, typ: 'at+jwt', kid: key.kid, ...header })}.${encode(claims)}`;
    return `${input}.${(await key.sign(Buffer.from(input))).toString('base64url')}`;
  }

  // The claims of a JWT that one of the published keys signed, or undefined.
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

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part) {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}

module.exports = { ALGORITHMS, KeyRing };
