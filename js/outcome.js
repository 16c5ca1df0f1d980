'use strict';

// A native call hands back JSON text or a failure; here the one becomes a value and the other an
// error of the documented class, in one place.

const {
  MonoCloudAuthBaseError,
  MonoCloudHttpError,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('./errors.js');
const { describeCertificate } = require('./native.js');

function toError(failure) {
  const { kind, message, code, reason, raw } = failure;
  switch (kind) {
    case 'validation':
      return new MonoCloudValidationError(message);
    case 'token':
      return new MonoCloudTokenError(message, code, reason);
    case 'op':
      return new MonoCloudOPError(failure.error, failure.errorDescription, raw);
    case 'http': {
      const error = new MonoCloudHttpError(message, raw);
      error.reason = reason;
      error.retryAfter = failure.retryAfter;
      return error;
    }
    default:
      return new MonoCloudAuthBaseError(message);
  }
}

/** Throws the error of an outcome that is a failure. `certificate` is what the request brought. */
function refuse(outcome, from, certificate) {
  const error = withStack(toError(outcome), from);
  if (outcome.reason === 'certificate_mismatch') tellWhose(error, certificate);
  throw error;
}

/** Lets an error say whose certificate it was, when it is asked; a log is not told unasked. */
function tellWhose(error, certificate) {
  Object.defineProperty(error, 'certificate', {
    configurable: true,
    get: () => describeCertificate(certificate) ?? undefined,
  });
}

/**
 * Lets an error's stack begin where the user's code called ours. `from` is the public function that
 * was called, where that call is still on the stack, or else the trace that it left.
 */
function withStack(error, from) {
  if (typeof from === 'function') {
    Error.captureStackTrace(error, from);
    return error;
  }
  // A program may have set `Error.stackTraceLimit` or `Error.prepareStackTrace` to anything.
  const trace = typeof from.stack === 'string' ? from.stack : '';
  const frames = trace.indexOf('\n    at ');
  const stack = `${error.name}: ${error.message}${frames < 0 ? '' : trace.slice(frames)}`;
  Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
  return error;
}

/** Remembers where a call came from that will end later. Formatted only if it is ever needed. */
function traceOf(callee) {
  const trace = {};
  Error.captureStackTrace(trace, callee);
  return trace;
}

module.exports = { refuse, toError, traceOf, withStack };
