'use strict';

// `client.explain()`: the outcome of each rule from the core (src/validator/explain.rs), the answer of a guarded
// route, and advice.

/**
 * @import { Explanation, ExplanationRule, ExplanationStep } from '../../index.d.ts'
 * @import { Failure } from '../binding.js'
 * @import { About } from './advice.js'
 */

const { adviceFor, clockAdvice } = require('./advice.js');
const { toError } = require('../core/failure.js');
const { Refused } = require('../core/verdict.js');
const { answerTo } = require('../core/challenge.js');

/**
 * What the core's JSON has: `null` where Rust has `None`.
 * @typedef {{ [Member in keyof Failure]: Failure[Member] | null }} FailureInJson
 * @typedef {Omit<ExplanationStep, 'reason' | 'message' | 'advice'> & { failure: FailureInJson | null }} CoreStep
 */

/**
 * Seconds by which this machine's clock is ahead of the tenant's; `undefined` without a `Date` header.
 * @param {{ date?: string, at: number } | null | undefined} heard
 */
function clockOffset(heard) {
  const there = Date.parse(heard?.date ?? '');
  if (heard === undefined || heard === null || Number.isNaN(there)) return undefined;
  return Math.round((heard.at - there) / 1000);
}

/**
 * The members that are neither `undefined` nor `null`.
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

/**
 * @param {string} text the core's explanation
 * @param {string} token the token that it is about
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
    // A wrong clock is the first thing to correct, whichever step failed.
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
 * A failure in the form of a native call's: absent members are `undefined`, not `null`.
 * @param {FailureInJson} failure
 * @returns {Failure}
 */
function withoutNulls(failure) {
  const members = Object.entries(failure).filter(([, value]) => value !== null);
  return /** @type {Failure} */ (/** @type {object} */ (Object.fromEntries(members)));
}

module.exports = { clockOffset, explanation };
