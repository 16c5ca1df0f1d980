'use strict';

// Tokens signed by hand, so that each is wrong in exactly one way, and the refusal of each.

const assert = require('node:assert/strict');

const { MonoCloudBackendNodeClient, MonoCloudTokenError } = require('@monocloud/backend-node');
const { at, makeKey, setOf, sign } = require('../../support/tokens.js');

const ISSUER = 'https://tenant.example';
const AUDIENCE = 'https://api.example.com';
const NOW = 1_800_000_000;
const CLAIMS = { iss: ISSUER, sub: 'ada', aud: AUDIENCE, exp: NOW + 60 };

const client = new MonoCloudBackendNodeClient({ tenantDomain: ISSUER, audience: AUDIENCE });
const key = makeKey('ES256');
const rsa = makeKey('RS256');
const ed = makeKey('EdDSA');

const clientWith = (options) =>
  new MonoCloudBackendNodeClient({ tenantDomain: ISSUER, audience: AUDIENCE, ...options });

/** Validates at `NOW`, with the keys handed in. */
const validate = (token, { keys = setOf(key), using = client, now = NOW, ...route } = {}) =>
  at(now, () => using.validateJwtAccessToken(token, { jwks: keys, ...route }));

const withHeader = (header) => sign(key, { header, claims: CLAIMS });
const withClaims = (claims) => sign(key, { claims: { ...CLAIMS, ...claims } });

/** What a refusal looks like from outside: message and, where it is not `invalid_token`, code. */
const REFUSALS = {
  malformed_token: ['JWT access token must have a header, payload and signature'],
  token_too_large: ['Access token is longer than maxTokenBytes allows'],
  malformed_header: ['Failed to parse JWT Header'],
  header_not_object: ['JWT Header must be a top level object', 'invalid_token', 'malformed_header'],
  unsupported_critical_header: ['Unexpected JWT "crit" header parameter'],
  unsupported_algorithm: ['Unsupported JWT signing algorithm'],
  unexpected_token_type: ['Invalid token type'],
  unknown_key: ['No matching signing key found in the JWKS'],
  ambiguous_key: ['More than one signing key in the JWKS matches the token'],
  invalid_signature: ['JWT signature verification failed'],
  malformed_payload: ['Failed to parse JWT Payload'],
  payload_not_object: [
    'JWT Payload must be a top level object',
    'invalid_token',
    'malformed_payload',
  ],
  issuer_mismatch: ['Invalid Issuer'],
  invalid_subject: ['Invalid subject'],
  audience_mismatch: ['Invalid audience claim'],
  missing_expiration: ['Missing "exp" (expiration time) claim'],
  invalid_expiration: ['Unexpected "exp" (expiration time) claim type'],
  expired: ['Token has expired'],
  invalid_not_before: ['Unexpected "nbf" (not before) claim type'],
  not_yet_valid: ['Token is not valid yet'],
  missing_scopes: ['Token is missing required scopes', 'insufficient_scope'],
  missing_groups: ['Token is missing required groups', 'insufficient_groups'],
  certificate_missing: ['Client certificate is not present'],
};

async function refuses(work, word, note) {
  const [message, code = 'invalid_token', reason = word] = REFUSALS[word];
  await assert.rejects(
    work,
    (error) => {
      assert.ok(error instanceof MonoCloudTokenError, `${note}: ${error.stack}`);
      assert.deepEqual(
        { name: error.name, code: error.code, reason: error.reason, message: error.message },
        { name: 'MonoCloudTokenError', code, reason, message },
        note,
      );
      return true;
    },
    note,
  );
}

module.exports = {
  AUDIENCE,
  CLAIMS,
  ISSUER,
  NOW,
  client,
  clientWith,
  ed,
  key,
  refuses,
  rsa,
  validate,
  withClaims,
  withHeader,
};
