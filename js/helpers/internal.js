'use strict';

// `@monocloud/backend-node/internal`: small helpers that the vendor's packages share, for programs that
// import them. None needs the native core. Documented in internal.d.ts.

/**
 * @import { Jwk } from '../../index.d.ts'
 * @import { AccessToken, IdTokenClaims, MonoCloudUser } from './utils.d.ts'
 */

const { now } = require('../core/clock.js');
const digests = require('./digests.js');
const encodings = require('./encodings.js');
const { getPublicSigKeyFromIssuerJwks } = require('./signing-keys.js');

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

module.exports = /** @satisfies {typeof import('./internal.d.ts')} */ ({
  arrayBufferToBase64: encodings.encodeBase64Url,
  arrayBufferToString: encodings.arrayBufferToString,
  decodeBase64Url: encodings.decodeBase64Url,
  decodeBase64UrlBytes: encodings.decodeBase64UrlBytes,
  decodeBase64UrlUtf8: encodings.decodeBase64UrlUtf8,
  encodeBase64: encodings.encodeBase64,
  encodeBase64Url: encodings.encodeBase64Url,
  ensureLeadingSlash,
  findToken,
  fromB64Url: encodings.fromB64Url,
  getBoolean,
  getNumber,
  getPublicSigKeyFromIssuerJwks,
  hashTokenValue: digests.hashTokenValue,
  isAbsoluteUrl,
  isJsonObject,
  isPresent,
  isSameHost,
  now,
  parseClientSecret,
  parseSpaceSeparated,
  parseSpaceSeparatedSet,
  profileSync,
  randomBytes: digests.randomBytes,
  removeTrailingSlash,
  setsEqual,
  sha256: digests.sha256,
  stringToArrayBuffer: encodings.stringToArrayBuffer,
  timingSafeEqual: digests.timingSafeEqual,
  toB64Url: encodings.toB64Url,
  validateTokenHash: digests.validateTokenHash,
});
