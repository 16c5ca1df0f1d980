'use strict';

// The steps of the Fastify hook of this package, each with all before it, to see which takes how long. They guard
// nothing: a token that is refused passes.

const bridge = require('../../js/core/bridge.js');
const { now } = require('../../js/core/clock.js');
const { describeAll, readClientOptions, readEnvironment } = require('../../js/core/options.js');
const { readRoute } = require('../../js/core/requirements.js');
const { adapter } = require('../../js/fastify/adapter.js');
const { bearerToken } = require('../../js/http/bearer.js');
const { AUDIENCE } = require('../support/tokens.js');

/** The function of the core that validates a token, and the client that it is of. */
function coreOf({ issuer }) {
  const options = { tenantDomain: issuer, audience: AUDIENCE };
  const values = readClientOptions(options, { what: 'options', from: coreOf });
  const client = bridge.createClient(
    false,
    describeAll(values),
    undefined,
    readEnvironment(false),
    {},
  );
  return {
    client,
    validate: client.validateFunction(readRoute(undefined, coreOf).requirements.native),
  };
}

/** `create(app, terms)`, as in guards.js. */
const STAGES = {
  'a hook that does nothing': {
    create: async () => ({ options: { onRequest: (_request, _reply, done) => done() } }),
  },

  'the token read from the header': {
    create: async () => ({
      options: {
        onRequest(request, _reply, done) {
          if (bearerToken(adapter.authorization(request)) === undefined)
            throw new Error('no token');
          done();
        },
      },
    }),
  },

  "the core's verdict, without claims": {
    async create(_app, terms) {
      const { client, validate } = coreOf(terms);
      const kept = new Set();
      return {
        options: {
          onRequest(request, _reply, done) {
            const token = bearerToken(adapter.authorization(request));
            const ticket = bridge.nextTicket();
            const outcome = validate(token, now(), ticket);
            if (outcome === null) return void bridge.outcomeOf(ticket, {}).then(() => done());
            // From now on the number is enough for this token.
            if (typeof outcome === 'number' && !kept.has(outcome)) {
              client.setKept(outcome, true);
              kept.add(outcome);
            }
            done();
          },
        },
      };
    },
  },
};

module.exports = { STAGES };
