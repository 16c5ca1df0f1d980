'use strict';

// node child.js CONTENDER: the time of a process from its first line to the first validated token. Prints the
// milliseconds since the start of the process at each step.

const begun = performance.now();

const contenders = {
  'this package': ({ issuer, audience }) => {
    const { MonoCloudBackendNodeClient } = require('../..');
    return () => {
      const client = new MonoCloudBackendNodeClient({ tenantDomain: issuer, audience });
      return (token) => client.validateAccessToken(token);
    };
  },

  jose: async ({ issuer, jwksUri, audience, alg }) => {
    const { createRemoteJWKSet, jwtVerify } = await import('jose');
    return () => {
      const keys = createRemoteJWKSet(new URL(jwksUri));
      const options = { issuer, audience, algorithms: [alg] };
      return (token) => jwtVerify(token, keys, options);
    };
  },

  'fast-jwt + get-jwks': ({ issuer, audience, alg }) => {
    const { createVerifier } = require('fast-jwt');
    const buildGetJwks = require('get-jwks');
    return () => {
      const getJwks = buildGetJwks({ issuersWhitelist: [issuer] });
      return createVerifier({
        key: ({ header: { kid } }) => getJwks.getPublicKey({ kid, alg, domain: issuer }),
        algorithms: [alg],
        allowedIss: issuer,
        allowedAud: audience,
      });
    };
  },

  'jsonwebtoken + jwks-rsa': ({ issuer, jwksUri, audience, alg }) => {
    const jwt = require('jsonwebtoken');
    const jwksClient = require('jwks-rsa');
    return () => {
      const client = jwksClient({ jwksUri });
      const getKey = ({ kid }, callback) => {
        client.getSigningKey(kid, (error, key) => callback(error, key?.getPublicKey()));
      };
      const options = { issuer, audience, algorithms: [alg] };
      return (token) =>
        new Promise((resolve, reject) => {
          jwt.verify(token, getKey, options, (error, claims) =>
            error ? reject(error) : resolve(claims),
          );
        });
    };
  },

  // It fetches over TLS only, so the keys are passed to it.
  'aws-jwt-verify, no fetch': ({ issuer, jwksUri, audience, jwk }) => {
    const { JwtVerifier } = require('aws-jwt-verify');
    return () => {
      const verifier = JwtVerifier.create({ issuer, audience, jwksUri });
      verifier.cacheJwks({ keys: [jwk] });
      return (token) => verifier.verifySync(token);
    };
  },

  oauth4webapi: async ({ issuer, jwksUri, audience, alg }) => {
    const oauth = await import('oauth4webapi');
    return () => {
      const server = { issuer, jwks_uri: jwksUri };
      const options = { signingAlgorithms: [alg], [oauth.allowInsecureRequests]: true };
      return (token) => {
        const headers = { authorization: `Bearer ${token}` };
        const request = new Request('https://api.example.com', { headers });
        return oauth.validateJwtAccessToken(server, request, audience, options);
      };
    };
  },

  // It has no key sets.
  '@node-rs/jsonwebtoken, no fetch': ({ issuer, audience, alg, pem }) => {
    const { verifySync } = require('@node-rs/jsonwebtoken');
    return () => {
      const options = { algorithms: [alg], iss: [issuer], aud: [audience], validateNbf: true };
      return (token) => verifySync(token, pem, options);
    };
  },

  'as many empty modules': ({ modules }) => {
    require(modules);
    return () => () => ({});
  },
};

const packages = {
  'this package': [],
  jose: ['jose'],
  'fast-jwt + get-jwks': ['fast-jwt', 'get-jwks'],
  'jsonwebtoken + jwks-rsa': ['jsonwebtoken', 'jwks-rsa'],
  'aws-jwt-verify, no fetch': ['aws-jwt-verify'],
  oauth4webapi: ['oauth4webapi'],
  '@node-rs/jsonwebtoken, no fetch': ['@node-rs/jsonwebtoken'],
  'as many empty modules': undefined,
};

async function main(name) {
  const { terms, token } = JSON.parse(process.env.BENCH_STARTUP);
  const create = await contenders[name](terms);
  const loaded = performance.now();
  const verify = create();
  const created = performance.now();
  const claims = await verify(token);
  const ready = performance.now();
  if (!claims) throw new Error('no claims');
  const { rss } = process.memoryUsage();
  const steps = { loaded: loaded - begun, created: created - begun, ready: ready - begun };
  process.stdout.write(JSON.stringify({ begun, ...steps, rss }), () => process.exit());
}

if (require.main === module) main(process.argv[2]);

module.exports = { names: Object.keys(contenders), packages };
