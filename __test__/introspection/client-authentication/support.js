'use strict';

// Keys and secrets of clients.

const assert = require('node:assert/strict');

const { MonoCloudValidationError } = require('@monocloud/backend-node');
const { makePairSync } = require('../../../js/testing/pairs.js');

const AUDIENCE = 'https://api.example.com';

const KEY_KINDS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  RS384: ['rsa', { modulusLength: 2048 }],
  RS512: ['rsa', { modulusLength: 3072 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  PS384: ['rsa', { modulusLength: 2048 }],
  PS512: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519', {}],
  Ed25519: ['ed25519', {}],
};

/** A private JWK and its public half, each with `alg` and `kid`. */
function makeJwk(alg, kid = `key-${alg}`) {
  const { privateKey, publicKey } = makePairSync(...KEY_KINDS[alg]);
  const named = (key) => ({ ...key.export({ format: 'jwk' }), kid, alg });
  return { secret: named(privateKey), published: { ...named(publicKey), use: 'sig' } };
}

/** Everything of a private JWK that nobody may see. */
const privateParts = ({ d, p, q, dp, dq, qi, k }) =>
  [d, p, q, dp, dq, qi, k].filter((part) => part !== undefined);

// With what looks like an escape, and all that a form or a Basic pair would take for its own.
const ODD_SECRET = 'p%41ss:w+rd &=?#"\\/;,~*!%zz%%2B++ \'`^|<>{}[]()@$_-.';

function constructionError(construct) {
  try {
    construct();
  } catch (error) {
    assert.ok(error instanceof MonoCloudValidationError, error.stack);
    return error;
  }
  return assert.fail('it was constructed');
}

module.exports = { AUDIENCE, KEY_KINDS, ODD_SECRET, constructionError, makeJwk, privateParts };
