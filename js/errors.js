'use strict';

// The documented classes (contract §8). Each carries its name on the prototype, so that a bundler
// that renames classes does not rename errors.

const INSUFFICIENT = new Map([
  ['Token is missing required scopes', ['insufficient_scope', 'missing_scopes']],
  ['Token is missing required groups', ['insufficient_groups', 'missing_groups']],
]);

class MonoCloudAuthBaseError extends Error {
  constructor(message, raw) {
    super(message);
    // Not enumerable: an answer may hold claims, and `console.log(error)` shows what is enumerable.
    Object.defineProperty(this, 'raw', { value: raw, writable: true, configurable: true });
  }
}

class MonoCloudValidationError extends MonoCloudAuthBaseError {}

class MonoCloudTokenError extends MonoCloudAuthBaseError {
  constructor(message, code, reason) {
    super(message);
    const [impliedCode, impliedReason] = INSUFFICIENT.get(message) ?? [];
    this.code = code ?? impliedCode ?? 'invalid_token';
    this.reason = reason ?? (code === undefined ? impliedReason : undefined);
  }
}

class MonoCloudOPError extends MonoCloudAuthBaseError {
  constructor(error, errorDescription, raw) {
    super(error, raw);
    this.error = error;
    this.errorDescription = errorDescription;
  }
}

class MonoCloudHttpError extends MonoCloudAuthBaseError {
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
  Object.defineProperty(type.prototype, 'name', {
    value: name,
    writable: true,
    configurable: true,
  });
}

module.exports = classes;
