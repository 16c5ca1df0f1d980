'use strict';

// Each library as its documentation shows it, with the options that it recommends for outages and rotations.
// `cacheSeconds`: how long keys are fresh; by default, the library's own duration. All accept RS256 tokens of
// one issuer for one audience only.

const HOUR = 3_600_000;

const milliseconds = (seconds, name) => (seconds ? { [name]: seconds * 1000 } : {});

const contenders = {
  'this package': {
    packages: [],
    async create({ issuer, audience, cacheSeconds }) {
      const { MonoCloudBackendNodeClient } = require('../..');
      const client = new MonoCloudBackendNodeClient({
        tenantDomain: issuer,
        audience,
        // Both durations, because their defaults are equal, too.
        jwksCacheDuration: cacheSeconds,
        metadataCacheDuration: cacheSeconds,
      });
      return (token) => client.validateAccessToken(token);
    },
  },

  jose: {
    packages: ['jose'],
    async create({ issuer, jwksUri, audience, cacheSeconds }) {
      const { createRemoteJWKSet, jwtVerify } = await import('jose');
      const options = milliseconds(cacheSeconds, 'cacheMaxAge');
      const keys = createRemoteJWKSet(new URL(jwksUri), options);
      return (token) => jwtVerify(token, keys, { issuer, audience });
    },
  },

  'jwks-rsa': {
    packages: ['jwks-rsa', 'jsonwebtoken'],
    // EXAMPLES.md: "Caching", "Rate Limiting", "Graceful Degradation during JWKS Endpoint Downtime".
    async create({ issuer, jwksUri, audience, cacheSeconds }) {
      const jwksClient = require('jwks-rsa');
      const jwt = require('jsonwebtoken');
      const client = jwksClient({
        jwksUri,
        cache: true,
        cacheMaxAgeFallback: HOUR,
        rateLimit: true,
        ...milliseconds(cacheSeconds, 'cacheMaxAge'),
      });
      const getKey = (header, callback) => {
        client.getSigningKey(header.kid, (error, key) => callback(error, key?.getPublicKey()));
      };
      const options = { issuer, audience, algorithms: ['RS256'] };
      return (token) =>
        new Promise((resolve, reject) => {
          jwt.verify(token, getKey, options, (error, claims) =>
            error ? reject(error) : resolve(claims),
          );
        });
    },
  },

  'get-jwks': {
    packages: ['get-jwks', 'fast-jwt'],
    // README.md: "Integration Examples", "fast-jwt". With a path, it does not fetch the discovery document.
    async create({ issuer, jwksUri, audience, cacheSeconds }) {
      const { createVerifier } = require('fast-jwt');
      const getJwks = require('get-jwks')({
        issuersWhitelist: [issuer],
        jwksPath: new URL(jwksUri).pathname,
        ...milliseconds(cacheSeconds, 'ttl'),
      });
      return createVerifier({
        key: ({ header }) =>
          getJwks.getPublicKey({ kid: header.kid, alg: header.alg, domain: issuer }),
        algorithms: ['RS256'],
        allowedIss: issuer,
        allowedAud: audience,
      });
    },
  },

  'aws-jwt-verify': {
    packages: ['aws-jwt-verify'],
    // Caches keys without an end; it has no option for a duration.
    async create({ issuer, jwksUri, audience }) {
      const { JwtVerifier } = require('aws-jwt-verify');
      const verifier = JwtVerifier.create({ issuer, audience, jwksUri });
      return (token) => verifier.verify(token);
    },
  },
};

module.exports = { contenders };
