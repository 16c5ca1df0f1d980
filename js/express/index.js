'use strict';

const root = require('../index.js');
const certificates = require('../certificates/express.js');
const { guard, readArguments, requireCall } = require('../guard.js');

function protectApi(clientOrOptions, requestOptions) {
  const parts = readArguments(clientOrOptions, requestOptions, protectApi);
  return function protect(options, ...request) {
    requireCall(request, protect);
    const admit = guard(parts, options, protect);
    return async function protectMiddleware(request, response, next) {
      const admitted = admit(request, request.headers.authorization);
      const { claims, refusal } = admitted instanceof Promise ? await admitted : admitted;
      if (refusal) return refuse(response, refusal);
      request.claims = claims;
      next();
    };
  };
}

function refuse(response, { status, body, headers }) {
  // The client may have gone, or something else may have answered, while the token was looked at.
  if (response.headersSent || response.writableEnded || response.destroyed) return;
  response.status(status).set(headers).json(body);
}

module.exports = { ...root, ...certificates, protectApi };
