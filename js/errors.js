'use strict';

// The documented error classes (contract §8). Their names are set explicitly, because bundlers rename classes.

/** @import { MonoCloudHttpErrorReason, MonoCloudRawResponse, MonoCloudTokenErrorCode, MonoCloudTokenErrorReason } from '../index.d.ts' */

/** @type {Map<string | undefined, [MonoCloudTokenErrorCode, MonoCloudTokenErrorReason]>} */
const INSUFFICIENT = new Map([
  ['Token is missing required scopes', ['insufficient_scope', 'missing_scopes']],
  ['Token is missing required groups', ['insufficient_groups', 'missing_groups']],
]);

/**
 * A descriptor without a prototype: a program may have put `get` on `Object.prototype`.
 * @param {unknown} value
 */
const hidden = (value) => ({ __proto__: null, value, writable: true, configurable: true });

class MonoCloudAuthBaseError extends Error {
  /**
   * @param {string} [message]
   * @param {MonoCloudRawResponse} [raw]
   */
  constructor(message, raw) {
    super(message);
    // Not enumerable: an answer may hold claims, and `console.log(error)` shows what is enumerable.
    Object.defineProperty(this, 'raw', hidden(raw));
  }
}

class MonoCloudValidationError extends MonoCloudAuthBaseError {}

class MonoCloudTokenError extends MonoCloudAuthBaseError {
  /**
   * Fields are defined, not assigned: no setter on `Object.prototype` is called.
   * @type {MonoCloudTokenErrorCode}
   */
  code;
  /** @type {MonoCloudTokenErrorReason | undefined} */
  reason;

  /**
   * `reasonOrRaw`: a string is our `reason`; an object is the vendor's `raw`.
   * @param {string} [message]
   * @param {MonoCloudTokenErrorCode} [code]
   * @param {MonoCloudTokenErrorReason | MonoCloudRawResponse} [reasonOrRaw]
   */
  constructor(message, code, reasonOrRaw) {
    const isReason = typeof reasonOrRaw === 'string';
    super(message, isReason ? undefined : (reasonOrRaw ?? undefined));
    const [impliedCode, impliedReason] = INSUFFICIENT.get(message) ?? [];
    this.code = code ?? impliedCode ?? 'invalid_token';
    if (isReason) this.reason = reasonOrRaw;
    else if (code === undefined) this.reason = impliedReason;
  }
}

class MonoCloudOPError extends MonoCloudAuthBaseError {
  /** @type {string} */
  error;
  /** @type {string | undefined} */
  errorDescription;

  /**
   * @param {string} error
   * @param {string} [errorDescription]
   * @param {MonoCloudRawResponse} [raw]
   */
  constructor(error, errorDescription, raw) {
    super(error, raw);
    this.error = error;
    this.errorDescription = errorDescription;
  }
}

class MonoCloudHttpError extends MonoCloudAuthBaseError {
  /** @type {number | undefined} */
  status;
  /** @type {string | undefined} */
  statusText;

  /**
   * @param {string} [message]
   * @param {MonoCloudRawResponse} [raw]
   */
  constructor(message, raw) {
    super(message, raw);
    this.status = raw?.status;
    this.statusText = raw?.statusText;
  }
}

/**
 * The published declarations, which have the members that are defined by descriptors (`raw`, `certificate`) or set later, too.
 * @type {Pick<typeof import('../index.d.ts'), 'MonoCloudAuthBaseError' | 'MonoCloudValidationError' | 'MonoCloudTokenError' | 'MonoCloudOPError' | 'MonoCloudHttpError'>}
 */
const classes = {
  MonoCloudAuthBaseError,
  MonoCloudValidationError,
  MonoCloudTokenError,
  MonoCloudOPError,
  MonoCloudHttpError,
};

for (const [name, type] of Object.entries(classes)) {
  Object.defineProperty(type, 'name', { value: name });
  Object.defineProperty(type.prototype, 'name', hidden(name));
}

module.exports = classes;
