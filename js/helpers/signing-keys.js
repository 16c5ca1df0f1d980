'use strict';

// The key of a JWKS that a JWT is signed with.

/** @import { Jwk, JwsHeaderParameters } from '../../index.d.ts' */

const crypto = require('node:crypto');
const { MonoCloudTokenError, MonoCloudValidationError } = require('../errors.js');
const { unsupported } = require('./digests.js');

/** @type {Record<string, { kty: string, name: string, curves?: Record<string, string> }>} */
const ALGORITHMS = {
  RS: { kty: 'RSA', name: 'RSASSA-PKCS1-v1_5' },
  PS: { kty: 'RSA', name: 'RSA-PSS' },
  ES: { kty: 'EC', name: 'ECDSA', curves: { 256: 'P-256', 384: 'P-384', 512: 'P-521' } },
};
const MIN_RSA_BITS = 2048;

/**
 * @param {readonly Jwk[]} jwks
 * @param {JwsHeaderParameters} header
 */
async function getPublicSigKeyFromIssuerJwks(jwks, header) {
  const [, family, bits] = /^(RS|PS|ES)(256|384|512)$/.exec(header.alg) ?? [];
  if (family === undefined) throw unsupported();
  const { kty, name, curves } = ALGORITHMS[family];
  const curve = curves?.[bits];
  const { alg, kid } = header;
  /** @param {Jwk} jwk */
  const fits = (jwk) =>
    jwk?.kty === kty &&
    (curve === undefined || jwk.crv === curve) &&
    (kid === undefined || jwk.kid === kid) &&
    (jwk.alg === undefined || jwk.alg === alg) &&
    (jwk.use === undefined || jwk.use === 'sig') &&
    (jwk.key_ops === undefined || jwk.key_ops.includes('verify'));
  const [jwk, ...others] = jwks.filter(fits);
  if (jwk === undefined) {
    throw new MonoCloudTokenError('No key of the tenant fits the JWT', undefined, 'unknown_key');
  }
  if (others.length > 0) {
    throw new MonoCloudTokenError(
      'Several keys of the tenant fit the JWT: it needs a "kid" of its own',
      undefined,
      'ambiguous_key',
    );
  }
  const key = await importPublicKey(jwk, { name, hash: `SHA-${bits}`, namedCurve: curve });
  // Only RSA has a modulus.
  const algorithm = /** @type {{ modulusLength?: number }} */ (key.algorithm);
  if ((algorithm.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS) throw unusable();
  return key;
}

/**
 * Imports the public members only, so that no other member can change the kind of key.
 * @param {Jwk} jwk
 * @param {{ name: string, hash: string, namedCurve?: string }} algorithm
 */
async function importPublicKey({ kty, crv, x, y, n, e, d }, algorithm) {
  if (d !== undefined) {
    throw new MonoCloudValidationError('A JWKS must have public keys only');
  }
  const jwk = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
  try {
    return await crypto.webcrypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify']);
  } catch {
    throw unusable();
  }
}

const unusable = () =>
  new MonoCloudTokenError("The tenant's key can't be used", undefined, 'unknown_key');

module.exports = { getPublicSigKeyFromIssuerJwks };
