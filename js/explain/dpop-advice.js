'use strict';

// What to change where a request stopped at its DPoP proof, or for want of one (RFC 9449).

/** @import { Step } from './advice.js' */

/** @param {unknown} value */
const quote = (value) => JSON.stringify(value ?? null);

/** @type {Record<string, string | undefined>} */
const BY_REASON = {
  dpop_required:
    'It is bound to a DPoP key: have the client send it with the scheme DPoP and a proof',
  dpop_token_not_bound:
    'It is bound to no DPoP key: have the client send a proof to the token endpoint, too',
  token_not_bound: 'Have the client get its token over mutual TLS, or with a DPoP proof',
  dpop_scheme_mismatch: 'Have the client send it with the scheme DPoP, as it sends a proof',
  dpop_key_mismatch: 'Have the client sign proofs with the key that it got the token with',
  dpop_proof_missing: 'Have the client send a header DPoP with each request',
  dpop_proof_repeated: 'Have the client send one DPoP header: a proxy may have added another',
  dpop_proof_malformed: 'The DPoP header is not one compact JWT: look for what cuts or alters it',
  dpop_proof_key: 'Its "jwk" must be the public key alone, of 2048 bits for RSA, and fit its "alg"',
  dpop_token_hash_mismatch:
    'Have the client make the proof with the "ath" of this token: it was made for another one',
  dpop_proof_signature: 'It was altered on its way, or is signed with another key than its "jwk"',
  dpop_nonce_missing: 'Have the client repeat the request with the nonce in DPoP-Nonce',
  dpop_nonce_stale: 'Have the client repeat the request with the nonce in DPoP-Nonce',
};

/** @param {Step} step */
function dpopAdvice({ failure: { reason = '' }, found, expected }) {
  switch (reason) {
    case 'dpop_proof_type':
      return `Its "typ" is ${quote(found)}: it must be "dpop+jwt"`;
    case 'dpop_proof_algorithm':
      return `It is signed with ${quote(found)}: accepted are ${expected.join(', ')}`;
    case 'dpop_proof_claims': {
      const missing = expected.filter((/** @type {string} */ name) => !found.includes(name));
      return missing.length === 0
        ? 'One of its claims is of the wrong type, or "jti" has more than 256 bytes'
        : `It lacks ${missing.map(quote).join(', ')}`;
    }
    case 'dpop_method_mismatch':
      return `It is for the method ${quote(found)}, and the request has ${quote(expected)}`;
    case 'dpop_url_mismatch':
      return `It is for ${quote(found)}, and the request came to ${quote(expected)}: behind a proxy, set the framework's trust in it, or dpop.origin`;
    case 'dpop_proof_expired':
      return `It is ${seconds(expected.now + expected.clockSkew - found)} old, and dpop.maxAge allows ${seconds(expected.maxAge)}: have the client make a proof for each request; if it does, a clock is wrong`;
    case 'dpop_proof_not_yet_valid':
      return `It is from ${seconds(found - expected.now - expected.clockSkew)} in the future: a clock is wrong`;
    default:
      return BY_REASON[reason];
  }
}

/** @param {number} count */
function seconds(count) {
  return `${Math.round(count)} seconds`;
}

module.exports = { dpopAdvice };
