'use strict';

// JWS algorithms: the type of key and its options, the digest, and what `crypto.sign` takes beside the key.
// The test tenant of the package has the table of those that are accepted.

const { ALGORITHMS: TABLE } = require('../../js/testing/keys.js');

/** Every algorithm of contract §4. */
const ACCEPTED = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** Those, and two that are never accepted. */
const ALGORITHMS = {
  ...Object.fromEntries(ACCEPTED.map((alg) => [alg, TABLE.get(alg)])),
  ES256K: { ...TABLE.get('ES256'), options: { namedCurve: 'secp256k1' } },
  Ed448: { ...TABLE.get('EdDSA'), type: 'ed448' },
};

module.exports = { ACCEPTED, ALGORITHMS };
