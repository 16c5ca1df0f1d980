'use strict';

const root = require('../index.js');
const { guard, readArguments } = require('../guard.js');

function protectApi(clientOrOptions, requestOptions) {
  const parts = readArguments(clientOrOptions, requestOptions);
  return function protect(options) {
    const admit = guard(parts, options);
    return async function protectHook(request, reply) {
      const { claims, refusal } = await admit(request, request.headers.authorization);
      if (refusal) return refuse(reply, refusal);
      request.claims = claims;
    };
  };
}

function refuse(reply, { status, body, headers }) {
  // The client may have gone, or something else may have answered, while the token was looked at.
  // Handing back the reply tells Fastify that it is not to go on in any of these cases.
  if (!reply.sent && !reply.raw.destroyed) reply.code(status).headers(headers).send(body);
  return reply;
}

module.exports = { ...root, protectApi };
