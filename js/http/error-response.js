'use strict';

// Error bodies of the application's own: `errorResponse`, and `problemDetails()` for RFC 9457.

/**
 * @import { ErrorAnswer, ErrorResponse, ProblemDetailsOptions, ProblemResponse } from '../../index.d.ts'
 * @import { Answer, Headers } from '../core/challenge.js'
 */

const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('../core/options-reader.js');
const { refusal } = require('../core/options.js');

const { isArray } = Array;
const { isInteger } = Number;

/** @typedef {{ status: number, body: unknown, headers: Headers }} Reply */

/**
 * The answer that `errorResponse` puts in place of the usual one. What it throws, and what it returns that is
 * no refusal, is an error of the application's for the framework's error handler.
 * @template T
 * @param {ErrorResponse<T>} errorResponse
 * @param {Answer} usual
 * @param {unknown} error
 * @param {T} request
 * @returns {Promise<Reply>}
 */
async function replaced(errorResponse, usual, error, request) {
  /** @type {ErrorAnswer} */
  const copy = { status: usual.status, body: { ...usual.body }, headers: {} };
  for (const [name, value] of usual.headers) copy.headers[name] = String(value);
  const given = await errorResponse(copy, error, request);
  if (given === undefined || given === null) return usual;
  const { status, body, headers } = given;
  if (!isInteger(status) || status < 400 || status > 599) {
    throw new MonoCloudValidationError('errorResponse() must return a "status" from 400 to 599');
  }
  // A 401 without a challenge breaks RFC 9110 §11.6.1: headers are left out only where the function says so.
  return { status, body, headers: pairsOf(headers ?? copy.headers) };
}

/**
 * @param {{}} headers
 * @returns {Headers}
 */
function pairsOf(headers) {
  if (typeof headers !== 'object' || isArray(headers)) {
    throw new MonoCloudValidationError('errorResponse() must return "headers" as an object');
  }
  return Object.entries(headers).map(([name, value]) => [name, String(value)]);
}

/** @type {Record<number, string>} */
const TITLES = {
  401: 'Unauthorized',
  403: 'Forbidden',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/**
 * An `errorResponse` that answers with problem details (RFC 9457 §3).
 * @param {ProblemDetailsOptions} [options]
 * @returns {ProblemResponse}
 */
function problemDetails(options) {
  const { typeBase } = readOptions(options, ['typeBase'], {
    what: 'problemDetails()',
    from: problemDetails,
  });
  if (typeBase !== undefined && typeof typeBase !== 'string') {
    throw refusal('"typeBase" must be a string', problemDetails);
  }
  return function errorResponse({ status, headers }, error) {
    const title = TITLES[status];
    const thrown = /** @type {{ code?: unknown } | null | undefined} */ (error);
    const code = typeof thrown?.code === 'string' ? thrown.code : undefined;
    const type = typeBase === undefined || code === undefined ? 'about:blank' : typeBase + code;
    return {
      status,
      headers: { ...headers, 'Content-Type': 'application/problem+json' },
      body: { type, title, status },
    };
  };
}

module.exports = { problemDetails, replaced };
