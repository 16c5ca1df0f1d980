'use strict';

// Reads the caller's objects, each property once, and describes what was found. The rules are the
// core's (src/config/); here only JavaScript's types are told apart.

const { MonoCloudValidationError } = require('./errors.js');
const { environmentNames, optionNames } = require('./native.js');
const { withStack } = require('./outcome.js');

const BINDING_MODES = new Set(['when_present', 'required', 'dangerously_ignore']);

/** `from`: the public function whose caller's line begins the error's stack. */
function refusal(message, from) {
  return withStack(new MonoCloudValidationError(message), from);
}

/**
 * An array is no options: `protect(['posts:read'])` looks as if it asked for a scope, and would ask for
 * nothing.
 */
function requireObject(options, from = requireObject) {
  if (options === undefined || options === null) return;
  if (typeof options !== 'object' || isArray(options)) {
    throw refusal('"options" must be an object', from);
  }
}

/** A revoked proxy is no array, and no reason to throw here. */
function isArray(value) {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** The options by their path, as values: `{ 'groupOptions.matchAll': true, … }`. */
function readOptions(options, from) {
  requireObject(options, from);
  const values = new Map();
  for (const path of optionNames) values.set(path, read(options, path, values, from));
  return values;
}

function read(options, path, known, from) {
  const dot = path.lastIndexOf('.');
  const holder = dot < 0 ? options : known.get(path.slice(0, dot));
  try {
    return holder?.[path.slice(dot + 1)] ?? undefined;
  } catch {
    throw refusal(`"${path}" can't be read`, from);
  }
}

function describe(name, value) {
  const kind = typeof value;
  switch (kind) {
    case 'string':
      return { name, kind, text: value };
    case 'number':
      return { name, kind, number: value };
    case 'boolean':
      return { name, kind, flag: value };
    case 'object':
      // Only a secret may come as an object that matters as a whole.
      return { name, kind, text: name === 'clientSecret' ? json(value) : undefined };
    default:
      return { name, kind };
  }
}

/** A value as text; what is no JSON becomes a text that is no document, and is refused as such. */
function json(value) {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

function describeAll(values) {
  return Array.from(values, ([name, value]) => describe(name, value));
}

/** The variables that are read; the package's own only for the class that is configured by them. */
function readEnvironment(own) {
  const environment = {};
  for (const name of environmentNames) {
    if (!own && name.startsWith('MONOCLOUD_')) continue;
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** More names than any route asks for. An array may claim any length, and it is copied. */
const MOST_NAMES = 100_000;

function strings(options, name, from) {
  const given = options[name] ?? undefined;
  if (given === undefined) return undefined;
  // A list of strings or nothing: a string alone would be read letter by letter. `Array.from` shows
  // holes, which `every` passes over, and takes a copy that nobody changes later.
  const list = isArray(given) && given.length <= MOST_NAMES ? Array.from(given) : [undefined];
  if (!list.every((item) => typeof item === 'string')) {
    throw refusal(`"${name}" must be an array of strings`, from);
  }
  return list;
}

/** One of the caller's options for one call. */
function member(options, name, from) {
  try {
    return options?.[name] ?? undefined;
  } catch {
    throw refusal(`"${name}" can't be read`, from);
  }
}

/** What a route asks of a token, checked: `scopes`, `groups` and `validateCertificateBinding`. */
function readRoute(options, from) {
  requireObject(options, from);
  if (options === undefined || options === null) return {};
  try {
    return readChecked(options, from);
  } catch (error) {
    if (error instanceof MonoCloudValidationError) throw error;
    // A getter or a proxy of the caller's threw.
    throw refusal('"options" can\'t be read', from);
  }
}

function readChecked(options, from) {
  const binding = options.validateCertificateBinding ?? undefined;
  if (binding !== undefined && typeof binding !== 'boolean' && !BINDING_MODES.has(binding)) {
    throw refusal('"validateCertificateBinding" must be a boolean', from);
  }
  return {
    scopes: strings(options, 'scopes', from),
    groups: strings(options, 'groups', from),
    validateCertificateBinding: binding,
  };
}

/** The same, as the core takes it. */
function nativeRoute(scopes, groups, binding) {
  return {
    scopes,
    groups,
    binding: binding === true ? 'required' : binding === false ? 'dangerously_ignore' : binding,
  };
}

module.exports = {
  describe,
  describeAll,
  json,
  member,
  nativeRoute,
  readEnvironment,
  readOptions,
  readRoute,
  requireObject,
};
