'use strict';

// What becomes of the tokens and proofs of other makers, by their names: nothing where they are accepted, or the reason of
// their refusal.

const { NOT_CONFIGURED } = require('../incidents/support.js');

const ACCEPTED = undefined;

const TOKENS = {
  RS256: ACCEPTED,
  RS384: ACCEPTED,
  RS512: ACCEPTED,
  PS256: ACCEPTED,
  PS384: ACCEPTED,
  PS512: ACCEPTED,
  ES256: ACCEPTED,
  ES384: ACCEPTED,
  ES512: ACCEPTED,
  EdDSA: ACCEPTED,
  Ed25519: ACCEPTED,
  // Against RFC 7518 §6.2.1.2. Node.js and jose read such keys.
  'a key without its leading zeros': ACCEPTED,
  // RFC 7518 §3.4: R and S keep their length.
  'a signature that begins with zero': ACCEPTED,
  'typ at+jwt': ACCEPTED,
  'no typ': ACCEPTED,
  'no kid': ACCEPTED,
  'times of its own type': ACCEPTED,
  'a fraction of a second': ACCEPTED,
  'several audiences': ACCEPTED,

  'no signature': 'unsupported_algorithm',
  'HS256 with the public key': 'unsupported_algorithm',
  ES256K: 'unsupported_algorithm',
  'its own name of an algorithm': 'unsupported_algorithm',
  // `EdDSA` is Ed25519 alone.
  Ed448: 'unknown_key',
  'another algorithm of the key': 'unknown_key',
  'another key': 'invalid_signature',
  'its own key in the header': 'unknown_key',
  critical: 'unsupported_critical_header',
  'an unencoded payload': 'unsupported_critical_header',
  'a detached payload': 'invalid_signature',
  'a header parameter twice': 'malformed_header',
  'a claim twice': 'malformed_payload',
  'another typ': 'unexpected_token_type',
  'padded base64url': 'malformed_payload',
  'a payload that is text': 'malformed_payload',
  'a compressed payload': 'malformed_payload',
  'a token in a token': 'malformed_payload',
  'JSON, flattened': NOT_CONFIGURED,
  'JSON, general': NOT_CONFIGURED,
  encrypted: NOT_CONFIGURED,
  'exp as text': 'invalid_expiration',
  'exp without end': 'malformed_payload',
  expired: 'expired',
  'not yet valid': 'not_yet_valid',
  'another audience': 'audience_mismatch',
};

/** Those that a maker signs with the claims that it was given. */
const GIVEN_CLAIMS = Object.keys(TOKENS).slice(0, Object.keys(TOKENS).indexOf('no kid') + 1);

const PROOFS = {
  RS256: ACCEPTED,
  PS256: ACCEPTED,
  ES256: ACCEPTED,
  ES384: ACCEPTED,
  EdDSA: ACCEPTED,
  Ed25519: ACCEPTED,
  // Not among the algorithms of a proof.
  ES512: 'dpop_proof_algorithm',
  'a private key': 'dpop_proof_key',
};

/** The algorithms of the client assertions (RFC 7523) of this package that a maker verifies. */
const ASSERTIONS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'HS256'],
];

module.exports = { ASSERTIONS, GIVEN_CLAIMS, PROOFS, TOKENS };
