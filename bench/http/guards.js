'use strict';

// The guards: each as its documentation shows it, in its fastest form. `claims` reads the claims from the
// request. All accept RS256 tokens of one issuer for one audience.

const { AUDIENCE } = require('../support/tokens.js');
const { FAST_JWT_ENTRIES } = require('../micro/contenders.js');

const ALGORITHMS = ['RS256'];

/** A middleware with jose, which has none: around the remote key set of its documentation. */
async function withJose({ issuer, jwksUri }) {
  const { createRemoteJWKSet, jwtVerify } = await import('jose');
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const options = { issuer, audience: AUDIENCE, algorithms: ALGORITHMS };
  return async (authorization = '') => {
    const token = authorization.startsWith('Bearer ') ? authorization.slice(7) : '';
    return (await jwtVerify(token, keys, options)).payload;
  };
}

async function fastifyJwtJwks(app, { issuer, jwksUri }, options) {
  const plugin = require('fastify-jwt-jwks');
  await app.register(plugin, { jwksUrl: jwksUri, issuer, audience: AUDIENCE, ...options });
  return { options: { preValidation: app.authenticate }, claims: (request) => request.user };
}

const fastifyJwtChecks = (issuer) => ({
  algorithms: ALGORITHMS,
  allowedIss: issuer,
  allowedAud: AUDIENCE,
  cache: FAST_JWT_ENTRIES,
});

async function fastifyJwt(app, { issuer }) {
  const getJwks = require('get-jwks')({ issuersWhitelist: [issuer] });
  await app.register(require('@fastify/jwt'), {
    decode: { complete: true },
    secret: (_request, { header: { kid, alg }, payload: { iss } }) =>
      getJwks.getPublicKey({ kid, domain: iss, alg }),
    verify: fastifyJwtChecks(issuer),
  });
  const onRequest = (request) => request.jwtVerify();
  return { options: { onRequest }, claims: (request) => request.user };
}

function jwtBearer(keys) {
  const { auth } = require('express-oauth2-jwt-bearer');
  const checks = { audience: AUDIENCE, tokenSigningAlg: 'RS256', dpop: { enabled: false } };
  return { middleware: [auth({ ...keys, ...checks })], claims: (request) => request.auth.payload };
}

const NONE = 'no protection';
const EMPTY = 'an empty async hook';
const OURS = 'this package';

// With a fixed key nothing is fetched, and a rotation needs a restart.

/** `create(app, terms)`: the options of a Fastify route, and where the claims are. */
const fastify = {
  [NONE]: { packages: [], create: async () => ({ options: {} }) },

  [EMPTY]: { packages: [], create: async () => ({ options: { onRequest: async () => {} } }) },

  [OURS]: {
    packages: [],
    async create(_app, { issuer }) {
      const { protectApi } = require('../../js/fastify');
      const protect = protectApi({ tenantDomain: issuer, audience: AUDIENCE });
      return { options: { onRequest: protect() }, claims: (request) => request.claims };
    },
  },

  'fastify-jwt-jwks, cache': {
    packages: ['fastify-jwt-jwks'],
    create: (app, terms) => fastifyJwtJwks(app, terms, { cache: FAST_JWT_ENTRIES }),
  },

  'fastify-jwt-jwks': {
    packages: ['fastify-jwt-jwks'],
    create: (app, terms) => fastifyJwtJwks(app, terms),
  },

  '@fastify/jwt + get-jwks, cache': {
    packages: ['@fastify/jwt', 'get-jwks'],
    create: fastifyJwt,
  },

  '@fastify/jwt, fixed key, cache': {
    packages: ['@fastify/jwt'],
    async create(app, { issuer, pem }) {
      await app.register(require('@fastify/jwt'), {
        secret: { public: pem },
        verify: fastifyJwtChecks(issuer),
      });
      const onRequest = (request) => request.jwtVerify();
      return { options: { onRequest }, claims: (request) => request.user };
    },
  },

  'jose in a hook': {
    packages: ['jose'],
    async create(app, terms) {
      const verify = await withJose(terms);
      app.decorateRequest('claims', null);
      const onRequest = async (request, reply) => {
        try {
          request.claims = await verify(request.headers.authorization);
        } catch {
          return reply.code(401).send({ message: 'unauthorized' });
        }
      };
      return { options: { onRequest }, claims: (request) => request.claims };
    },
  },
};

/** `create(terms)`: the middleware of an Express route, and where the claims are. */
const express = {
  [NONE]: { packages: [], create: async () => ({ middleware: [] }) },

  [EMPTY]: {
    packages: [],
    create: async () => ({
      middleware: [
        async (_request, _response, next) => {
          next();
        },
      ],
    }),
  },

  [OURS]: {
    packages: [],
    async create({ issuer }) {
      const { protectApi } = require('../../js/express');
      const protect = protectApi({ tenantDomain: issuer, audience: AUDIENCE });
      return { middleware: [protect()], claims: (request) => request.claims };
    },
  },

  'express-oauth2-jwt-bearer': {
    packages: ['express-oauth2-jwt-bearer'],
    create: async ({ issuer, jwksUri }) => jwtBearer({ issuer, jwksUri }),
  },

  'express-oauth2-jwt-bearer, fixed key': {
    packages: ['express-oauth2-jwt-bearer'],
    create: async ({ issuer, jwk }) => jwtBearer({ issuer, publicKey: jwk }),
  },

  'jose in a middleware': {
    packages: ['jose'],
    async create(terms) {
      const verify = await withJose(terms);
      const middleware = async (request, response, next) => {
        try {
          request.claims = await verify(request.headers.authorization);
        } catch {
          response.status(401).json({ message: 'unauthorized' });
          return;
        }
        next();
      };
      return { middleware: [middleware], claims: (request) => request.claims };
    },
  },
};

module.exports = { EMPTY, NONE, OURS, guards: { fastify, express } };
