'use strict';

/**
 * @import { NextFunction, Request, Response } from 'express'
 * @import { Reply } from '../http/error-response.js'
 */

const root = require('../index.js');
const certificates = require('../certificates/express.js');
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
     * @param {Request} request
     * @param {Response} response
     * @param {NextFunction} next
     */
    return async function protectMiddleware(request, response, next) {
      try {
        const pending = admit(request, authorizationOf(request.headers));
        const verdict = isVerdict(pending) ? pending : await pending;
        if (!isAdmitted(verdict)) return refuse(response, await answer(verdict, request));
        setClaims(request, claimsOf(verdict));
      } catch (error) {
        // The application's own: a `json replacer` that throws, `claims` that can't be set.
        return next(asError(error));
      }
      next();
    };
  };
}

/**
 * @param {Response} response
 * @param {Reply} reply
 */
function refuse(response, { status, body, headers }) {
  // The client may be gone, or something else may have answered meanwhile.
  if (response.headersSent || response.writableEnded || response.destroyed) return;
  response.status(status);
  for (const [name, value] of headers) response.set(name, value);
  response.json(body);
}

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  ...root,
  ...certificates,
  problemDetails,
  protectApi,
});
