'use strict';

// The answer to a request that is not let through (contract §9, RFC 6750 §3).

const { isRefused, whyOf } = require('../core/verdict.js');
const { MonoCloudHttpError, MonoCloudOPError, MonoCloudTokenError } = require('../errors.js');

/** Seconds after which to try again where the tenant names no time. */
const RETRY_AFTER = 5;

/** A refusal of a request that has no token. */
const NO_TOKEN = { noToken: true };

/**
 * An answer: `status`, `body`, and `headers` as pairs. Each is made anew, because an application may change
 * the body on its way out.
 */
function answer(status, message, headers = []) {
  return { status, body: { message }, headers };
}

function unauthorized(challenge) {
  return answer(401, 'unauthorized', [['WWW-Authenticate', challenge]]);
}

/** The answer to a verdict that does not admit. */
function answerTo(verdict) {
  try {
    return answerToReason(isRefused(verdict) ? whyOf(verdict) : {});
  } catch {
    // What was thrown can't even be looked at: a revoked proxy, say.
    return unauthorized('Bearer error="invalid_token"');
  }
}

function answerToReason(why) {
  if (why.noToken === true) return unauthorized('Bearer');
  const { kind, code, status, reason, retryAfter } = why.failure
    ? ofFailure(why.failure)
    : ofError(why.error);
  switch (kind) {
    case 'token':
      return code === 'insufficient_scope' || code === 'insufficient_groups'
        ? answer(403, 'forbidden', [['WWW-Authenticate', 'Bearer error="insufficient_scope"']])
        : unauthorized('Bearer error="invalid_token"');
    case 'op':
      return answer(500, 'internal server error');
    case 'http':
      return isUnusable(status, reason)
        ? answer(500, 'internal server error')
        : unavailable(retryAfter);
    default:
      return unauthorized('Bearer error="invalid_token"');
  }
}

function ofFailure({ kind, code, raw, reason, retryAfter }) {
  return { kind, code, status: raw?.status, reason, retryAfter };
}

function ofError(error) {
  const { code, status, reason, retryAfter } = Object(error);
  return { kind: kindOf(error), code, status, reason, retryAfter };
}

function kindOf(error) {
  if (error instanceof MonoCloudTokenError) return 'token';
  if (error instanceof MonoCloudOPError) return 'op';
  return error instanceof MonoCloudHttpError ? 'http' : undefined;
}

/** Reasons for which an answer of the tenant can't be used, although it may have no status to show. */
const UNUSABLE = [
  'unexpected_status',
  'unreadable_response',
  'response_too_large',
  'forbidden_url',
];

/** Whether the tenant answered with what can't be used. Any other fault may pass: 503. */
function isUnusable(status, reason) {
  if (status >= 500 || status === 429) return false;
  return typeof status === 'number' || UNUSABLE.includes(reason);
}

function unavailable(retryAfter) {
  const seconds = Number.isInteger(retryAfter) && retryAfter >= 0 ? retryAfter : RETRY_AFTER;
  return answer(503, 'service unavailable', [['Retry-After', String(seconds)]]);
}

module.exports = { NO_TOKEN, answerTo };
