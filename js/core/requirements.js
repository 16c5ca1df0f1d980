'use strict';

// What a route requires of a token. The caller's options are read once: for a guarded route when it is set
// up, for a call of a method when it is made.

/**
 * @import { IntrospectOptions } from '../../index.d.ts'
 * @import { GivenPossession, GivenRequirements } from '../binding.js'
 */

const { readOptions } = require('./options-reader.js');
const { possessionOf, readDpop } = require('./possession.js');
const { refusal } = require('./options.js');

const { isArray } = Array;
const { create, defineProperty, freeze, keys } = Object;
const { isFinite: isFiniteNumber } = Number;
const { stringify } = JSON;
const { ownKeys } = Reflect;

const REQUIREMENTS = /** @type {const} */ ([
  'scopes',
  'anyScope',
  'groups',
  'claims',
  'acr',
  'maxAge',
  'validateCertificateBinding',
  'dpop',
]);
const ROUTE_OPTIONS = /** @type {const} */ ([...REQUIREMENTS, 'authorize', 'optional']);
const METHOD_OPTIONS = /** @type {const} */ ([...REQUIREMENTS, 'clientCertificate']);
const WITH_KEYS = /** @type {const} */ ([...METHOD_OPTIONS, 'jwks']);

/** @type {readonly unknown[]} */
const BINDING_MODES = ['when_present', 'required', 'dangerously_ignore'];

const PLAIN = { writable: true, enumerable: true, configurable: true };

/** The most names that a route may require. */
const MOST_NAMES = 100_000;

/**
 * @typedef {string | number | boolean} ClaimValue
 * @typedef {{
 *   scopes?: readonly string[],
 *   anyScope?: readonly string[],
 *   groups?: readonly string[],
 *   claims?: Readonly<Record<string, readonly ClaimValue[]>>,
 *   acr?: readonly string[],
 *   maxAge?: number,
 *   validateCertificateBinding?: boolean | string,
 *   dpop?: boolean,
 *   __proto__?: null,
 * }} Checked the options in `REQUIREMENTS`, checked
 * @typedef {Requirements} RouteRequirements
 * @typedef {Record<string, Plain>} Members of an object, by its own names
 * @typedef {{} | undefined} Plain strings, numbers, booleans, and lists and objects of these
 */

/** What one route requires: one object for each route, which the core's functions are kept by. */
class Requirements {
  #record;

  /**
   * @param {Checked} record without a prototype
   * @param {boolean} [tokenAlone] neither a certificate nor a DPoP proof is looked at
   */
  constructor(record, tokenAlone) {
    this.#record = record;
    const { validateCertificateBinding: binding, claims, ...rest } = record;
    // The addon's declaration has no lists that are read only; it does not write to them.
    this.native = /** @type {GivenRequirements} */ (
      freeze({
        __proto__: null,
        ...rest,
        claims: claims === undefined ? undefined : textOf(claims),
        binding: nativeBinding(binding),
        tokenAlone,
      })
    );
    freeze(this);
  }

  /** Whether a route requires no certificate to be looked at. */
  get ignoresCertificates() {
    return this.#record.validateCertificateBinding === false;
  }

  /**
   * The documented options, for a method that a program has replaced: a new plain object each time, so that
   * what the method does to it changes nothing for the next request.
   * @param {GivenPossession} [possession]
   * @returns {IntrospectOptions}
   */
  documented(possession) {
    /** @type {Record<string, unknown>} */
    const options = {};
    for (let index = 0; index < REQUIREMENTS.length; index += 1) {
      const name = REQUIREMENTS[index];
      const value = this.#record[name];
      if (value !== undefined) options[name] = copy(value);
    }
    if (possession?.certificate !== undefined) options.clientCertificate = possession.certificate;
    if (possession?.proof !== undefined) {
      const { proof, method, url, besideBearer } = possession.proof;
      const scheme = besideBearer ? 'Bearer' : 'DPoP';
      options.dpop = { proof, method, url, scheme, required: this.#record.dpop };
    }
    // A record of the options that were checked when they were read.
    return /** @type {IntrospectOptions} */ (options);
  }
}

/**
 * A copy of a value that consists of objects, arrays and primitives. `slice` and iterators can be replaced.
 * @param {Plain} value
 * @returns {Plain}
 */
function copy(value) {
  if (typeof value !== 'object') return value;
  const copied = isArray(value) ? [] : {};
  const names = keys(value);
  for (let index = 0; index < names.length; index += 1) {
    const member = {
      __proto__: null,
      value: copy(/** @type {Members} */ (value)[names[index]]),
      ...PLAIN,
    };
    // Not by assignment: a claim may be called `__proto__`.
    defineProperty(copied, names[index], member);
  }
  return copied;
}

/**
 * Defines the next entry. An assignment would call a setter for that index on `Array.prototype`.
 * @template T
 * @param {T[]} list
 * @param {T} value
 */
function append(list, value) {
  defineProperty(list, list.length, { __proto__: null, value, ...PLAIN });
}

/**
 * A value as JSON, by its primitives alone: a `toJSON` on a prototype would make different values equal.
 * @param {Plain} value
 * @returns {string}
 */
function textOf(value) {
  if (typeof value !== 'object') return stringify(value) ?? 'null';
  const list = isArray(value);
  const names = keys(value);
  let text = '';
  for (let index = 0; index < names.length; index += 1) {
    const member = textOf(/** @type {Members} */ (value)[names[index]]);
    text += `${index === 0 ? '' : ','}${list ? '' : `${stringify(names[index])}:`}${member}`;
  }
  return list ? `[${text}]` : `{${text}}`;
}

/** @param {boolean | string | undefined} binding */
function nativeBinding(binding) {
  if (binding === true) return 'required';
  return binding === false ? 'not_checked' : binding;
}

/** A token for itself, whatever a route requires. */
const NOTHING = new Requirements({ __proto__: null });
const TOKEN_ALONE = new Requirements({ __proto__: null }, true);

/**
 * The requirements of a guarded route, with `authorize` and `optional`.
 * @param {unknown} options
 * @param {Function} from
 */
function readRoute(options, from) {
  const record = readOptions(options, ROUTE_OPTIONS, { what: 'protect()', from });
  const { authorize } = record;
  const optional = readFlag(record.optional, 'optional', from) ?? false;
  if (authorize !== undefined && typeof authorize !== 'function') {
    throw refusal('"authorize" must be a function', from);
  }
  return { requirements: requirementsOf(record, from), authorize, optional };
}

/** @typedef {{ __proto__?: null, requirements: Requirements, possession?: GivenPossession, jwks?: {} }} Call */

/**
 * A call without options. No prototype: `Object.prototype` may have a `jwks` or a `certificate`.
 * @type {Readonly<Call>}
 */
const NO_OPTIONS = freeze({ __proto__: null, requirements: NOTHING });

/**
 * The options of one call of a method: requirements, and what came with the request.
 * @param {unknown} options
 * @param {Function} from
 * @param {string} what
 * @param {readonly (typeof WITH_KEYS)[number][]} [names]
 * @returns {Readonly<Call>}
 */
function readCall(options, from, what, names = METHOD_OPTIONS) {
  if (options === undefined || options === null) return NO_OPTIONS;
  const record = readOptions(options, names, { what, from });
  const { proof, required } = readDpop(record.dpop, from);
  return {
    __proto__: null,
    requirements: shared(requirementsOf({ __proto__: null, ...record, dpop: required }, from)),
    possession: possessionOf(record.clientCertificate, proof),
    jwks: record.jwks,
  };
}

/**
 * @param {Record<(typeof REQUIREMENTS)[number], unknown> & { __proto__?: null }} given
 * @param {Function} from
 */
function requirementsOf(given, from) {
  const binding = given.validateCertificateBinding;
  if (binding !== undefined && typeof binding !== 'boolean' && !BINDING_MODES.includes(binding)) {
    throw refusal('"validateCertificateBinding" must be a boolean', from);
  }
  return new Requirements({
    __proto__: null,
    scopes: readNames(given.scopes, 'scopes', from),
    anyScope: notEmpty(readNames(given.anyScope, 'anyScope', from), 'anyScope', from),
    groups: readNames(given.groups, 'groups', from),
    claims: readClaims(given.claims, from),
    acr: notEmpty(readNames(given.acr, 'acr', from), 'acr', from),
    maxAge: readSeconds(given.maxAge, 'maxAge', from),
    // One of `BINDING_MODES` is a string.
    validateCertificateBinding: /** @type {boolean | string | undefined} */ (binding),
    dpop: readFlag(given.dpop, 'dpop', from),
  });
}

/**
 * A copy of a list of strings. Read by index: an iterator can be replaced, and may skip entries.
 * @param {unknown} given
 * @param {string} name
 * @param {Function} from
 */
function readNames(given, name, from) {
  if (given === undefined) return undefined;
  /** @type {string[]} */
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

/**
 * One of no values is no requirement that a token can meet, and surely a mistake.
 * @param {readonly string[] | undefined} names
 * @param {string} name
 * @param {Function} from
 */
function notEmpty(names, name, from) {
  if (names?.length === 0) throw refusal(`"${name}" must have at least one entry`, from);
  return names;
}

/**
 * `{ name: value or list of values }`, as a record of lists without a prototype.
 * @param {unknown} given
 * @param {Function} from
 */
function readClaims(given, from) {
  if (given === undefined) return undefined;
  /** @type {Record<string, readonly ClaimValue[]>} */
  const record = create(null);
  try {
    if (typeof given !== 'object' || given === null || isArray(given)) throw new TypeError();
    const names = ownKeys(given);
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index];
      if (typeof name !== 'string') continue;
      // Of a JSON Pointer (RFC 6901 §3): after "~" comes 0 or 1.
      if (name[0] === '/' && /~(?![01])/.test(name)) throw new TypeError();
      record[name] = readValues(/** @type {Members} */ (given)[name]);
    }
  } catch {
    const rule =
      'must be an object of strings, numbers, booleans, or lists of them, by name or JSON Pointer';
    throw refusal(`"claims" ${rule}`, from);
  }
  return freeze(record);
}

/** @param {unknown} given */
function readValues(given) {
  const list = isArray(given) ? given : [given];
  const { length } = list;
  if (length === 0 || length > MOST_NAMES) throw new TypeError();
  /** @type {ClaimValue[]} */
  const values = [];
  for (let index = 0; index < length; index += 1) {
    const value = list[index];
    const kind = typeof value;
    const plain =
      kind === 'string' || kind === 'boolean' || (kind === 'number' && isFiniteNumber(value));
    if (!plain) throw new TypeError();
    append(values, value);
  }
  return freeze(values);
}

/**
 * @param {unknown} given
 * @param {string} name
 * @param {Function} from
 */
function readFlag(given, name, from) {
  if (given === undefined || typeof given === 'boolean') return given;
  throw refusal(`"${name}" must be a boolean`, from);
}

/**
 * @param {unknown} given
 * @param {string} name
 * @param {Function} from
 */
function readSeconds(given, name, from) {
  if (given === undefined) return undefined;
  if (typeof given !== 'number' || !isFiniteNumber(given) || given < 0) {
    throw refusal(`"${name}" must be a number of seconds, 0 or more`, from);
  }
  return given;
}

/** Calls of methods with equal options share an object. Bounds the record against generated scope lists. */
const MOST_SHARED = 256;
/** @type {Record<string, Requirements>} */
let known = create(null);
let count = 0;

/** @param {Requirements} requirements */
function shared(requirements) {
  const name = textOf(requirements.native);
  if (known[name] !== undefined) return known[name];
  if (count >= MOST_SHARED) {
    known = create(null);
    count = 0;
  }
  count += 1;
  known[name] = requirements;
  return requirements;
}

module.exports = { TOKEN_ALONE, WITH_KEYS, readCall, readRoute };
