'use strict';

// What the tests of DPoP share: an issuer whose tokens are bound as a test wants, proofs made by hand, and one way to
// say what became of them.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { makeKey, setOf, sign } = require('../support/tokens.js');

const AUDIENCE = 'https://api.example.com';
const METHOD = 'POST';
const TARGET = 'https://api.example.com/posts';

const sha256 = (text) => createHash('sha256').update(text).digest('base64url');
const seconds = () => Math.floor(Date.now() / 1000);

let jtis = 0;
/** Never the same twice in one run of any process. */
const freshJti = () => {
  jtis += 1;
  return `${process.pid}-${Date.now()}-${jtis}`;
};

/** RFC 7638 §3.2 */
const THUMBPRINT_MEMBERS = ['crv', 'e', 'kty', 'n', 'x', 'y'];
const publicJwk = (key) =>
  Object.fromEntries(
    THUMBPRINT_MEMBERS.filter((name) => key.jwk[name] !== undefined).map((name) => [
      name,
      key.jwk[name],
    ]),
  );
const thumbprintOf = (key) => sha256(JSON.stringify(publicJwk(key)));

/** Key pairs by algorithm, made once: those of RSA take their time. */
const holders = new Map();
const holderOf = (alg) => {
  if (!holders.has(alg)) holders.set(alg, makeKey(alg));
  return holders.get(alg);
};

/** An issuer of tokens with the `cnf` that a test wants. */
async function startBinder() {
  const key = makeKey('ES256');
  const { origin: url, close } = await startFaultyTenant({ jwks: setOf(key) });
  const token = (cnf, more) => {
    const now = seconds();
    const claims = { iss: url, aud: AUDIENCE, sub: 'client', iat: now, exp: now + 600, cnf };
    return sign(key, { claims: { ...claims, ...more } });
  };
  const options = { tenantDomain: url, audience: AUDIENCE };
  return {
    close,
    options,
    token,
    /** A token for the holder of a key. */
    boundTo: (holder, more) => token({ jkt: thumbprintOf(holder) }, more),
    clientWith: (more) => new MonoCloudBackendNodeClient({ ...options, ...more }),
  };
}

/** The claims of a good proof for {@link METHOD} and {@link TARGET}. */
const goodClaims = (token) => ({
  jti: freshJti(),
  htm: METHOD,
  htu: TARGET,
  iat: seconds(),
  ath: sha256(token),
});

/** The same as text, with members to add or to replace. */
const claimsText = (token, more) => JSON.stringify({ ...goodClaims(token), ...more });

/**
 * A proof for {@link METHOD} and {@link TARGET}. Header and claims are members to add or to replace (`undefined`
 * removes), or the exact text or bytes of the part; the rest is as for `sign` of ../support/tokens.js.
 */
function proofOf(holder, token, { header = {}, claims = {}, ...more } = {}) {
  const isText = (part) => typeof part === 'string' || Buffer.isBuffer(part);
  return sign(holder, {
    header: isText(header)
      ? header
      : { typ: 'dpop+jwt', kid: undefined, jwk: publicJwk(holder), ...header },
    claims: isText(claims) ? claims : { ...goodClaims(token), ...claims },
    ...more,
  });
}

/** An issuer, a client that takes proofs, and a token of the holder. */
async function startHolder(holder) {
  const issuer = await startBinder();
  const client = issuer.clientWith({ dpop: 'when_present' });
  return { issuer, client, token: issuer.boundTo(holder) };
}

/** The codes of reasons other than `invalid_dpop_proof`. */
const CODES = {
  dpop_required: 'invalid_token',
  dpop_token_not_bound: 'invalid_token',
  dpop_scheme_mismatch: 'invalid_token',
  dpop_key_mismatch: 'invalid_token',
  token_not_bound: 'invalid_token',
  dpop_nonce_missing: 'use_dpop_nonce',
  dpop_nonce_stale: 'use_dpop_nonce',
};

/** `'passed'`, or the reason why a call was refused, whose error has the code that belongs to it. */
async function verdictOf(call) {
  try {
    await call;
    return 'passed';
  } catch (error) {
    const { name, code, reason } = error;
    assert.equal(name, 'MonoCloudTokenError', error.stack);
    if (reason.startsWith('dpop_') || reason === 'token_not_bound') {
      assert.equal(code, CODES[reason] ?? 'invalid_dpop_proof', reason);
    }
    return reason;
  }
}

/** What a client says of a token and a proof for a request. */
const judge = (client, token, proof, { method = METHOD, url = TARGET, ...more } = {}) =>
  verdictOf(client.validateAccessToken(token, { dpop: { proof, method, url }, ...more }));

module.exports = {
  AUDIENCE,
  METHOD,
  TARGET,
  claimsText,
  freshJti,
  holderOf,
  judge,
  proofOf,
  publicJwk,
  seconds,
  sha256,
  startBinder,
  startHolder,
  thumbprintOf,
  verdictOf,
};
