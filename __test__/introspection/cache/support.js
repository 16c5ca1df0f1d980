'use strict';

// A cache that writes down what it is asked, and a tenant whose introspection endpoint knows the tokens of a test.

const { after, afterEach, before, beforeEach, describe } = require('node:test');
const assert = require('node:assert/strict');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');

const { MonoCloudBackendNodeClient, MonoCloudTokenError } = require('@monocloud/backend-node');
const { sendJson, startFaultyTenant } = require('../../support/faulty-tenant.js');
const { assertClean, failureOf } = require('../../support/introspection.js');

const CREDENTIALS = { clientId: 'api', clientSecret: 'secret' };
const AUDIENCE = 'https://api.example.com';
const TIMEOUT = 100;
/** What a machine under load may take on top of it. */
const SLACK = 3000;
const never = () => new Promise(() => {});
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A user's cache: a Map that writes down what it is asked. `expiresAt` is for it to honour. */
function createCache({ store = new Map(), obedient = true } = {}) {
  const calls = [];
  return {
    store,
    calls,
    async get(token) {
      calls.push(['get', token]);
      const entry = store.get(token);
      if (entry === undefined) return undefined;
      if (obedient && entry.expiresAt <= Date.now() / 1000) return undefined;
      return entry.claims;
    },
    async set(token, claims, expiresAt) {
      calls.push(['set', token, claims, expiresAt]);
      store.set(token, { claims, expiresAt });
    },
    async delete(token) {
      calls.push(['delete', token]);
      store.delete(token);
    },
    /** The names of the calls since the last look. */
    names: () => calls.splice(0).map(([name]) => name),
    /** As if a stranger had written into it. */
    plant: (token, claims, expiresAt = nowSeconds() + 3600) =>
      store.set(token, { claims, expiresAt }),
  };
}

/** Both kinds of token, and how many of one's own requests each of its validations costs. */
const KINDS = [
  {
    kind: 'an opaque token',
    options: CREDENTIALS,
    make: (tenant, claims) => {
      const token = `opaque ${Math.random()}`;
      tenant.known.set(token, { ...tenant.claims(), ...claims });
      return token;
    },
    asked: (tenant) => tenant.requests.introspection,
  },
  {
    kind: 'a JWT that is introspected',
    options: { ...CREDENTIALS, introspectJwtTokens: true },
    make: (tenant, claims) => {
      const token = tenant.token({ jti: Math.random() });
      tenant.known.set(token, { ...tenant.claims(), ...claims });
      return token;
    },
    asked: (tenant) => tenant.requests.introspection,
  },
  {
    kind: 'a JWT',
    options: {},
    make: (tenant, claims) => tenant.token({ jti: Math.random(), ...claims }),
    // Keys at hand, nobody is asked.
    asked: () => 0,
  },
];

/**
 * A suite for each kind of token. `define(suite)` adds its tests: `suite.tenant` and `suite.cache` are what
 * `suite.clientFor` uses, `suite.faults` what the channel of cache faults has told.
 */
function suites(define) {
  for (const { kind, options, make, asked } of KINDS) {
    const introspected = options.clientId !== undefined;
    describe(`a cache and ${kind}`, () => {
      const suite = { tenant: undefined, cache: undefined, faults: [] };

      const onFault = (message) => suite.faults.push(message);

      before(async () => {
        suite.tenant = await startFaultyTenant();
        suite.tenant.known = new Map();
        const introspect = async (request, response) => {
          const chunks = [];
          for await (const chunk of request) chunks.push(chunk);
          const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('token');
          const claims = suite.tenant.known.get(token);
          sendJson(response, claims ? { active: true, ...claims } : { active: false });
        };
        suite.tenant.introspect = introspect;
      });
      beforeEach(() => {
        suite.cache = createCache();
        suite.faults = [];
        subscribe('@monocloud/backend-node:cache-fault', onFault);
        suite.tenant.on('introspection', suite.tenant.introspect);
      });
      afterEach(() => unsubscribe('@monocloud/backend-node:cache-fault', onFault));
      after(() => suite.tenant?.close());

      const clientFor = (more) =>
        new MonoCloudBackendNodeClient(
          suite.tenant.options({ ...options, cache: suite.cache, ...more }),
        );

      /** How many times the tenant is asked about a token while `work` runs. */
      async function costs(expected, work) {
        const before = asked(suite.tenant);
        const result = await work();
        assert.equal(asked(suite.tenant) - before, introspected ? expected : 0, 'requests');
        return result;
      }

      /** A token that does not pass, and why. */
      async function refused(client, token, reason, route) {
        const error = await failureOf(() => client.validateAccessToken(token, route));
        assert.ok(error instanceof MonoCloudTokenError, error.stack);
        assert.equal(error.reason, reason);
        assertClean(error, [token]);
        return error;
      }
      define(Object.assign(suite, { options, make, introspected, clientFor, costs, refused }));
    });
  }
}

module.exports = { AUDIENCE, CREDENTIALS, SLACK, TIMEOUT, createCache, never, nowSeconds, suites };
