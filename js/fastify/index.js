'use strict';

const root = require('../index.js');
const certificates = require('../certificates/fastify.js');
const { guard, readArguments, requireCall } = require('../guard.js');

function protectApi(clientOrOptions, requestOptions) {
  const parts = readArguments(clientOrOptions, requestOptions, protectApi);
  return function protect(options, ...request) {
    requireCall(request, protect);
    const admit = guard(parts, options, protect);
    // Fastify hands in `done`, and where nothing is waited for that is quicker than a promise. Whoever
    // calls a hook from one of their own gets the promise that is documented.
    return function protectHook(request, reply, done) {
      const admitted = admit(request, request.headers.authorization);
      if (admitted instanceof Promise || admitted.refusal || typeof done !== 'function') {
        return settle(admitted, request, reply);
      }
      request.claims = admitted.claims;
      done();
    };
  };
}

async function settle(admitted, request, reply) {
  const { claims, refusal } = await admitted;
  if (refusal) return refuse(reply, refusal);
  request.claims = claims;
}

/**
 * Answers, and sees to it that Fastify goes no further. What a hook hands back does not stop it, only
 * a reply that is sent: where the client went before that, the handler would run after all.
 */
async function refuse(reply, { status, body, headers }) {
  // Something else may have answered while the token was looked at.
  if (!reply.sent && !reply.raw.destroyed) await reply.code(status).headers(headers).send(body);
  return reply.sent ? reply : reply.hijack();
}

module.exports = { ...root, ...certificates, protectApi };
