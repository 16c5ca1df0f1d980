'use strict';

/**
 * @import { Context, Next } from 'koa'
 * @import { Served } from '../http/resource-metadata.js'
 */

const root = require('../index.js');
const { claimsOf, isAdmitted, isVerdict } = require('../core/verdict.js');
const { headerOf } = require('../http/bearer.js');
const { problemDetails } = require('../http/error-response.js');
const { asError, setClaims } = require('../http/guard.js');
const { protectApiOf } = require('../http/protect-api.js');
const { serialized } = require('../http/serialized.js');
const { absoluteUrl } = require('../http/url.js');

/** @type {import('../http/guard.js').Adapter<Context>} */
const adapter = {
  authorization: ({ req }) => headerOf(req.headers, 'authorization'),
  proof: ({ req }) => headerOf(req.headers, 'dpop'),
  method: ({ method }) => method,
  url: ({ protocol, host, originalUrl }) => absoluteUrl(protocol, host, originalUrl),
};

const protectApi = protectApiOf(
  adapter,
  ({ admit, answer, headersFor }) => {
    /**
     * @param {Context} context
     * @param {Next} next
     */
    return async function protectMiddleware(context, next) {
      try {
        const pending = admit(context);
        const verdict = isVerdict(pending) ? pending : await pending;
        if (!isAdmitted(verdict)) {
          return send(context, serialized(await answer(verdict, context)));
        }
        setClaims(context.state, claimsOf(verdict));
        const headers = headersFor(context);
        if (headers !== undefined) setHeaders(context, headers);
      } catch (error) {
        throw asError(error);
      }
      await next();
    };
  },
  (answerTo) => {
    /**
     * @param {Context} context
     * @param {Next} next
     */
    return async function metadata(context, next) {
      const served = answerTo(context.method, context.originalUrl);
      return served === undefined ? await next() : send(context, served);
    };
  },
);

/**
 * Koa itself writes nothing where the client is gone or something else has answered.
 * @param {Context} context
 * @param {Served} served
 */
function send(context, { status, body, headers }) {
  context.status = status;
  context.body = body;
  setHeaders(context, headers);
}

/**
 * @param {Context} context
 * @param {Served['headers']} headers
 */
function setHeaders(context, headers) {
  for (const [name, value] of headers) context.set(name, value);
}

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  ...root,
  problemDetails,
  protectApi,
});
