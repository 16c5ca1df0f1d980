'use strict';

// One case, three ways in: each says its token and its reason once, and `validateAccessToken`, Express
// and Fastify have to agree on it.

const assert = require('node:assert/strict');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { assertAnswer, rowOf } = require('../support/answers.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { guarded } = require('../support/guarded.js');
const { raw } = require('../support/http.js');
const { setOf, sign } = require('../support/tokens.js');

const KIB = 1024;

const token = { name: 'MonoCloudTokenError', code: 'invalid_token' };
const http = { name: 'MonoCloudHttpError', code: undefined };

/** What a reason comes with where it is no `invalid_token`. */
const REASONS = {
  missing_scopes: { ...token, code: 'insufficient_scope' },
  missing_groups: { ...token, code: 'insufficient_groups' },
  inactive: { ...token, code: 'inactive_token' },
  inactive_or_client_not_permitted: { ...token, code: 'inactive_token' },
  forbidden_url: http,
  unreadable_response: http,
  unexpected_status: http,
  response_too_large: http,
};

/** In place of a reason: an opaque token, and nobody is configured to ask about it. */
const NOT_CONFIGURED = Symbol('clientId is required');

const expectationOf = (reason) =>
  reason === NOT_CONFIGURED
    ? { name: 'MonoCloudValidationError', code: undefined, reason: undefined }
    : { ...(REASONS[reason] ?? token), reason };

/** The claims that an introspection answer comes to: a member that is null counts as absent. */
const claimsOfAnswer = (text) =>
  Object.fromEntries(Object.entries(JSON.parse(text)).filter(([, value]) => value !== null));

const answerText = (text) => (_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(text);
};

/**
 * A tenant, a client of it, and four guarded APIs.
 *
 * @param {object} tally of ../support/tally.js
 * @param {object} [setup]
 * @param {object[]} [setup.keys] of ../support/tokens.js, in place of the tenant's own
 * @param {object} [setup.options] for the client and for `protectApi`; a function gets the tenant
 * @param {object} [setup.routes] what each path asks for; `/` asks for nothing
 * @param {Function} [setup.handler] of every route, where the claims are not to be sent back
 * @param {boolean} [setup.latest] the latest majors of the frameworks only
 */
async function openHouse(tally, { keys, options = {}, routes = {}, handler, latest } = {}) {
  const tenant = await startFaultyTenant();
  // A house that was never finished must not hang the run.
  tenant.server.unref();
  const more = typeof options === 'function' ? options(tenant) : options;
  const paths = { '/': undefined, ...routes };
  if (keys) tenant.on('jwks', (_request, response) => sendJson(response, setOf(...keys)));
  const configured = tenant.options(more);
  const client = new MonoCloudBackendNodeClient(configured);

  // A header holds visible ASCII; any other token has to come by a resolver.
  let resolved;
  const tokenResolver = () => resolved;
  const errors = [];
  const served = latest ? guarded.filter(({ name }) => name.endsWith('5')) : guarded;
  const apis = await Promise.all(
    served.map(async ({ name, protectApi, start }) => {
      const protect = protectApi({ ...configured, tokenResolver });
      const list = Object.entries(paths).map(([path, asked]) => ({
        path,
        options: asked,
        handler,
      }));
      const ends = { after() {} };
      const api = await start(ends, protect, list, { http: { maxHeaderSize: 128 * KIB } });
      errors.push(api.errors);
      return { name, ...api };
    }),
  );

  async function ask({ url }, text, path) {
    const fits = /^[\x21-\x7e]+$/.test(text) && text.length < 64 * KIB;
    const headers = fits ? [['Authorization', `Bearer ${text}`]] : [];
    return raw(new URL(path, url).href, { headers });
  }

  const house = {
    tenant,
    client,
    apis,
    errors,
    claims: (changes) => ({ ...tenant.claims(), ...changes }),
    /** The claims as text, with more members at their end, written as they are. */
    claimsText: (members, changes) =>
      JSON.stringify(house.claims(changes)).replace(/}$/, `,${members}}`),
    /** A token of a key, with the tenant's claims unless `parts` has others. */
    sign: (key, parts = {}) => sign(key, { claims: tenant.claims(), ...parts }),
    /** Lets an endpoint answer with exactly this text. */
    serve: (endpoint, text) => tenant.on(endpoint, answerText(text)),

    /** Both kinds of answer to a token, from everybody. */
    async answers(text, path = '/') {
      const settled = client.validateAccessToken(text, paths[path]).then(
        (claims) => ({ claims }),
        (error) => ({ error }),
      );
      resolved = text;
      try {
        const responses = await Promise.all(apis.map((api) => ask(api, text, path)));
        return { ...(await settled), responses };
      } finally {
        resolved = undefined;
      }
    },

    /** Everybody refuses it, and for this reason. */
    async refuses(text, reason, { note = '', path } = {}) {
      tally.inputs += 1;
      const expected = expectationOf(reason);
      const row = rowOf(expected);
      const { error, claims, responses } = await house.answers(text, path);
      if (claims !== undefined || responses.some(({ status }) => status === 200)) {
        tally.acceptedWrongly += 1;
        assert.fail(`accepted: ${note}`);
      }
      const seen = { name: error.name, code: error.code, reason: error.reason };
      assert.deepEqual(seen, expected, `${note}: ${error.message}`);
      assert.ok(text.length < 20 || !error.stack.includes(text), `the error shows it: ${note}`);
      responses.forEach((response, index) => {
        assertAnswer(response, row, `${note} ${apis[index].name}`);
      });
      assert.deepEqual(errors.flat(), [], note);
    },

    /** Everybody accepts it, with these claims, or with those that it says itself. */
    async accepts(text, expected, { note = '', path } = {}) {
      tally.inputs += 1;
      const own = () => JSON.parse(Buffer.from(text.split('.')[1], 'base64url'));
      const { error, claims, responses } = await house.answers(text, path);
      if (error !== undefined || responses.some(({ status }) => status !== 200)) {
        tally.refusedWrongly += 1;
        const statuses = responses.map(({ status }) => status).join();
        assert.fail(`refused: ${note} ${error?.reason} ${error?.message} ${statuses}`);
      }
      const wanted = expected ?? own();
      assert.deepEqual(claims, wanted, note);
      for (const { json } of responses) {
        // What a number or a lone surrogate becomes on its way through JSON.
        assert.deepEqual(json.claims, JSON.parse(JSON.stringify(wanted)), note);
      }
      return { claims, responses };
    },

    async close() {
      await Promise.all(apis.map((api) => api.close()));
      await tenant.close();
    },
  };
  return house;
}

/**
 * Runs `work` in a house of its own: a tenant that nobody has met before. There are hundreds of them,
 * so that each has but one major of each framework.
 */
async function inHouse(tally, setup, work) {
  const house = await openHouse(tally, { latest: true, ...setup });
  try {
    return await work(house);
  } finally {
    await house.close();
  }
}

/** `describe` for the tests of one house, which is there in each as `house()`. */
function suiteHouse({ before, after }, tally, setup) {
  let house;
  before(async () => {
    house = await openHouse(tally, typeof setup === 'function' ? setup() : setup);
  });
  after(() => house?.close());
  return () => house;
}

module.exports = { NOT_CONFIGURED, answerText, claimsOfAnswer, inHouse, openHouse, suiteHouse };
