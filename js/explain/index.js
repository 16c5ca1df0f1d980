'use strict';

/**
 * @import { Explanation, ExplanationRule, ExplanationStep } from '../../index.d.ts'
 * @import { Failure } from '../binding.js'
 * @import { About } from './advice.js'
 */

// A token's way through the rules, made readable: what the core says of each step (src/validator/explain.rs), the
// answer that a guarded route would give, and what to change.

const { adviceFor, clockAdvice } = require('./advice.js');
const { toError } = require('../core/failure.js');
const { Refused } = require('../core/verdict.js');
const { answerTo } = require('../http/challenge.js');

/**
 * What the core's JSON has: `null` where Rust has `None`.
 * @typedef {{ [Member in keyof Failure]: Failure[Member] | null }} FailureInJson
 * @typedef {Omit<ExplanationStep, 'reason' | 'message' | 'advice'> & { failure: FailureInJson | null }} CoreStep
 */

/**
 * Seconds that a clock here is ahead of the tenant's; `undefined` where the tenant has said nothing.
 * @param {{ date?: string, at: number } | null | undefined} heard
 */
function clockOffset(heard) {
  const there = Date.parse(heard?.date ?? '');
  if (heard === undefined || heard === null || Number.isNaN(there)) return undefined;
  return Math.round((heard.at - there) / 1000);
}

/**
 * Leaves out what there is nothing to say of.
 * @template {object} T
 * @param {T} members
 * @returns {T}
 */
function present(members) {
  // What is left out is optional.
  return /** @type {T} */ (
    Object.fromEntries(
      Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
    )
  );
}

/** x */
/**
 * @param {string} text the core's explanation
 * @param {string} token what it is about
 * @returns {Explanation}
 */
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
    steps: steps.map((/** @type {CoreStep} */ step) => readable(step, about)),
    clockOffsetSeconds: offset,
    // Where a clock is wrong, that is what to mend, whatever else a step says.
    clockAdvice: clockAdvice(offset),
  });
}

/**
 * @param {CoreStep} step
 * @param {About} about
 * @returns {ExplanationStep}
 */
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

/**
 * As a native call hands a failure over: what it has not is `undefined`.
 * @param {FailureInJson} failure
 * @returns {Failure}
 */
function withoutNulls(failure) {
  const members = Object.entries(failure).filter(([, value]) => value !== null);
  return /** @type {Failure} */ (/** @type {object} */ (Object.fromEntries(members)));
}

module.exports = { clockOffset, explanation };
