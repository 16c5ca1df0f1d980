'use strict';

// Stacks of errors begin where the user's code called this package.

const { captureStackTrace } = Error;

/** @typedef {Function | { stack?: string }} Place a function that was called, or the trace of its call */

/**
 * Sets where an error's stack begins. `from` is the public function that was called, where that call is
 * still on the stack, or else the trace that `traceOf` took.
 * @template {Error} E
 * @param {E} error
 * @param {Place} from
 */
function withStack(error, from) {
  if (typeof from === 'function') {
    captureStackTrace(error, from);
    return error;
  }
  // A program may have set `Error.stackTraceLimit` or `Error.prepareStackTrace` to anything.
  const trace = typeof from.stack === 'string' ? from.stack : '';
  const frames = trace.indexOf('\n    at ');
  const stack = `${error.name}: ${error.message}${frames < 0 ? '' : trace.slice(frames)}`;
  Object.defineProperty(error, 'stack', {
    __proto__: null,
    value: stack,
    writable: true,
    configurable: true,
  });
  return error;
}

/**
 * The place of a call whose error may come later. It is formatted only if it is needed.
 * @param {Function} callee
 * @returns {{ stack?: string }}
 */
function traceOf(callee) {
  const trace = {};
  captureStackTrace(trace, callee);
  return trace;
}

module.exports = { traceOf, withStack };
