'use strict';

// `@monocloud/backend-node/internal`: small helpers that the vendor's packages share, for programs that
// import them. None needs the native core. Documented in internal.d.ts.

/**
 * @import { Jwk, JwsHeaderParameters } from '../../index.d.ts'
 * @import { SecurityAlgorithms } from './internal.d.ts'
 * @import { AccessToken, IdTokenClaims, MonoCloudUser } from './utils.d.ts'
 */

const { Buffer } = require('node:buffer');
const crypto = require('node:crypto');
const { MonoCloudTokenError, MonoCloudValidationError } = require('../errors.js');

// ---------------------------------------------------------------------------------------------
// Settings
// ---------------------------------------------------------------------------------------------

/** @param {string} [value] */
function getBoolean(value) {
  switch (typeof value === 'string' && value.trim().toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      return undefined;
  }
}

/** @param {string} [value] */
function getNumber(value) {
  const number = Number.parseInt(/** @type {string} NaN without one */ (value), 10);
  return Number.isNaN(number) ? undefined : number;
}

/**
 * @param {string | number | boolean | null} [value]
 * @returns {value is string | number | boolean}
 */
function isPresent(value) {
  if (typeof value === 'string') return value.trim() !== '';
  return typeof value === 'boolean' || typeof value === 'number';
}

/**
 * @param {string | Jwk} [value]
 * @returns {string | Jwk | undefined}
 */
function parseClientSecret(value) {
  if (typeof value !== 'string') return value;
  try {
    const parsed = JSON.parse(value);
    return typeof parsed?.kty === 'string' ? parsed : value;
  } catch {
    return value;
  }
}

// ---------------------------------------------------------------------------------------------
// URLs
// ---------------------------------------------------------------------------------------------

/**
 * @overload
 * @param {string} value
 * @returns {string}
 */
/**
 * @overload
 * @param {string} [value]
 * @returns {string | undefined}
 */
/** @param {string} [value] */
function ensureLeadingSlash(value) {
  const path = value?.trim();
  return !path || path.startsWith('/') ? path : `/${path}`;
}

/**
 * @overload
 * @param {string} value
 * @returns {string}
 */
/**
 * @overload
 * @param {string} [value]
 * @returns {string | undefined}
 */
/** @param {string} [value] */
function removeTrailingSlash(value) {
  const path = value?.trim();
  return path?.endsWith('/') ? path.slice(0, -1) : path;
}

/** @param {string} url */
function isAbsoluteUrl(url) {
  // Schemes are case-insensitive (RFC 3986 §3.1): a browser follows `HTTPS://…`.
  return typeof url === 'string' && /^https?:\/\//i.test(url);
}

/**
 * @param {string} url
 * @param {string} urlToCheck
 */
function isSameHost(url, urlToCheck) {
  try {
    const { origin } = new URL(url);
    // `data:` and similar URLs have the origin "null", which equals no other (RFC 6454 §4).
    return origin !== 'null' && origin === new URL(urlToCheck).origin;
  } catch {
    return false;
  }
}

// ---------------------------------------------------------------------------------------------
// Lists and objects
// ---------------------------------------------------------------------------------------------

/**
 * @overload
 * @param {string} text
 * @returns {string[]}
 */
/**
 * @overload
 * @param {string} [text]
 * @returns {string[] | undefined}
 */
/** @param {string} [text] */
function parseSpaceSeparated(text) {
  return text?.split(/\s+/).filter(Boolean);
}

/** @param {string} [text] */
function parseSpaceSeparatedSet(text) {
  return new Set(parseSpaceSeparated(text ?? ''));
}

/**
 * @param {ReadonlySet<string>} a
 * @param {ReadonlySet<string>} b
 * @param {boolean} [strict]
 */
function setsEqual(a, b, strict = true) {
  if (strict && a.size !== b.size) return false;
  return [...a].every((value) => b.has(value));
}

/**
 * @template [T=Record<string, unknown>]
 * @param {unknown} input
 * @returns {input is T}
 */
function isJsonObject(input) {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

/**
 * @param {readonly AccessToken[]} [tokens]
 * @param {string} [resource]
 * @param {string} [scopes]
 */
function findToken(tokens, resource, scopes) {
  if (!Array.isArray(tokens)) return undefined;
  const resources = parseSpaceSeparatedSet(resource);
  const wanted = parseSpaceSeparatedSet(scopes);
  return tokens.find(
    (token) =>
      setsEqual(resources, parseSpaceSeparatedSet(token.resource)) &&
      setsEqual(wanted, parseSpaceSeparatedSet(token.requestedScopes)),
  );
}

/**
 * @param {MonoCloudUser} [existingUser]
 * @param {Partial<IdTokenClaims>} [idTokenClaims]
 * @param {Partial<MonoCloudUser>} [userinfoClaims]
 * @param {boolean} [strict]
 */
function profileSync(existingUser, idTokenClaims, userinfoClaims, strict = false) {
  // `sub` is there once a user has signed in, which is when this is called.
  const claims = /** @type {MonoCloudUser} */ ({ ...idTokenClaims, ...userinfoClaims });
  if (Object.keys(claims).length === 0) return existingUser ?? claims;
  return strict ? claims : { ...existingUser, ...claims };
}

// ---------------------------------------------------------------------------------------------
// Bytes and text
// ---------------------------------------------------------------------------------------------

/** @param {string} text */
function stringToArrayBuffer(text) {
  return new TextEncoder().encode(text);
}

/** @param {ArrayBuffer | Uint8Array} buffer */
function arrayBufferToString(buffer) {
  return new TextDecoder().decode(buffer);
}

/** @param {string} text */
function encodeBase64(text) {
  return Buffer.from(text).toString('base64');
}

/**
 * An `ArrayBuffer`, or a view of one.
 * @param {Uint8Array | ArrayBuffer} input
 */
function encodeBase64Url(input) {
  const bytes = ArrayBuffer.isView(input)
    ? Buffer.from(input.buffer, input.byteOffset, input.byteLength)
    : Buffer.from(input);
  return bytes.toString('base64url');
}

/** @param {string} input */
function decodeBase64Url(input) {
  try {
    return atob(fromB64Url(input.replace(/\s/g, '')));
  } catch {
    throw new MonoCloudValidationError('"input" must be base64url');
  }
}

/**
 * Strict: no padding, no white space, and unused bits are zero, so that each byte array has one encoding.
 * @param {string} input
 */
function decodeBase64UrlBytes(input) {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'base64url') : undefined;
  if (bytes === undefined || bytes.toString('base64url') !== input) {
    throw new MonoCloudValidationError('"input" must be base64url without padding');
  }
  // A copy: a Buffer may be a view of a shared memory pool.
  return new Uint8Array(bytes);
}

/** @param {string} input */
function decodeBase64UrlUtf8(input) {
  const bytes = decodeBase64UrlBytes(input);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MonoCloudValidationError('"input" must be base64url of UTF-8');
  }
}

/** @param {string} base64 */
function toB64Url(base64) {
  // A loop, because the time of `/=+$/` is quadratic in the length of a run of `=`.
  let end = base64.length;
  while (base64[end - 1] === '=') end -= 1;
  return base64.slice(0, end).replaceAll('+', '-').replaceAll('/', '_');
}

/** @param {string} base64url */
function fromB64Url(base64url) {
  const padding = '='.repeat((4 - (base64url.length % 4)) % 4);
  return base64url.replaceAll('-', '+').replaceAll('_', '/') + padding;
}

// ---------------------------------------------------------------------------------------------
// Time, randomness and digests
// ---------------------------------------------------------------------------------------------

function now() {
  return Math.floor(Date.now() / 1000);
}

/** @param {number} [length] */
function randomBytes(length = 32) {
  if (!Number.isInteger(length) || length < 1 || length > 65_536) {
    throw new MonoCloudValidationError('"length" must be a whole number from 1 to 65536');
  }
  return crypto.randomBytes(length).toString('base64url');
}

/**
 * @param {string} a
 * @param {string} b
 */
function timingSafeEqual(a, b) {
  // A missing hash differs from every other.
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && crypto.timingSafeEqual(left, right);
}

/** @param {string} input */
async function sha256(input) {
  return crypto.createHash('sha256').update(input).digest('base64url');
}

/**
 * @param {string} value
 * @param {SecurityAlgorithms} alg
 */
async function hashTokenValue(value, alg) {
  const [, bits] = /^(?:RS|PS|ES|HS)(256|384|512)$/.exec(alg) ?? [];
  if (bits === undefined) throw unsupported();
  const digest = crypto.createHash(`sha${bits}`).update(value).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/**
 * @param {string} value
 * @param {string} expectedHash
 * @param {SecurityAlgorithms} alg
 */
async function validateTokenHash(value, expectedHash, alg) {
  return timingSafeEqual(await hashTokenValue(value, alg), expectedHash);
}

// ---------------------------------------------------------------------------------------------
// Keys
// ---------------------------------------------------------------------------------------------

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

const unsupported = () =>
  new MonoCloudTokenError('unsupported JWS "alg" identifier', undefined, 'unsupported_algorithm');

const unusable = () =>
  new MonoCloudTokenError("The tenant's key can't be used", undefined, 'unknown_key');

module.exports = /** @satisfies {typeof import('./internal.d.ts')} */ ({
  arrayBufferToBase64: encodeBase64Url,
  arrayBufferToString,
  decodeBase64Url,
  decodeBase64UrlBytes,
  decodeBase64UrlUtf8,
  encodeBase64,
  encodeBase64Url,
  ensureLeadingSlash,
  findToken,
  fromB64Url,
  getBoolean,
  getNumber,
  getPublicSigKeyFromIssuerJwks,
  hashTokenValue,
  isAbsoluteUrl,
  isJsonObject,
  isPresent,
  isSameHost,
  now,
  parseClientSecret,
  parseSpaceSeparated,
  parseSpaceSeparatedSet,
  profileSync,
  randomBytes,
  removeTrailingSlash,
  setsEqual,
  sha256,
  stringToArrayBuffer,
  timingSafeEqual,
  toB64Url,
  validateTokenHash,
});
