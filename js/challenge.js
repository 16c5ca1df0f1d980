'use strict';

// What the API answers to which error (contract §9, RFC 6750 §3).

const { MonoCloudHttpError, MonoCloudOPError, MonoCloudTokenError } = require('./errors.js');

const answer = (status, message, headers = {}) => ({ status, body: { message }, headers });

const challenge = (value) => ({ 'WWW-Authenticate': value });

const NO_TOKEN = answer(401, 'unauthorized', challenge('Bearer'));
const UNAUTHORIZED = answer(401, 'unauthorized', challenge('Bearer error="invalid_token"'));
const FORBIDDEN = answer(403, 'forbidden', challenge('Bearer error="insufficient_scope"'));
const SERVER_ERROR = answer(500, 'internal server error');

/** Seconds after which to try again where nobody has named a time. */
const RETRY_AFTER = 5;

const INSUFFICIENT = new Set(['insufficient_scope', 'insufficient_groups']);

function answerTo(error) {
  try {
    return answerOf(error);
  } catch {
    // What was thrown can't even be looked at: a revoked proxy, say.
    return UNAUTHORIZED;
  }
}

function answerOf(error) {
  if (error instanceof MonoCloudTokenError) {
    return INSUFFICIENT.has(error.code) ? FORBIDDEN : UNAUTHORIZED;
  }
  if (error instanceof MonoCloudOPError) return SERVER_ERROR;
  if (error instanceof MonoCloudHttpError) {
    // The tenant answered, and what it said is about this API's request. All else may pass.
    const refused = error.status >= 400 && error.status < 500 && error.status !== 429;
    if (refused) return SERVER_ERROR;
    const { retryAfter } = error;
    const seconds = Number.isInteger(retryAfter) && retryAfter >= 0 ? retryAfter : RETRY_AFTER;
    return answer(503, 'service unavailable', { 'Retry-After': String(seconds) });
  }
  return UNAUTHORIZED;
}

module.exports = { NO_TOKEN, answerTo };
