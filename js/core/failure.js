'use strict';

// The core returns a failure, never an error; here it becomes an error of the documented class.

/**
 * @import { MonoCloudTokenErrorCode } from '../../index.d.ts'
 * @import { Failure } from '../binding.js'
 * @import { Place } from './stack.js'
 * @import { Verdict, Why } from './verdict.js'
 */

const {
  MonoCloudAuthBaseError,
  MonoCloudHttpError,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('../errors.js');
const { causeOf, describeCertificate } = require('./bridge.js');
const { withStack } = require('./stack.js');
const { isRefused, whyOf } = require('./verdict.js');

/** @param {Failure} failure */
function toError(failure) {
  const { kind, message, code, reason, raw } = failure;
  switch (kind) {
    case 'validation':
      return new MonoCloudValidationError(message);
    case 'token':
      // The codes of the core are those that are declared.
      return new MonoCloudTokenError(
        message,
        /** @type {MonoCloudTokenErrorCode | undefined} */ (code),
        reason,
      );
    case 'op':
      // The core sets `error` for this kind.
      return new MonoCloudOPError(
        /** @type {string} */ (failure.error),
        failure.errorDescription,
        raw,
      );
    case 'http':
      return httpError(failure);
    default:
      return new MonoCloudAuthBaseError(message);
  }
}

/** @param {Failure} failure */
function httpError({ message, reason, raw, retryAfter, causeId }) {
  const error = new MonoCloudHttpError(message, raw);
  error.reason = reason;
  error.retryAfter = retryAfter;
  const thrown = causeOf(causeId);
  // As `new Error(message, { cause })` defines it.
  if (thrown !== undefined) {
    const { cause } = thrown;
    Object.defineProperty(error, 'cause', {
      __proto__: null,
      value: cause,
      writable: true,
      configurable: true,
    });
  }
  return error;
}

/**
 * The error of a verdict that refuses. `from`: where its stack begins; `certificate`: what the request
 * brought.
 * @param {Verdict} verdict
 * @param {Place} from
 * @param {string} [certificate]
 * @returns {unknown}
 */
function errorOf(verdict, from, certificate) {
  /** @type {Why} */
  const why = isRefused(verdict) ? whyOf(verdict) : { failure: DEFECTIVE };
  if (why.failure === undefined) return why.error;
  const error = withStack(toError(why.failure), from);
  if (why.failure.reason === 'certificate_mismatch') {
    // There was one, since it did not match.
    describeOnRead(error, /** @type {string} */ (certificate));
  }
  return error;
}

/** In place of a verdict that is none. */
const DEFECTIVE = { kind: 'internal', message: 'The native core gave no verdict' };

/**
 * `error.certificate` is made when it is read, so that a log does not show it unasked.
 * @param {Error} error
 * @param {string} certificate
 */
function describeOnRead(error, certificate) {
  Object.defineProperty(error, 'certificate', {
    __proto__: null,
    configurable: true,
    get: () => describeCertificate(certificate) ?? undefined,
  });
}

module.exports = { errorOf, toError };
