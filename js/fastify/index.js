'use strict';

/**
 * @import { FastifyInstance, FastifyReply } from 'fastify'
 * @import { AnyFastifyRequest } from './index.d.ts'
 * @import { Verdict } from '../core/verdict.js'
 * @import { Reply } from '../http/error-response.js'
 * @import { Admission, Guard } from '../http/guard.js'
 * @import { MetadataAnswers } from '../http/resource-metadata.js'
 */

const root = require('../index.js');
const certificates = require('../certificates/fastify.js');
const { claimsOf, isAdmitted, isVerdict } = require('../core/verdict.js');
const { problemDetails } = require('../http/error-response.js');
const { asError, setClaims } = require('../http/guard.js');
const { protectApiOf } = require('../http/protect-api.js');
const { adapter, targetOf } = require('./adapter.js');

const protectApi = protectApiOf(
  adapter,
  (route) => {
    /**
     * Fastify passes `done`, which is faster than a promise where nothing has to be waited for. Without it
     * the hook returns the documented promise.
     * @param {AnyFastifyRequest} request
     * @param {FastifyReply} reply
     * @param {() => void} [done]
     */
    return function protectHook(request, reply, done) {
      try {
        const verdict = route.admit(request);
        if (typeof done !== 'function' || !isAdmitted(verdict)) {
          return settle(route, verdict, request, reply);
        }
        admitted(route, verdict, request, reply);
      } catch (error) {
        // Fastify goes on to the handler where a hook throws `undefined`.
        throw asError(error);
      }
      done();
    };
  },
  metadataOf,
);

/**
 * @param {Guard<AnyFastifyRequest>} route
 * @param {Verdict | Promise<Verdict>} pending
 * @param {AnyFastifyRequest} request
 * @param {FastifyReply} reply
 */
async function settle(route, pending, request, reply) {
  try {
    const verdict = isVerdict(pending) ? pending : await pending;
    if (!isAdmitted(verdict)) return await refuse(reply, await route.answer(verdict, request));
    admitted(route, verdict, request, reply);
  } catch (error) {
    throw asError(error);
  }
}

/**
 * @param {Guard<AnyFastifyRequest>} route
 * @param {Admission} verdict
 * @param {AnyFastifyRequest} request
 * @param {FastifyReply} reply
 */
function admitted({ headersFor }, verdict, request, reply) {
  setClaims(request, claimsOf(verdict));
  const headers = headersFor(request);
  if (headers !== undefined) setHeaders(reply, headers);
}

/** @param {MetadataAnswers} answerTo */
function metadataOf(answerTo) {
  /**
   * An `onRequest` hook, or the handler of a route.
   * @param {AnyFastifyRequest} request
   * @param {FastifyReply} reply
   * @param {() => void} [done]
   */
  return function metadata(request, reply, done) {
    const served = answerTo(request.method, targetOf(request));
    if (served === undefined) return done === undefined ? reply.callNotFound() : done();
    setHeaders(reply.status(served.status), served.headers);
    reply.send(served.body);
  };
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
    setHeaders(reply, headers);
    await reply.send(body);
  }
  if (!reply.sent && typeof reply.hijack === 'function') reply.hijack();
  return reply;
}

/**
 * @param {FastifyReply} reply
 * @param {Reply['headers']} headers
 */
function setHeaders(reply, headers) {
  for (const [name, value] of headers) reply.header(name, value);
}

/**
 * Fastify's plugin form. Its options are those of `protectApi`, or a `client` with the resolvers.
 * @param {FastifyInstance} fastify
 * @param {object} options
 */
async function protectPlugin(fastify, options) {
  // Object.prototype may have a `client`.
  const { client, ...others } = { __proto__: null, client: undefined, ...options };
  const protect = client === undefined ? protectApi(others) : protectApi(client, others);
  fastify.decorateRequest('claims', undefined);
  fastify.decorate('protect', protect);
}
// The decorations are those of the instance that registers the plugin, not of a scope of its own.
Object.assign(protectPlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@monocloud/backend-node',
});

// A hook that is given `done` returns nothing; the published type is that of a call without it.
const published = /** @type {typeof import('./index.d.ts').protectApi} */ (protectApi);

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  ...root,
  ...certificates,
  problemDetails,
  protectApi: published,
  protectPlugin,
});
