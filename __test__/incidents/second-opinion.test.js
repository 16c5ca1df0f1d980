'use strict';

// `jsonwebtoken` and `jose` asked for their opinion: on tokens that are good, and on thousands that were
// spoiled at random. What this package accepts, one of them has to accept too; what both accept, this
// package refuses only by a rule of its own that is written down.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const jsonwebtoken = require('jsonwebtoken');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { seedOf } = require('../support/random.js');
const { startTally } = require('../support/tally.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { at, setOf } = require('../support/tokens.js');
const { ALGORITHMS, KEYS, RSA, createSpoils } = require('./spoils.js');

// Node.js 18 has it, but not yet under this name, and jose needs it there.
globalThis.crypto ??= crypto.webcrypto;

const tally = startTally('incidents/second-opinion');

const NOW = 1_800_000_000;
const TOLERANCE = 300;
const AUDIENCE = 'https://api.example.com';
const GOOD = 300;
/** SPOILED=100000 for a long run. */
const SPOILED = Number(process.env.SPOILED ?? 2600);
const SEED = seedOf({ long: process.env.SPOILED !== undefined });
/** A slow machine tries fewer of them, unless it was told how many. */
const LONGEST_MS = process.env.SPOILED ? Number.POSITIVE_INFINITY : 10_000;

describe(`second opinions, SEED=${SEED}`, () => {
  let issuer;
  let client;
  let jose;
  let keySet;
  let makeGood;
  let make;
  let spoils;

  before(async () => {
    jose = await import('jose');
    issuer = await startFaultyTenant({ jwks: setOf(...KEYS) });
    client = new MonoCloudBackendNodeClient({ tenantDomain: issuer.origin, audience: AUDIENCE });
    keySet = jose.createLocalJWKSet(setOf(...KEYS));
    const given = { issuer: issuer.origin, audience: AUDIENCE, now: NOW, tolerance: TOLERANCE };
    ({ makeGood, make, spoils } = createSpoils({ seed: SEED, ...given }));
  });
  after(() => issuer.close());

  const ours = (token) =>
    client.validateAccessToken(token).then(
      (claims) => ({ claims }),
      (error) => ({ reason: error.reason ?? error.name }),
    );

  /** With the key that the header names, by the rules of the contract as far as it has them. */
  function jsonwebtokens(token) {
    const find = ({ kid, alg }, done) => {
      const fits = ({ jwk }) => (kid === undefined || jwk.kid === kid) && isFor(jwk, alg);
      const [found, ...more] = KEYS.filter(fits);
      if (found === undefined || more.length > 0) done(new Error('no key'));
      else done(null, found.pair.publicKey);
    };
    const rules = { algorithms: ALGORITHMS, issuer: issuer.origin, audience: AUDIENCE };
    const options = { ...rules, clockTimestamp: NOW, clockTolerance: TOLERANCE };
    return new Promise((resolve) => {
      try {
        jsonwebtoken.verify(token, find, options, (error) => resolve(!error));
      } catch {
        resolve(false);
      }
    });
  }

  const joses = (token) =>
    jose
      .jwtVerify(token, keySet, {
        algorithms: [...ALGORITHMS, 'EdDSA', 'Ed25519'],
        issuer: issuer.origin,
        audience: AUDIENCE,
        currentDate: new Date(NOW * 1000),
        clockTolerance: TOLERANCE,
        requiredClaims: ['exp'],
      })
      .then(
        () => true,
        () => false,
      );

  /** All three opinions, and whether they may differ so. */
  async function compare(token, how, documented = []) {
    tally.inputs += 1;
    const [own, first, second] = await Promise.all([
      ours(token),
      jsonwebtokens(token),
      joses(token),
    ]);
    const accepted = own.claims !== undefined;
    const what = `${how}, SEED=${SEED}: ${own.reason ?? 'accepted'}, jsonwebtoken ${first}, jose ${second}`;
    // The contract has no rule for `iat`. jose wants a number, and is alone where jsonwebtoken does not
    // know the algorithm.
    const { iat } = own.claims ?? {};
    const byIatAlone = iat !== undefined && typeof iat !== 'number';
    if (accepted && !first && !second && !byIatAlone) {
      tally.acceptedWrongly += 1;
      assert.fail(what);
    }
    const byRule =
      documented.includes(own.reason) || (isOurForm(own.reason) && !isCanonical(token));
    if (!accepted && first && second && !byRule) {
      tally.refusedWrongly += 1;
      assert.fail(what);
    }
    return { accepted, first, second };
  }

  it(`good tokens pass everywhere`, async (t) => {
    await at(NOW, async () => {
      let both = 0;
      for (let index = 0; index < GOOD; index += 1) {
        const good = makeGood();
        const { accepted, first, second } = await compare(make(good), 'good');
        assert.ok(second, `jose refuses a good token, SEED=${SEED}`);
        if (good.alg !== 'EdDSA') assert.ok(first, `jsonwebtoken refuses one, SEED=${SEED}`);
        assert.ok(accepted, `a good token is refused, SEED=${SEED}`);
        if (first && second) both += 1;
      }
      t.diagnostic(`${GOOD} good tokens, ${both} of them known to both, SEED=${SEED}`);
    });
  });

  it('what we accept, one of them accepts; what both accept, we refuse only by a rule', async (t) => {
    await at(NOW, async () => {
      const begun = performance.now();
      const names = Object.keys(spoils);
      const seen = Object.fromEntries(names.map((name) => [name, [0, 0]]));
      let tried = 0;
      for (; tried < SPOILED && performance.now() - begun < LONGEST_MS; tried += 1) {
        const name = names[tried % names.length];
        const { token, documented } = spoils[name](makeGood());
        const { accepted } = await compare(token, name, documented);
        seen[name][accepted ? 0 : 1] += 1;
      }
      t.diagnostic(
        `${tried} spoiled tokens, SEED=${SEED}: ${JSON.stringify(seen)} (accepted, refused)`,
      );
      assert.ok(tried >= names.length);
    });
  });
});

/** Whether a JWK is for an algorithm: by what it says, and by its kind. */
function isFor({ kty, crv, alg: own }, alg) {
  const kinds = { RSA: RSA, EC: [{ 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }[crv]] };
  return (own === undefined || own === alg) && (kinds[kty] ?? []).includes(alg);
}

/** Reasons for which a token is refused whose parts are spelled in a way of their own. */
const isOurForm = (reason) =>
  [
    'malformed_header',
    'malformed_payload',
    'invalid_signature',
    'malformed_token',
    'MonoCloudValidationError',
  ].includes(reason);

/** Whether each part of a token is spelled as RFC 7515 §2 has it, so that nothing else means the same. */
const isCanonical = (token) =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
