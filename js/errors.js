'use strict';

// The documented error classes (contract §8). Their names are set explicitly, because bundlers rename classes.

const INSUFFICIENT = new Map([
  ['Token is missing required scopes', ['insufficient_scope', 'missing_scopes']],
  ['Token is missing required groups', ['insufficient_groups', 'missing_groups']],
]);

/** A descriptor without a prototype: a program may have put `get` on `Object.prototype`. */
const hidden = (value) => ({ __proto__: null, value, writable: true, configurable: true });

class MonoCloudAuthBaseError extends Error {
  constructor(message, raw) {
    super(message);
    // Not enumerable: an answer may hold claims, and `console.log(error)` shows what is enumerable.
    Object.defineProperty(this, 'raw', hidden(raw));
  }
}

class MonoCloudValidationError extends MonoCloudAuthBaseError {}

class MonoCloudTokenError extends MonoCloudAuthBaseError {
  // Fields are defined, not assigned: no setter on `Object.prototype` is called.
  code;
  reason;

  /** `reasonOrRaw`: a string is our `reason`; an object is the vendor's `raw`. */
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
  error;
  errorDescription;

  constructor(error, errorDescription, raw) {
    super(error, raw);
    this.error = error;
    this.errorDescription = errorDescription;
  }
}

class MonoCloudHttpError extends MonoCloudAuthBaseError {
  status;
  statusText;

  constructor(message, raw) {
    super(message, raw);
    this.status = raw?.status;
    this.statusText = raw?.statusText;
  }
}

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
