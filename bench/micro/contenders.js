'use strict';

// Each library as its own documentation uses it, at its best: keys prepared once wherever that is
// documented, the synchronous function where there is one and it is the faster. All check signature,
// issuer, audience, times and algorithm; ../support/tokens.js has the bad tokens that prove it.
//
// `create(terms)` hands back `{ verify, prepare? }`; what `prepare` makes of a token is not measured.
// `many`, where there is one, is what serves 64 at once better. `lacks`: algorithms it can't verify.

const { AUDIENCE } = require('../support/tokens.js');

/** More than any load here has tokens: with fewer entries than that a cache is of no use. */
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
    // A key that was imported once is faster than a remote key set, which has to choose among keys.
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

  // Documented, for whoever does not mind that the tokens themselves are kept.
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
    // The algorithm is checked against that of the key.
    async create({ issuer, jwksUri, jwk }) {
      const { JwtVerifier } = require('aws-jwt-verify');
      const verifier = JwtVerifier.create({ issuer, audience: AUDIENCE, jwksUri });
      verifier.cacheJwks({ keys: [jwk] });
      return { verify: (token) => verifier.verifySync(token) };
    },
  },

  oauth4webapi: {
    packages: ['oauth4webapi'],
    // It takes a Request, which a server of its kind has already: making one is not measured.
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
