'use strict';

// What a route requires of a token. The caller's options are read once: for a guarded route when it is set
// up, for a call of a method when it is made.

const { readOptions } = require('./options-reader.js');
const { refusal } = require('./options.js');

const { isArray } = Array;
const { create, defineProperty, freeze } = Object;
const { stringify } = JSON;

const REQUIREMENTS = ['scopes', 'groups', 'validateCertificateBinding'];
const METHOD_OPTIONS = [...REQUIREMENTS, 'clientCertificate'];
const WITH_KEYS = [...METHOD_OPTIONS, 'jwks'];

const BINDING_MODES = ['when_present', 'required', 'dangerously_ignore'];

/** The most names that a route may require. */
const MOST_NAMES = 100_000;

/** What one route requires: one object for each route, which the core's functions are kept by. */
class Requirements {
  #scopes;
  #groups;
  #binding;

  constructor(scopes, groups, binding) {
    this.#scopes = scopes;
    this.#groups = groups;
    this.#binding = binding;
    this.native = freeze({ __proto__: null, scopes, groups, binding: nativeBinding(binding) });
    freeze(this);
  }

  /** Whether a route requires no certificate to be looked at. */
  get ignoresCertificates() {
    return this.#binding === false;
  }

  /**
   * The documented options, for a method that a program has replaced: a new plain object each time, so that
   * what the method does to it changes nothing for the next request.
   */
  documented(clientCertificate) {
    const options = {};
    if (this.#scopes !== undefined) options.scopes = copy(this.#scopes);
    if (this.#groups !== undefined) options.groups = copy(this.#groups);
    if (this.#binding !== undefined) options.validateCertificateBinding = this.#binding;
    if (clientCertificate !== undefined) options.clientCertificate = clientCertificate;
    return options;
  }
}

/** By index: `slice` and iterators can be replaced. */
function copy(list) {
  if (list === undefined) return undefined;
  const copied = [];
  for (let index = 0; index < list.length; index += 1) append(copied, list[index]);
  return copied;
}

/** Defines the next entry. An assignment would call a setter for that index on `Array.prototype`. */
function append(list, value) {
  defineProperty(list, list.length, {
    __proto__: null,
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function nativeBinding(binding) {
  if (binding === true) return 'required';
  return binding === false ? 'not_checked' : binding;
}

/** A token for itself, whatever a route requires. */
const NOTHING = new Requirements(undefined, undefined, undefined);
const TOKEN_ALONE = new Requirements(undefined, undefined, 'dangerously_ignore');

/** The requirements of a guarded route. */
function readRequirements(options, from) {
  return requirementsOf(readOptions(options, REQUIREMENTS, { what: 'protect()', from }), from);
}

/** A call without options. No prototype: `Object.prototype` may have a `jwks` or a `certificate`. */
const NO_OPTIONS = freeze({ __proto__: null, requirements: NOTHING });

/** The options of one call of a method: requirements, and what came with the request. */
function readCall(options, from, what, names = METHOD_OPTIONS) {
  if (options === undefined || options === null) return NO_OPTIONS;
  const record = readOptions(options, names, { what, from });
  return {
    __proto__: null,
    requirements: shared(requirementsOf(record, from)),
    certificate: certificateText(record.clientCertificate),
    jwks: record.jwks,
  };
}

function requirementsOf(record, from) {
  const binding = record.validateCertificateBinding;
  if (binding !== undefined && typeof binding !== 'boolean' && !BINDING_MODES.includes(binding)) {
    throw refusal('"validateCertificateBinding" must be a boolean', from);
  }
  return new Requirements(
    readNames(record.scopes, 'scopes', from),
    readNames(record.groups, 'groups', from),
    binding,
  );
}

/** A copy of a list of strings. Read by index: an iterator can be replaced, and may skip entries. */
function readNames(given, name, from) {
  if (given === undefined) return undefined;
  const names = [];
  try {
    if (!isArray(given)) throw new TypeError();
    const { length } = given;
    if (length > MOST_NAMES) throw new TypeError();
    for (let index = 0; index < length; index += 1) {
      const text = given[index];
      if (typeof text !== 'string') throw new TypeError();
      append(names, text);
    }
  } catch {
    throw refusal(`"${name}" must be an array of strings`, from);
  }
  return freeze(names);
}

/** Calls of methods with equal options share an object. Bounds the map against generated scope lists. */
const MOST_SHARED = 256;
let known = create(null);
let count = 0;

function shared(requirements) {
  const { scopes, groups, binding } = requirements.native;
  if (!scopes?.length && !groups?.length && binding === undefined) return NOTHING;
  const name = `${nameOf(scopes)};${nameOf(groups)};${binding}`;
  if (known[name] !== undefined) return known[name];
  if (count >= MOST_SHARED) {
    known = create(null);
    count = 0;
  }
  count += 1;
  known[name] = requirements;
  return requirements;
}

/** A text that no other list has. Each entry is written by itself: an array may inherit a `toJSON`. */
function nameOf(list) {
  let name = '';
  for (let index = 0; index < (list?.length ?? 0); index += 1) name += `${stringify(list[index])},`;
  return name;
}

/** The client certificate of a request. A value of another type is one that the core finds malformed. */
function certificateText(certificate) {
  return certificate === undefined || typeof certificate === 'string' ? certificate : 'malformed';
}

module.exports = { TOKEN_ALONE, WITH_KEYS, certificateText, readCall, readRequirements };
