'use strict';

// The answer to a request that is not let through (contract §9, RFC 6750 §3).

/**
 * @import { Failure, GivenRequirements } from '../binding.js'
 * @import { RouteRequirements } from '../core/requirements.js'
 * @import { Verdict, Why } from '../core/verdict.js'
 */

const { isRefused, whyOf } = require('../core/verdict.js');
const { MonoCloudHttpError, MonoCloudOPError, MonoCloudTokenError } = require('../errors.js');

/**
 * @typedef {{ status: number, body: { message: string }, headers: string[][] }} Answer
 * @typedef {{ kind?: string, code?: unknown, status?: unknown, reason?: unknown, retryAfter?: unknown }} About
 */

/** Seconds after which to try again where the tenant names no time. */
const RETRY_AFTER = 5;

/**
 * Why a request without token is refused.
 * @type {Why}
 */
const NO_TOKEN = { noToken: true };

/**
 * An answer: `status`, `body`, and `headers` as pairs. Each is made anew, because an application may change
 * the body on its way out.
 * @param {number} status
 * @param {string} message
 * @param {string[][]} [headers]
 * @returns {Answer}
 */
function answer(status, message, headers = []) {
  return { status, body: { message }, headers };
}

/** @param {string} challenge */
function unauthorized(challenge) {
  return answer(401, 'unauthorized', [['WWW-Authenticate', challenge]]);
}

/**
 * The answer to a verdict that does not admit, on a route with these requirements.
 * @param {Verdict} verdict
 * @param {RouteRequirements} [requirements]
 */
function answerTo(verdict, requirements) {
  try {
    return answerToReason(isRefused(verdict) ? whyOf(verdict) : {}, requirements);
  } catch {
    // What was thrown can't even be looked at: a revoked proxy, say.
    return unauthorized('Bearer error="invalid_token"');
  }
}

/**
 * @param {Why} why
 * @param {RouteRequirements} [requirements]
 */
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

/**
 * @param {unknown} code
 * @param {GivenRequirements} requirements
 */
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

/** @param {string} asked */
function forbidden(asked) {
  const challenge = `Bearer error="insufficient_scope"${asked}`;
  return answer(403, 'forbidden', [['WWW-Authenticate', challenge]]);
}

/**
 * An attribute of a challenge; nothing where a value can't stand in it (RFC 6749 §3.3, scope-token).
 * @param {string} name
 * @param {string[]} values
 */
function attribute(name, values) {
  const allowed =
    values.length > 0 && values.every((value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value));
  return allowed ? `, ${name}="${values.join(' ')}"` : '';
}

/**
 * @param {Failure} failure
 * @returns {About}
 */
function ofFailure({ kind, code, raw, reason, retryAfter }) {
  return { kind, code, status: raw?.status, reason, retryAfter };
}

/**
 * @param {unknown} error
 * @returns {About}
 */
function ofError(error) {
  const { code, status, reason, retryAfter } = Object(error);
  return { kind: kindOf(error), code, status, reason, retryAfter };
}

/** @param {unknown} error */
function kindOf(error) {
  if (error instanceof MonoCloudTokenError) return 'token';
  if (error instanceof MonoCloudOPError) return 'op';
  return error instanceof MonoCloudHttpError ? 'http' : undefined;
}

/**
 * Reasons for which an answer of the tenant can't be used, although it may have no status to show.
 * @type {unknown[]}
 */
const UNUSABLE = [
  'unexpected_status',
  'unreadable_response',
  'response_too_large',
  'forbidden_url',
];

/**
 * Whether the tenant answered with what can't be used. Any other fault may pass: 503.
 * @param {About} about
 */
function isUnusable({ status, reason }) {
  // A foreign error may have any value there, which is compared as it is.
  if (/** @type {number} */ (status) >= 500 || status === 429) return false;
  return typeof status === 'number' || UNUSABLE.includes(reason);
}

/** @param {About} about */
function unavailable({ retryAfter }) {
  const given = /** @type {number} an integer, where it is used */ (retryAfter);
  const seconds = Number.isInteger(given) && given >= 0 ? given : RETRY_AFTER;
  return answer(503, 'service unavailable', [['Retry-After', String(seconds)]]);
}

module.exports = { NO_TOKEN, answerTo };
