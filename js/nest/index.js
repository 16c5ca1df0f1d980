'use strict';

/**
 * @import { ExecutionContext } from '@nestjs/common'
 * @import { Reply } from '../http/error-response.js'
 */

const root = require('../index.js');
const { claimsOf, isAdmitted, isVerdict } = require('../core/verdict.js');
const { adapter: express } = require('../express/adapter.js');
const { adapter: fastify } = require('../fastify/adapter.js');
const { problemDetails } = require('../http/error-response.js');
const { asError, setClaims } = require('../http/guard.js');
const { protectApiOf } = require('../http/protect-api.js');
const { nodeMetadata } = require('../http/serialized.js');
const { requestOf, responseOf } = require('./context.js');

/** Loaded when it is needed. */
const nest = () => require('@nestjs/common');

/** @type {import('../http/guard.js').Adapter<any>} */
const adapter = {
  ...express,
  // Express's request has no member `raw`.
  url: (request) => (request.raw === undefined ? express : fastify).url(request),
};

/** What is answered where a context has no request, whatever the route allows. */
const NO_REQUEST = { status: 401, body: { message: 'unauthorized' }, headers: [] };

const protectApi = protectApiOf(
  adapter,
  ({ admit, answer, headersFor }) => ({
    /** @param {ExecutionContext} context */
    async canActivate(context) {
      const request = requestOf(context);
      if (request === undefined) throw exceptionOf(NO_REQUEST);
      let refusal;
      try {
        const pending = admit(request);
        const verdict = isVerdict(pending) ? pending : await pending;
        if (isAdmitted(verdict)) {
          setClaims(request, claimsOf(verdict));
          const headers = headersFor(request);
          if (headers !== undefined) setHeaders(context, headers);
          return true;
        }
        refusal = await answer(verdict, request);
        setHeaders(context, refusal.headers);
      } catch (error) {
        throw asError(error);
      }
      throw exceptionOf(refusal);
    },
  }),
  nodeMetadata,
);

/** @param {Reply} reply */
function exceptionOf({ status, body }) {
  const { HttpException } = nest();
  // Nest sends an object as it is.
  return new HttpException(/** @type {object} */ (body), status);
}

/**
 * @param {ExecutionContext} context
 * @param {Reply['headers']} headers
 */
function setHeaders(context, headers) {
  const response = responseOf(context);
  if (response === undefined || response.headersSent || response.sent) return;
  for (const [name, value] of headers) response.header(name, value);
}

/** @type {((property?: string) => ParameterDecorator) | undefined} */
let decorator;

/** @param {string} [property] */
function Claims(property) {
  decorator ??= nest().createParamDecorator(claimOf);
  return decorator(property);
}

/**
 * @param {unknown} property
 * @param {ExecutionContext} context
 */
function claimOf(property, context) {
  const claims = requestOf(context)?.claims;
  return typeof property === 'string' ? claims?.[property] : claims;
}

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  ...root,
  Claims,
  problemDetails,
  protectApi,
});
