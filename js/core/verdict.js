'use strict';

// The verdict on one token. A guard lets a request through for an `Admitted`, and for nothing else: every
// other value, whoever made it, is a refusal.

const { isArray } = Array;

/** The token passes. Only this package makes one: the private member is what it is recognised by. */
class Admitted {
  #claims;

  /** @param {object} claims an object that nobody else has */
  constructor(claims) {
    this.#claims = claims;
  }

  static is(value) {
    return typeof value === 'object' && value !== null && #claims in value;
  }

  static claims(verdict) {
    return verdict.#claims;
  }
}

/** The token does not pass, or could not be validated. */
class Refused {
  #why;

  /** @param {{ failure: object } | { error: unknown }} why the core's failure, or what somebody threw */
  constructor(why) {
    this.#why = why;
  }

  static is(value) {
    return typeof value === 'object' && value !== null && #why in value;
  }

  static why(verdict) {
    return verdict.#why;
  }
}

/** What a method that a program has put in place of ours may return: an object that is no array. */
function verdictOnClaims(claims) {
  const isClaims = typeof claims === 'object' && claims !== null && !isArray(claims);
  return isClaims ? new Admitted(claims) : new Refused({ failure: NO_CLAIMS });
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
  isVerdict: (value) => isAdmitted(value) || isRefused(value),
  claimsOf: Admitted.claims,
  whyOf: Refused.why,
  verdictOnClaims,
};
