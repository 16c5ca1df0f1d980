'use strict';

// `client.explain()`: the outcome of each rule from the core (src/validator/explain.rs), the answer of a guarded
// route, and advice.

const { adviceFor, clockAdvice } = require('./advice.js');
const { toError } = require('../core/failure.js');
const { Refused } = require('../core/verdict.js');
const { answerTo } = require('../http/challenge.js');

/** Seconds by which this machine's clock is ahead of the tenant's; `undefined` without a `Date` header. */
function clockOffset(heard) {
  const there = Date.parse(heard?.date ?? '');
  return Number.isNaN(there) ? undefined : Math.round((heard.at - there) / 1000);
}

/** The members that are neither `undefined` nor `null`. */
function present(members) {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** @param {string} text the core's explanation @param {string} token the token that it is about */
function explanation(text, token) {
  const { introspected, failure, steps, heard } = JSON.parse(text);
  const offset = clockOffset(heard);
  const error = failure === null ? undefined : toError(withoutNulls(failure));
  const about = { token, offset };
  return present({
    ok: error === undefined,
    kind: introspected ? 'introspected' : 'jwt',
    status: error === undefined ? 200 : answerTo(new Refused({ error })).status,
    error,
    steps: steps.map((step) => readable(step, about)),
    clockOffsetSeconds: offset,
    // A wrong clock is the first thing to correct, whichever step failed.
    clockAdvice: clockAdvice(offset),
  });
}

function readable({ rule, outcome, failure, found, expected }, about) {
  const failed = failure === null ? undefined : withoutNulls(failure);
  const step = { rule, outcome, found, expected };
  if (failed === undefined) return present(step);
  return present({
    ...step,
    reason: failed.reason ?? failed.error,
    message: failed.message,
    advice: adviceFor({ ...step, failure: failed }, about),
  });
}

/** A failure in the form of a native call's: absent members are `undefined`, not `null`. */
function withoutNulls(failure) {
  return Object.fromEntries(Object.entries(failure).filter(([, value]) => value !== null));
}

module.exports = { clockOffset, explanation };
