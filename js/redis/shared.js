'use strict';

const crypto = require('node:crypto');
const { MonoCloudValidationError } = require('../errors.js');

/** In one call where Node.js has that (20.12), which takes two thirds of the time. */
const sha256 = crypto.hash
  ? (text) => crypto.hash('sha256', text, 'base64url')
  : (text) => crypto.createHash('sha256').update(text).digest('base64url');

/** The options, each read once; one that is misspelt would otherwise be a default in silence. */
function checkOptions(factory, options, names) {
  if (options === undefined || options === null) return {};
  if (typeof options !== 'object') {
    throw new MonoCloudValidationError('"options" must be an object');
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new MonoCloudValidationError(
        `${factory}() has no option "${name}"; it has ${names.join(', ')}`,
      );
    }
  }
  return Object.fromEntries(names.map((name) => [name, options[name] ?? undefined]));
}

/** Runs a factory, whose errors begin where it was called: `from`. */
function made(factory, from) {
  try {
    return factory();
  } catch (error) {
    const ours = error instanceof MonoCloudValidationError;
    // Else a getter or a proxy of the caller's threw.
    const shown = ours ? error : new MonoCloudValidationError("An argument can't be read");
    Error.captureStackTrace(shown, from);
    throw shown;
  }
}

/** Claims as they are stored. */
function textOf(claims) {
  try {
    return JSON.stringify(claims);
  } catch {
    throw new MonoCloudValidationError('"claims" must be what JSON can hold');
  }
}

/** A stored text as claims; rubbish is no entry. */
function readClaims(text) {
  if (text === undefined) return undefined;
  let claims;
  try {
    claims = JSON.parse(text);
  } catch {
    return undefined;
  }
  return claims === null || typeof claims !== 'object' || Array.isArray(claims)
    ? undefined
    : claims;
}

module.exports = { checkOptions, made, readClaims, sha256, textOf };
