'use strict';

// Each library as its documentation shows it, in its fastest form: keys are prepared once if that is documented,
// and the synchronous function is used if there is one and it is faster. All check signature, issuer, audience,
// times and algorithm, which the bad tokens of ../support/tokens.js verify.
//
// `create(terms)` returns `{ verify, prepare? }`; the time of `prepare` is not measured. `many` is the faster
// form for 64 calls at once. `lacks`: algorithms that the library can't verify.

const { AUDIENCE } = require('../support/tokens.js');

/** More entries than any load here has tokens. */
const FAST_JWT_ENTRIES = 25_000;

const PS = ['PS256', 'PS384', 'PS512'];

function fastJwt({ issuer, alg, pem }, options) {
  const { createVerifier } = require('fast-jwt');
  const allowed = { algorithms: [alg], allowedIss: issuer, allowedAud: AUDIENCE };
  return { verify: createVerifier({ key: pem, ...allowed, ...options }) };
}

const contenders = {
  'this package': {
    packages: [],
    async create({ issuer }) {
      const { MonoCloudBackendNodeClient } = require('../..');
      const client = new MonoCloudBackendNodeClient({ tenantDomain: issuer, audience: AUDIENCE });
      return { verify: (token) => client.validateAccessToken(token) };
    },
  },

  jose: {
    packages: ['jose'],
    // An imported key is faster than a remote key set, which has to choose among keys.
    async create({ issuer, alg, jwk }) {
      const { importJWK, jwtVerify } = await import('jose');
      const key = await importJWK(jwk, alg);
      const options = { issuer, audience: AUDIENCE, algorithms: [alg] };
      return { verify: (token) => jwtVerify(token, key, options) };
    },
  },

  'fast-jwt': {
    packages: ['fast-jwt'],
    create: async (terms) => fastJwt(terms),
  },

  'fast-jwt, cache': {
    packages: ['fast-jwt'],
    create: async (terms) => fastJwt(terms, { cache: FAST_JWT_ENTRIES }),
  },

  // Documented, for programs that may keep the tokens themselves.
  'fast-jwt, cache of raw tokens': {
    packages: ['fast-jwt'],
    create: async (terms) =>
      fastJwt(terms, { cache: FAST_JWT_ENTRIES, cacheKeyBuilder: (token) => token }),
  },

  jsonwebtoken: {
    packages: ['jsonwebtoken'],
    lacks: ['EdDSA'],
    async create({ issuer, alg, pem }) {
      const { createPublicKey } = require('node:crypto');
      const { verify } = require('jsonwebtoken');
      const key = createPublicKey(pem);
      const options = { issuer, audience: AUDIENCE, algorithms: [alg] };
      return { verify: (token) => verify(token, key, options) };
    },
  },

  'aws-jwt-verify': {
    packages: ['aws-jwt-verify'],
    lacks: PS,
    // The algorithm is compared with that of the key.
    async create({ issuer, jwksUri, jwk }) {
      const { JwtVerifier } = require('aws-jwt-verify');
      const verifier = JwtVerifier.create({ issuer, audience: AUDIENCE, jwksUri });
      verifier.cacheJwks({ keys: [jwk] });
      return { verify: (token) => verifier.verifySync(token) };
    },
  },

  oauth4webapi: {
    packages: ['oauth4webapi'],
    // The function takes a Request, which its servers already have; its construction is not measured.
    async create({ issuer, jwksUri, alg }) {
      const oauth = await import('oauth4webapi');
      const server = { issuer, jwks_uri: jwksUri };
      const options = { signingAlgorithms: [alg], [oauth.allowInsecureRequests]: true };
      const prepare = (token) =>
        new Request('https://api.example.com', { headers: { authorization: `Bearer ${token}` } });
      const verify = (request) => oauth.validateJwtAccessToken(server, request, AUDIENCE, options);
      return { verify, prepare };
    },
  },

  '@node-rs/jsonwebtoken': {
    packages: ['@node-rs/jsonwebtoken'],
    lacks: ['ES512'],
    async create({ issuer, alg, pem }) {
      const { verify, verifySync } = require('@node-rs/jsonwebtoken');
      const options = { algorithms: [alg], iss: [issuer], aud: [AUDIENCE], validateNbf: true };
      return {
        verify: (token) => verifySync(token, pem, options),
        many: (token) => verify(token, pem, options),
      };
    },
  },
};

module.exports = { FAST_JWT_ENTRIES, contenders };
