'use strict';

// `@monocloud/backend-node/utils`: helpers for programs that sign users in. None needs the native core.
// Documented in utils.d.ts.

/**
 * @import { AuthState, CallbackParams, IdTokenClaims, MonoCloudSession, MonoCloudUser, QueryParameters } from './utils.d.ts'
 * @import { JwtClaims } from '../../index.d.ts'
 */

const { createHash } = require('node:crypto');
const { decrypt, encrypt } = require('./encryption.js');
const { MonoCloudValidationError } = require('../errors.js');
const { isJsonObject, now, randomBytes } = require('./internal.js');

/** @typedef {{ member: string, invalid: string, expired: string }} Kind */

/** Two kinds of encrypted JSON, `{ [member]: …, expiresAt }`, with the messages of their errors. */
const SESSION = {
  member: 'session',
  invalid: 'Invalid session data',
  expired: 'Session Expired',
};
const AUTH_STATE = {
  member: 'authState',
  invalid: 'Invalid auth state',
  expired: 'Auth state expired',
};

/**
 * @param {MonoCloudSession} session
 * @param {string} secret
 * @param {number} [ttl]
 */
async function encryptSession(session, secret, ttl) {
  return await encrypt(write(SESSION, session, ttl), secret);
}

/**
 * @template {MonoCloudSession} [T=MonoCloudSession]
 * @param {string} encryptedSession
 * @param {string} secret
 * @returns {Promise<T>}
 */
async function decryptSession(encryptedSession, secret) {
  return read(SESSION, await decrypt(encryptedSession, secret));
}

/**
 * @template {AuthState} T
 * @param {T} authState
 * @param {string} secret
 * @param {number} [ttl]
 */
async function encryptAuthState(authState, secret, ttl) {
  return await encrypt(write(AUTH_STATE, authState, ttl), secret);
}

/**
 * @template {AuthState} [T=AuthState]
 * @param {string} encryptedAuthState
 * @param {string} secret
 * @returns {Promise<T>}
 */
async function decryptAuthState(encryptedAuthState, secret) {
  return read(AUTH_STATE, await decrypt(encryptedAuthState, secret));
}

/**
 * @param {Kind} kind
 * @param {unknown} value
 * @param {number | null} [ttl]
 */
function write({ member }, value, ttl) {
  if (!isJsonObject(value)) throw new MonoCloudValidationError(`"${member}" must be an object`);
  // JSON has `null` for NaN and Infinity, and `null` means no limit.
  if (ttl !== undefined && ttl !== null && !Number.isFinite(ttl)) {
    throw new MonoCloudValidationError('"ttl" must be a finite number of seconds');
  }
  const expiresAt = typeof ttl === 'number' ? now() + ttl : undefined;
  try {
    return JSON.stringify({ [member]: value, expiresAt });
  } catch {
    // The message of JSON's own error may quote the value.
    throw new MonoCloudValidationError(`"${member}" can't be written as JSON`);
  }
}

/**
 * @template T what it is taken for
 * @param {Kind} kind
 * @param {string | undefined} text
 * @returns {T}
 */
function read({ member, invalid, expired }, text) {
  const envelope = parse(text);
  const value = envelope?.[member];
  if (!isJsonObject(envelope) || !isJsonObject(value)) throw new MonoCloudValidationError(invalid);
  const expiresAt = envelope.expiresAt ?? Number.POSITIVE_INFINITY;
  if (typeof expiresAt !== 'number') throw new MonoCloudValidationError(invalid);
  if (expiresAt < now()) throw new MonoCloudValidationError(expired);
  return /** @type {T} */ (value);
}

/** @param {string | undefined} text */
function parse(text) {
  try {
    // Without a text this throws, too.
    return JSON.parse(/** @type {string} */ (text));
  } catch {
    return undefined;
  }
}

/**
 * @param {MonoCloudUser | IdTokenClaims | JwtClaims | null | undefined} user
 * @param {readonly string[] | null | undefined} groups
 * @param {string} [groupsClaim]
 * @param {boolean} [matchAll]
 */
function isUserInGroup(user, groups, groupsClaim, matchAll = false) {
  if (groups !== undefined && groups !== null && !isListOfStrings(groups)) {
    // A string `'admin'` in place of `['admin']` must not become a requirement that every user meets.
    throw new MonoCloudValidationError('"groups" must be an array of strings');
  }
  if (user === undefined || user === null) return false;
  if (!groups?.length) return true;
  const names = new Set(groupNames(user[groupsClaim ?? 'groups']));
  /** @param {string} group */
  const has = (group) => names.has(group);
  return matchAll ? groups.every(has) : groups.some(has);
}

/**
 * @param {unknown} value
 * @returns {value is string[]}
 */
function isListOfStrings(value) {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

/**
 * The names and ids in a groups claim, read as the core reads them (src/token/claims.rs).
 * @param {unknown} claim
 */
function groupNames(claim) {
  if (!Array.isArray(claim)) return [];
  return claim
    .flatMap((group) => (isJsonObject(group) ? [group.id, group.name] : [group]))
    .filter((name) => typeof name === 'string');
}

/**
 * @param {string | { readonly searchParams: QueryParameters } | QueryParameters} queryOrUrl
 * @returns {CallbackParams}
 */
function parseCallbackParams(queryOrUrl) {
  const parameters = parametersOf(queryOrUrl);
  /** @param {string} name */
  const get = (name) => parameters.get(name) ?? undefined;
  const expiresIn = Number.parseInt(/** @type {string} NaN without one */ (get('expires_in')), 10);
  return {
    state: get('state'),
    code: get('code'),
    accessToken: get('access_token'),
    idToken: get('id_token'),
    refreshToken: get('refresh_token'),
    scope: get('scope'),
    sessionState: get('session_state'),
    expiresIn: Number.isNaN(expiresIn) ? undefined : expiresIn,
    error: get('error'),
    errorDescription: get('error_description'),
  };
}

/**
 * @param {string | { readonly searchParams: QueryParameters } | QueryParameters} from
 * @returns {QueryParameters}
 */
function parametersOf(from) {
  if (typeof from === 'string') {
    // `req.url` is a path with a query.
    const url = parseUrl(from, from.startsWith('/') ? 'http://localhost' : undefined);
    // A fragment has parameters, too (RFC 6749 §4.2.2). URLSearchParams removes a `?`, but no `#`.
    return url ? url.searchParams : new URLSearchParams(from.replace(/^#/, ''));
  }
  // Recognised by its methods, not by its class: in a test runner, the URL class may be that of another realm.
  const given = /** @type {{ searchParams?: QueryParameters } | undefined} */ (from);
  const parameters = /** @type {QueryParameters} */ (given?.searchParams ?? from);
  if (typeof parameters?.get !== 'function') {
    throw new MonoCloudValidationError('"queryOrUrl" must be a string, a URL or a URLSearchParams');
  }
  return parameters;
}

/**
 * @param {string} text
 * @param {string} [base]
 */
function parseUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

function generateState() {
  return randomBytes();
}

function generateNonce() {
  return randomBytes();
}

async function generatePKCE() {
  const codeVerifier = randomBytes();
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  return { codeVerifier, codeChallenge };
}

/** @param {(readonly string[] | undefined)[]} arrays */
function mergeArrays(...arrays) {
  const given = arrays.filter(Array.isArray);
  return given.length === 0 ? undefined : [...new Set(given.flat())];
}

module.exports = /** @satisfies {typeof import('./utils.d.ts')} */ ({
  decrypt,
  decryptAuthState,
  decryptSession,
  encrypt,
  encryptAuthState,
  encryptSession,
  generateNonce,
  generatePKCE,
  generateState,
  isUserInGroup,
  mergeArrays,
  parseCallbackParams,
});
