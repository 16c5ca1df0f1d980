'use strict';

// `@monocloud/backend-node/utils`: helpers for programs that sign users in. None needs the native core.
// Documented in utils.d.ts.

const { createHash } = require('node:crypto');
const { decrypt, encrypt } = require('./encryption.js');
const { MonoCloudValidationError } = require('../errors.js');
const { isJsonObject, now, randomBytes } = require('./internal.js');

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

async function encryptSession(session, secret, ttl) {
  return await encrypt(write(SESSION, session, ttl), secret);
}

async function decryptSession(encryptedSession, secret) {
  return read(SESSION, await decrypt(encryptedSession, secret));
}

async function encryptAuthState(authState, secret, ttl) {
  return await encrypt(write(AUTH_STATE, authState, ttl), secret);
}

async function decryptAuthState(encryptedAuthState, secret) {
  return read(AUTH_STATE, await decrypt(encryptedAuthState, secret));
}

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

function read({ member, invalid, expired }, text) {
  const envelope = parse(text);
  const value = envelope?.[member];
  if (!isJsonObject(envelope) || !isJsonObject(value)) throw new MonoCloudValidationError(invalid);
  const expiresAt = envelope.expiresAt ?? Number.POSITIVE_INFINITY;
  if (typeof expiresAt !== 'number') throw new MonoCloudValidationError(invalid);
  if (expiresAt < now()) throw new MonoCloudValidationError(expired);
  return value;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isUserInGroup(user, groups, groupsClaim, matchAll = false) {
  if (groups !== undefined && groups !== null && !isListOfStrings(groups)) {
    // A string `'admin'` in place of `['admin']` must not become a requirement that every user meets.
    throw new MonoCloudValidationError('"groups" must be an array of strings');
  }
  if (user === undefined || user === null) return false;
  if (!groups?.length) return true;
  const names = new Set(groupNames(user[groupsClaim ?? 'groups']));
  const has = (group) => names.has(group);
  return matchAll ? groups.every(has) : groups.some(has);
}

function isListOfStrings(value) {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

/** The names and ids in a groups claim, read as the core reads them (src/token/claims.rs). */
function groupNames(claim) {
  if (!Array.isArray(claim)) return [];
  return claim
    .flatMap((group) => (isJsonObject(group) ? [group.id, group.name] : [group]))
    .filter((name) => typeof name === 'string');
}

function parseCallbackParams(queryOrUrl) {
  const parameters = parametersOf(queryOrUrl);
  const get = (name) => parameters.get(name) ?? undefined;
  const expiresIn = Number.parseInt(get('expires_in'), 10);
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

function parametersOf(from) {
  if (typeof from === 'string') {
    // `req.url` is a path with a query.
    const url = parseUrl(from, from.startsWith('/') ? 'http://localhost' : undefined);
    // A fragment has parameters, too (RFC 6749 §4.2.2). URLSearchParams removes a `?`, but no `#`.
    return url ? url.searchParams : new URLSearchParams(from.replace(/^#/, ''));
  }
  // Recognised by its methods, not by its class: in a test runner, the URL class may be that of another realm.
  const parameters = from?.searchParams ?? from;
  if (typeof parameters?.get !== 'function') {
    throw new MonoCloudValidationError('"queryOrUrl" must be a string, a URL or a URLSearchParams');
  }
  return parameters;
}

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

function mergeArrays(...arrays) {
  const given = arrays.filter(Array.isArray);
  return given.length === 0 ? undefined : [...new Set(given.flat())];
}

module.exports = {
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
};
