'use strict';

// The verdict on one token. A guard lets a request through for an `Admitted`, and for nothing else: every
// other value, whoever made it, is a refusal.

/**
 * @import { AccessTokenClaims } from '../../index.d.ts'
 * @import { Failure } from '../binding.js'
 */

const { isArray } = Array;

/**
 * @typedef {Admitted | Refused} Verdict
 * @typedef {{ failure?: Failure, error?: unknown, noToken?: true }} Why the core's failure, or what somebody threw
 */

/** The token passes. Only this package makes one: the private member is what it is recognised by. */
class Admitted {
  #claims;

  /** @param {AccessTokenClaims | undefined} claims an object that nobody else has; none on an optional route */
  constructor(claims) {
    this.#claims = claims;
  }

  /**
   * @param {unknown} value
   * @returns {value is Admitted}
   */
  static is(value) {
    return typeof value === 'object' && value !== null && #claims in value;
  }

  /** @param {Admitted} verdict */
  static claims(verdict) {
    return verdict.#claims;
  }
}

/** The token does not pass, or could not be validated. */
class Refused {
  #why;

  /** @param {Why} why */
  constructor(why) {
    this.#why = why;
  }

  /**
   * @param {unknown} value
   * @returns {value is Refused}
   */
  static is(value) {
    return typeof value === 'object' && value !== null && #why in value;
  }

  /** @param {Refused} verdict */
  static why(verdict) {
    return verdict.#why;
  }
}

/**
 * What a method that a program has put in place of ours may return: an object that is no array.
 * @param {unknown} claims
 * @returns {Verdict}
 */
function verdictOnClaims(claims) {
  const isClaims = typeof claims === 'object' && claims !== null && !isArray(claims);
  // Claims are what the declared type of such a method promises. They are not checked.
  return isClaims
    ? new Admitted(/** @type {AccessTokenClaims} */ (claims))
    : new Refused({ failure: NO_CLAIMS });
}

const NO_CLAIMS = {
  kind: 'token',
  message: 'The access token was not validated: the method that was called returned no claims',
  code: 'invalid_token',
};

const isAdmitted = Admitted.is;
const isRefused = Refused.is;

module.exports = {
  Admitted,
  Refused,
  isAdmitted,
  isRefused,
  /** @type {(value: unknown) => value is Verdict} */
  isVerdict: (value) => isAdmitted(value) || isRefused(value),
  claimsOf: Admitted.claims,
  whyOf: Refused.why,
  verdictOnClaims,
};
