'use strict';

// The answer to a request that is not let through (contract §9, RFC 6750 §3).

/**
 * @import { Failure, GivenRequirements } from '../binding.js'
 * @import { RouteRequirements } from './requirements.js'
 * @import { Verdict, Why } from './verdict.js'
 */

const { isRefused, whyOf } = require('./verdict.js');
const { MonoCloudHttpError, MonoCloudOPError, MonoCloudTokenError } = require('../errors.js');

/**
 * @typedef {[name: string, value: string | string[]][]} Headers several fields of one name have a list of values
 * @typedef {{ status: number, body: { message: string }, headers: Headers }} Answer
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
 * @param {Headers} [headers]
 * @returns {Answer}
 */
function answer(status, message, headers = []) {
  return { status, body: { message }, headers };
}

/**
 * What a challenge says of DPoP (RFC 9449 §7.1).
 * @typedef {{
 *   isDpop?: boolean,
 *   isConfigured?: boolean,
 *   isRequired?: boolean,
 *   yields?: boolean,
 *   algorithms?: string[],
 *   __proto__?: null,
 * }} Dpop `isDpop`: whether the request came with the scheme `DPoP`. `yields`: whether a route's `dpop: false` counts
 */

/**
 * A challenge in the scheme of the request.
 * @param {Dpop} dpop
 * @param {string} attributes
 * @param {boolean} [isDpop]
 */
function challengeOf(dpop, attributes, isDpop = dpop.isDpop || dpop.isRequired) {
  return isDpop ? `DPoP ${attributes}${algorithmsOf(dpop)}` : `Bearer ${attributes}`;
}

/**
 * @param {Dpop} dpop
 * @param {string} [separator]
 */
function algorithmsOf({ algorithms = [] }, separator = ', ') {
  return algorithms.length === 0 ? '' : `${separator}algs="${algorithms.join(' ')}"`;
}

/** @param {string | string[]} challenge */
function unauthorized(challenge) {
  return answer(401, 'unauthorized', [['WWW-Authenticate', challenge]]);
}

/** @param {string} challenge */
function forbidden(challenge) {
  return answer(403, 'forbidden', [['WWW-Authenticate', challenge]]);
}

/**
 * The answer to a verdict that does not admit, on a route with these requirements.
 * @param {Verdict} verdict
 * @param {RouteRequirements} [requirements]
 * @param {Dpop} [dpop]
 */
function answerTo(verdict, requirements, dpop = {}) {
  const ofRoute = requirements?.native.dpop;
  if (ofRoute === true || (ofRoute === false && dpop.yields)) dpop.isRequired = ofRoute;
  try {
    return answerToReason(isRefused(verdict) ? whyOf(verdict) : {}, requirements, dpop);
  } catch {
    // What was thrown can't even be looked at: a revoked proxy, say.
    return unauthorized(challengeOf(dpop, 'error="invalid_token"'));
  }
}

/**
 * @param {Why} why
 * @param {RouteRequirements | undefined} requirements
 * @param {Dpop} dpop
 */
function answerToReason(why, requirements, dpop) {
  if (why === NO_TOKEN) return unauthorized(schemesOf(dpop));
  const about = why.failure ? ofFailure(why.failure) : ofError(why.error);
  switch (about.kind) {
    case 'token':
      return answerToToken(about.code, requirements?.native ?? {}, dpop);
    case 'op':
      return answer(500, 'internal server error');
    case 'http':
      return isUnusable(about) ? answer(500, 'internal server error') : unavailable(about);
    default:
      return unauthorized(challengeOf(dpop, 'error="invalid_token"'));
  }
}

/**
 * The schemes that a token may come with. Each stands in a header field of its own (RFC 9110 §11.6.1).
 * @param {Dpop} dpop
 */
function schemesOf(dpop) {
  const withProof = `DPoP${algorithmsOf(dpop, ' ')}`;
  if (dpop.isRequired) return withProof;
  return dpop.isConfigured ? ['Bearer', withProof] : 'Bearer';
}

/**
 * @param {unknown} code
 * @param {GivenRequirements} requirements
 * @param {Dpop} dpop
 */
function answerToToken(code, { scopes, anyScope, acr, maxAge }, dpop) {
  switch (code) {
    case 'insufficient_scope': {
      const asked = attribute('scope', [...(scopes ?? []), ...(anyScope ?? [])]);
      return forbidden(challengeOf(dpop, `error="insufficient_scope"${asked}`));
    }
    case 'insufficient_groups':
    case 'access_denied':
      return forbidden(challengeOf(dpop, 'error="insufficient_scope"'));
    case 'insufficient_user_authentication': {
      // RFC 9470 §3.
      const age = maxAge === undefined ? '' : attribute('max_age', [String(Math.floor(maxAge))]);
      const asked = attribute('acr_values', acr ?? []) + age;
      return unauthorized(challengeOf(dpop, `error="${code}"${asked}`));
    }
    case 'invalid_dpop_proof':
    case 'use_dpop_nonce':
      return unauthorized(challengeOf(dpop, `error="${code}"`, true));
    default:
      return unauthorized(challengeOf(dpop, 'error="invalid_token"'));
  }
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
