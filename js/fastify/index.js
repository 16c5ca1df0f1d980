'use strict';

/**
 * @import { FastifyReply } from 'fastify'
 * @import { AnyFastifyRequest } from './index.d.ts'
 * @import { Verdict } from '../core/verdict.js'
 * @import { Reply } from '../http/error-response.js'
 */

const root = require('../index.js');
const certificates = require('../certificates/fastify.js');
const { claimsOf, isAdmitted, isVerdict } = require('../core/verdict.js');
const { authorizationOf } = require('../http/bearer.js');
const { problemDetails } = require('../http/error-response.js');
const { asError, guard, readArguments, requireCall, setClaims } = require('../http/guard.js');

/**
 * @param {unknown} [clientOrOptions]
 * @param {unknown} [requestOptions]
 */
function protectApi(clientOrOptions, requestOptions) {
  const parts = readArguments(clientOrOptions, requestOptions, protectApi);
  /**
   * @param {unknown} [options]
   * @param {unknown[]} request
   */
  return function protect(options, ...request) {
    requireCall(request, protect);
    const { admit, answer } = guard(parts, options, protect);
    /**
     * Fastify passes `done`, which is faster than a promise where nothing has to be waited for. Without it
     * the hook returns the documented promise.
     * @param {AnyFastifyRequest} request
     * @param {FastifyReply} reply
     * @param {() => void} [done]
     */
    return function protectHook(request, reply, done) {
      try {
        const verdict = admit(request, authorizationOf(request.headers));
        if (typeof done !== 'function' || !isAdmitted(verdict)) {
          return settle(verdict, answer, request, reply);
        }
        setClaims(request, claimsOf(verdict));
      } catch (error) {
        // Fastify goes on to the handler where a hook throws `undefined`.
        throw asError(error);
      }
      done();
    };
  };
}

/**
 * @param {Verdict | Promise<Verdict>} pending
 * @param {ReturnType<typeof guard>['answer']} answer
 * @param {AnyFastifyRequest} request
 * @param {FastifyReply} reply
 */
async function settle(pending, answer, request, reply) {
  try {
    const verdict = isVerdict(pending) ? pending : await pending;
    if (!isAdmitted(verdict)) return await refuse(reply, await answer(verdict, request));
    setClaims(request, claimsOf(verdict));
  } catch (error) {
    throw asError(error);
  }
}

/**
 * Answers, and keeps Fastify from going on. A hook's return value does not stop Fastify, only a reply that
 * is sent: where the client is gone before that, the handler would run.
 * @param {FastifyReply} reply
 * @param {Reply} answer
 */
async function refuse(reply, { status, body, headers }) {
  // Something else may have answered meanwhile.
  if (!reply.sent && !reply.raw?.destroyed) {
    reply.status(status);
    for (const [name, value] of headers) reply.header(name, value);
    await reply.send(body);
  }
  if (!reply.sent && typeof reply.hijack === 'function') reply.hijack();
  return reply;
}

// A hook that is given `done` returns nothing; the published type is that of a call without it.
const published = /** @type {typeof import('./index.d.ts').protectApi} */ (protectApi);

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  ...root,
  ...certificates,
  problemDetails,
  protectApi: published,
});
