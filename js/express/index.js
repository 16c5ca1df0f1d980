'use strict';

/**
 * @import { NextFunction, Request, Response } from 'express'
 * @import { Reply } from '../http/error-response.js'
 */

const root = require('../index.js');
const certificates = require('../certificates/express.js');
const { claimsOf, isAdmitted, isVerdict } = require('../core/verdict.js');
const { problemDetails } = require('../http/error-response.js');
const { asError, setClaims } = require('../http/guard.js');
const { protectApiOf } = require('../http/protect-api.js');
const { nodeMetadata } = require('../http/serialized.js');
const { adapter } = require('./adapter.js');

const protectApi = protectApiOf(
  adapter,
  ({ admit, answer, headersFor }) => {
    /**
     * @param {Request} request
     * @param {Response} response
     * @param {NextFunction} next
     */
    return async function protectMiddleware(request, response, next) {
      try {
        const pending = admit(request);
        const verdict = isVerdict(pending) ? pending : await pending;
        if (!isAdmitted(verdict)) return refuse(response, await answer(verdict, request));
        setClaims(request, claimsOf(verdict));
        const headers = headersFor(request);
        if (headers !== undefined) setHeaders(response, headers);
      } catch (error) {
        // The application's own: a `json replacer` that throws, `claims` that can't be set.
        return next(asError(error));
      }
      next();
    };
  },
  nodeMetadata,
);

/**
 * @param {Response} response
 * @param {Reply} reply
 */
function refuse(response, { status, body, headers }) {
  // The client may be gone, or something else may have answered meanwhile.
  if (response.headersSent || response.writableEnded || response.destroyed) return;
  response.status(status);
  setHeaders(response, headers);
  response.json(body);
}

/**
 * @param {Response} response
 * @param {Reply['headers']} headers
 */
function setHeaders(response, headers) {
  for (const [name, value] of headers) response.set(name, value);
}

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  ...root,
  ...certificates,
  problemDetails,
  protectApi,
});
