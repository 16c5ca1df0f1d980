'use strict';

// `@monocloud/backend-node/internal`: small helpers that the vendor's packages share, for programs that
// import them. None needs the native core. Documented in internal.d.ts.

const { Buffer } = require('node:buffer');
const crypto = require('node:crypto');
const { MonoCloudTokenError, MonoCloudValidationError } = require('../errors.js');

// ---------------------------------------------------------------------------------------------
// Settings
// ---------------------------------------------------------------------------------------------

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

function getNumber(value) {
  const number = Number.parseInt(value, 10);
  return Number.isNaN(number) ? undefined : number;
}

function isPresent(value) {
  if (typeof value === 'string') return value.trim() !== '';
  return typeof value === 'boolean' || typeof value === 'number';
}

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

function ensureLeadingSlash(value) {
  const path = value?.trim();
  return !path || path.startsWith('/') ? path : `/${path}`;
}

function removeTrailingSlash(value) {
  const path = value?.trim();
  return path?.endsWith('/') ? path.slice(0, -1) : path;
}

function isAbsoluteUrl(url) {
  // Schemes are case-insensitive (RFC 3986 §3.1): a browser follows `HTTPS://…`.
  return typeof url === 'string' && /^https?:\/\//i.test(url);
}

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

function parseSpaceSeparated(text) {
  return text?.split(/\s+/).filter(Boolean);
}

function parseSpaceSeparatedSet(text) {
  return new Set(parseSpaceSeparated(text ?? ''));
}

function setsEqual(a, b, strict = true) {
  if (strict && a.size !== b.size) return false;
  return [...a].every((value) => b.has(value));
}

function isJsonObject(input) {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

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

function profileSync(existingUser, idTokenClaims, userinfoClaims, strict = false) {
  const claims = { ...idTokenClaims, ...userinfoClaims };
  if (Object.keys(claims).length === 0) return existingUser ?? {};
  return strict ? claims : { ...existingUser, ...claims };
}

// ---------------------------------------------------------------------------------------------
// Bytes and text
// ---------------------------------------------------------------------------------------------

function stringToArrayBuffer(text) {
  return new TextEncoder().encode(text);
}

function arrayBufferToString(buffer) {
  return new TextDecoder().decode(buffer);
}

function encodeBase64(text) {
  return Buffer.from(text).toString('base64');
}

/** An `ArrayBuffer`, or a view of one. */
function encodeBase64Url(input) {
  const bytes = ArrayBuffer.isView(input)
    ? Buffer.from(input.buffer, input.byteOffset, input.byteLength)
    : Buffer.from(input);
  return bytes.toString('base64url');
}

function decodeBase64Url(input) {
  try {
    return atob(fromB64Url(input.replace(/\s/g, '')));
  } catch {
    throw new MonoCloudValidationError('"input" must be base64url');
  }
}

/** Strict: no padding, no white space, and unused bits are zero, so that each byte array has one encoding. */
function decodeBase64UrlBytes(input) {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'base64url') : undefined;
  if (bytes === undefined || bytes.toString('base64url') !== input) {
    throw new MonoCloudValidationError('"input" must be base64url without padding');
  }
  // A copy: a Buffer may be a view of a shared memory pool.
  return new Uint8Array(bytes);
}

function decodeBase64UrlUtf8(input) {
  const bytes = decodeBase64UrlBytes(input);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MonoCloudValidationError('"input" must be base64url of UTF-8');
  }
}

function toB64Url(base64) {
  // A loop, because the time of `/=+$/` is quadratic in the length of a run of `=`.
  let end = base64.length;
  while (base64[end - 1] === '=') end -= 1;
  return base64.slice(0, end).replaceAll('+', '-').replaceAll('/', '_');
}

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

function randomBytes(length = 32) {
  if (!Number.isInteger(length) || length < 1 || length > 65_536) {
    throw new MonoCloudValidationError('"length" must be a whole number from 1 to 65536');
  }
  return crypto.randomBytes(length).toString('base64url');
}

function timingSafeEqual(a, b) {
  // A missing hash differs from every other.
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && crypto.timingSafeEqual(left, right);
}

async function sha256(input) {
  return crypto.createHash('sha256').update(input).digest('base64url');
}

async function hashTokenValue(value, alg) {
  const [, bits] = /^(?:RS|PS|ES|HS)(256|384|512)$/.exec(alg) ?? [];
  if (bits === undefined) throw unsupported();
  const digest = crypto.createHash(`sha${bits}`).update(value).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

async function validateTokenHash(value, expectedHash, alg) {
  return timingSafeEqual(await hashTokenValue(value, alg), expectedHash);
}

// ---------------------------------------------------------------------------------------------
// Keys
// ---------------------------------------------------------------------------------------------

const ALGORITHMS = {
  RS: { kty: 'RSA', name: 'RSASSA-PKCS1-v1_5' },
  PS: { kty: 'RSA', name: 'RSA-PSS' },
  ES: { kty: 'EC', name: 'ECDSA', curves: { 256: 'P-256', 384: 'P-384', 512: 'P-521' } },
};
const MIN_RSA_BITS = 2048;

async function getPublicSigKeyFromIssuerJwks(jwks, header) {
  const [, family, bits] = /^(RS|PS|ES)(256|384|512)$/.exec(header.alg) ?? [];
  if (family === undefined) throw unsupported();
  const { kty, name, curves } = ALGORITHMS[family];
  const curve = curves?.[bits];
  const { alg, kid } = header;
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
  if ((key.algorithm.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS) throw unusable();
  return key;
}

/** Imports the public members only, so that no other member can change the kind of key. */
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

module.exports = {
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
};
