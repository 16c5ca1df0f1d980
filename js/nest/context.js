'use strict';

// The request of a context of Nest's: of a controller, a GraphQL resolver or a WebSocket gateway.

/** @import { ExecutionContext } from '@nestjs/common' */

/**
 * The request of Express, Fastify or Node.js; `undefined` where the context has none (a microservice's message).
 * @param {ExecutionContext} context
 * @returns {any}
 */
function requestOf(context) {
  for (const candidate of candidatesOf(context)) {
    if (typeof candidate?.headers === 'object' && candidate.headers !== null) return candidate;
  }
  return undefined;
}

/**
 * @param {ExecutionContext} context
 * @returns {any[]}
 */
function candidatesOf(context) {
  switch (/** @type {string} */ (context.getType())) {
    case 'http':
      return [context.switchToHttp().getRequest()];
    case 'graphql': {
      // The third argument of a resolver: Apollo and Yoga have `req` in it, Mercurius `reply`.
      const { req, reply, request } = context.getArgByIndex(2) ?? {};
      return [req, reply?.request, request];
    }
    case 'ws': {
      // Socket.IO's socket has the request; that of `ws` has what the gateway's handleConnection() put there.
      return [context.switchToWs().getClient()?.request];
    }
    default:
      return [];
  }
}

/**
 * The response of Express or Fastify, where headers of an answer can be set.
 * @param {ExecutionContext} context
 * @returns {any}
 */
function responseOf(context) {
  return context.getType() === 'http' ? context.switchToHttp().getResponse() : undefined;
}

module.exports = { requestOf, responseOf };
