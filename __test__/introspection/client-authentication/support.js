'use strict';

// Keys and secrets of clients.

const assert = require('node:assert/strict');

const { MonoCloudValidationError } = require('@monocloud/backend-node');
const { makePair } = require('../../support/tokens.js');

const AUDIENCE = 'https://api.example.com';

/** A private JWK and its public half, each with `alg` and `kid`. */
function makeJwk(alg, kid = `key-${alg}`) {
  // One key is longer than the others.
  const pair = makePair(alg, alg === 'RS512' ? { modulusLength: 3072 } : {});
  const named = (key) => ({ ...key.export({ format: 'jwk' }), kid, alg });
  return { secret: named(pair.privateKey), published: { ...named(pair.publicKey), use: 'sig' } };
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

module.exports = { AUDIENCE, ODD_SECRET, constructionError, makeJwk, privateParts };
