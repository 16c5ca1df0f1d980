'use strict';

// The claims of a token, from the options of `issueToken` and `issueOpaqueToken`.

/** @import { IssueOpaqueTokenOptions, TestTenantGroup } from './index.d.ts' */

const { createHash, randomUUID, X509Certificate } = require('node:crypto');
const { checkObject, checkString, isList } = require('./checks.js');

/**
 * @param {string} issuer
 * @param {string} ownAudience
 * @param {IssueOpaqueTokenOptions} options
 * @returns {Record<string, unknown>}
 */
function claimsOf(issuer, ownAudience, options) {
  const {
    claims = {},
    scopes,
    groups,
    expiresIn = 300,
    audience = ownAudience,
    subject = 'test-user',
    certificate,
    jkt,
  } = options;
  checkObject('claims', claims);
  if (!Number.isFinite(expiresIn)) {
    throw new TypeError('"expiresIn" must be a finite number of seconds');
  }
  checkString('subject', subject);
  for (const each of isList(audience) ? audience : [audience]) {
    checkString('audience', each);
  }
  const now = Math.floor(Date.now() / 1000);
  const isBound = certificate !== undefined || jkt !== undefined;
  return {
    iss: issuer,
    sub: subject,
    aud: audience,
    client_id: 'test-client',
    // An expired token was issued before it expired.
    iat: Math.floor(Math.min(now, now + expiresIn)),
    exp: now + expiresIn,
    jti: randomUUID(),
    ...(scopes === undefined ? {} : scopeClaim(scopes)),
    ...(groups === undefined ? {} : groupsClaim(groups)),
    ...(isBound ? confirmationClaim(certificate, jkt) : {}),
    ...claims,
  };
}

/** @param {readonly string[]} scopes */
function scopeClaim(scopes) {
  // RFC 6749 §3.3: spaces separate scopes.
  if (!isList(scopes) || !scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    throw new TypeError('"scopes" must be an array of scopes, none of them empty or with a space');
  }
  return scopes.length === 0 ? {} : { scope: scopes.join(' ') };
}

/** @param {readonly TestTenantGroup[]} groups */
function groupsClaim(groups) {
  /** @param {string | { id?: unknown, name?: unknown } | null} group */
  const valid = (group) =>
    typeof group === 'string' || typeof group?.id === 'string' || typeof group?.name === 'string';
  if (!isList(groups) || !groups.every(valid)) {
    throw new TypeError('"groups" must be an array of strings, or of objects with "id" or "name"');
  }
  return { groups };
}

/**
 * The keys that a token is bound to: a certificate's (RFC 8705 §3.1), that of DPoP proofs (RFC 9449 §6.1), or both.
 * @param {string | undefined} certificate
 * @param {string | undefined} jkt
 */
function confirmationClaim(certificate, jkt) {
  if (jkt !== undefined && !/^[\w-]{43}$/.test(jkt)) {
    throw new TypeError('"jkt" must be a thumbprint, 43 characters of base64url');
  }
  return {
    cnf: {
      ...(certificate === undefined ? {} : { 'x5t#S256': thumbprintOf(certificate) }),
      ...(jkt === undefined ? {} : { jkt }),
    },
  };
}

/**
 * The SHA-256 of a certificate's DER bytes.
 * @param {string} certificate
 */
function thumbprintOf(certificate) {
  checkString('certificate', certificate);
  let der;
  try {
    der = new X509Certificate(certificate).raw;
  } catch {
    // OpenSSL's message does not help, and may contain the input.
    throw new TypeError('"certificate" must be an X.509 certificate in PEM');
  }
  return createHash('sha256').update(der).digest('base64url');
}

module.exports = { claimsOf };
