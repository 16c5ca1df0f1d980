'use strict';

// The request of a context of Nest's: of a controller, a GraphQL resolver or a WebSocket gateway.

/** @import { ExecutionContext } from '@nestjs/common' */

/**
 * Read by index: switchToHttp() writes functions into the context for each call.
 *
 * The request of Express, Fastify or Node.js; `undefined` where the context has none (a microservice's message).
 * @param {ExecutionContext} context
 * @returns {any}
 */
function requestOf(context) {
  switch (/** @type {string} */ (context.getType())) {
    case 'http':
      return ifRequest(context.getArgByIndex(0));
    case 'graphql': {
      // The third argument of a resolver: Apollo and Yoga have `req` in it, Mercurius `reply`.
      const { req, reply, request } = context.getArgByIndex(2) ?? {};
      return ifRequest(req) ?? ifRequest(reply?.request) ?? ifRequest(request);
    }
    case 'ws':
      // Socket.IO's socket has the request; that of `ws` has what the gateway's handleConnection() put there.
      return ifRequest(context.getArgByIndex(0)?.request);
    default:
      return undefined;
  }
}

/** @param {any} value */
function ifRequest(value) {
  return typeof value?.headers === 'object' && value.headers !== null ? value : undefined;
}

/**
 * The response of Express or Fastify, where headers of an answer can be set.
 * @param {ExecutionContext} context
 * @returns {any}
 */
function responseOf(context) {
  return context.getType() === 'http' ? context.getArgByIndex(1) : undefined;
}

module.exports = { requestOf, responseOf };
