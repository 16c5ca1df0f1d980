'use strict';

// The answer to a request that is not let through (contract §9, RFC 6750 §3).

const { isRefused, whyOf } = require('../core/verdict.js');
const { MonoCloudHttpError, MonoCloudOPError, MonoCloudTokenError } = require('../errors.js');

/** Seconds after which to try again where the tenant names no time. */
const RETRY_AFTER = 5;

/** Why a request without token is refused. */
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

/** The answer to a verdict that does not admit, on a route with these requirements. */
function answerTo(verdict, requirements) {
  try {
    return answerToReason(isRefused(verdict) ? whyOf(verdict) : {}, requirements);
  } catch {
    // What was thrown can't even be looked at: a revoked proxy, say.
    return unauthorized('Bearer error="invalid_token"');
  }
}

function answerToReason(why, requirements) {
  if (why === NO_TOKEN) return unauthorized('Bearer');
  const about = why.failure ? ofFailure(why.failure) : ofError(why.error);
  switch (about.kind) {
    case 'token':
      return answerToToken(about.code, requirements?.native ?? {});
    case 'op':
      return answer(500, 'internal server error');
    case 'http':
      return isUnusable(about) ? answer(500, 'internal server error') : unavailable(about);
    default:
      return unauthorized('Bearer error="invalid_token"');
  }
}

function answerToToken(code, { scopes, anyScope, acr, maxAge }) {
  switch (code) {
    case 'insufficient_scope':
      return forbidden(attribute('scope', [...(scopes ?? []), ...(anyScope ?? [])]));
    case 'insufficient_groups':
    case 'access_denied':
      return forbidden('');
    case 'insufficient_user_authentication': {
      // RFC 9470 §3.
      const age = maxAge === undefined ? '' : attribute('max_age', [String(Math.floor(maxAge))]);
      const asked = attribute('acr_values', acr ?? []) + age;
      return unauthorized(`Bearer error="insufficient_user_authentication"${asked}`);
    }
    default:
      return unauthorized('Bearer error="invalid_token"');
  }
}

function forbidden(asked) {
  const challenge = `Bearer error="insufficient_scope"${asked}`;
  return answer(403, 'forbidden', [['WWW-Authenticate', challenge]]);
}

/** An attribute of a challenge; nothing where a value can't stand in it (RFC 6749 §3.3, scope-token). */
function attribute(name, values) {
  const allowed =
    values.length > 0 && values.every((value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value));
  return allowed ? `, ${name}="${values.join(' ')}"` : '';
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
function isUnusable({ status, reason }) {
  if (status >= 500 || status === 429) return false;
  return typeof status === 'number' || UNUSABLE.includes(reason);
}

function unavailable({ retryAfter }) {
  const seconds = Number.isInteger(retryAfter) && retryAfter >= 0 ? retryAfter : RETRY_AFTER;
  return answer(503, 'service unavailable', [['Retry-After', String(seconds)]]);
}

module.exports = { NO_TOKEN, answerTo };
