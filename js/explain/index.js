'use strict';

// A token's way through the rules, made readable: what the core says of each step (src/validator/explain.rs), the
// answer that a guarded route would give, and what to change.

const { adviceFor, clockAdvice } = require('./advice.js');
const { toError } = require('../core/failure.js');
const { Refused } = require('../core/verdict.js');
const { answerTo } = require('../http/challenge.js');

/** Seconds that a clock here is ahead of the tenant's; `undefined` where the tenant has said nothing. */
function clockOffset(heard) {
  const there = Date.parse(heard?.date ?? '');
  return Number.isNaN(there) ? undefined : Math.round((heard.at - there) / 1000);
}

/** Leaves out what there is nothing to say of. */
function present(members) {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** @param {string} text the core's explanation; @param {string} token what it is about */
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
    // Where a clock is wrong, that is what to mend, whatever else a step says.
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

/** As a native call hands a failure over: what it has not is `undefined`. */
function withoutNulls(failure) {
  return Object.fromEntries(Object.entries(failure).filter(([, value]) => value !== null));
}

module.exports = { clockOffset, explanation };
