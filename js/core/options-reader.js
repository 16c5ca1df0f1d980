'use strict';

// Reads an options object that a caller handed in: each option once, and no others than those that exist.

const { isProxy } = require('node:util/types');

const { MonoCloudValidationError } = require('../errors.js');

// Captured when the module is loaded, because a program can replace them later. Lists are walked by
// index for the same reason: `for…of` asks Array.prototype.
const { captureStackTrace } = Error;
const { isArray } = Array;
const { create, hasOwn, prototype: ObjectPrototype } = Object;
const { get, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;

/** Bounds a proxy that names a new prototype each time it is asked. */
const MOST_PROTOTYPES = 100;

/** Longer names are cut in messages, and nothing is suggested for them. */
const LONGEST_SHOWN = 64;

/**
 * The options of `names` as a record without a prototype; `undefined` for those that are not given.
 * Own members of `options` count, and those of its prototypes but `Object.prototype` of any realm.
 *
 * @template {string} Name
 * @param {unknown} options `undefined` and `null`: none are given
 * @param {readonly Name[]} names all that there are
 * @param {{ what: string, from: Function, name?: string }} where `what` has the options, for messages
 * ("protect()"), and `name` is what they are called; the stack of an error begins where `from` was called
 * @returns {Record<Name, {} | undefined>}
 * @throws {MonoCloudValidationError} where `options` is no object, has another option, or can't be read
 */
function readOptions(options, names, { what, from, name = 'options' }) {
  const record = create(null);
  if (options === undefined || options === null) {
    for (let i = 0; i < names.length; i += 1) record[names[i]] = undefined;
    return record;
  }
  const chain = chainOf(options, name, from);
  const unknown = unknownKey(chain, names, name, from);
  if (unknown !== undefined) throw refusal(unknownOption(what, unknown, names), from);
  for (let i = 0; i < names.length; i += 1) {
    record[names[i]] = read(options, chain, names[i], name, from);
  }
  return record;
}

/**
 * One member of an object by the same rules, whatever else the object has.
 * @param {object} object
 * @param {string} name
 * @param {Function} from
 */
function readMember(object, name, from) {
  return read(object, chainOf(object, 'options', from), name, 'options', from);
}

/**
 * @param {string} message
 * @param {Function} from
 */
function refusal(message, from) {
  const error = new MonoCloudValidationError(message);
  captureStackTrace(error, from);
  return error;
}

/** @typedef {{ holder: object, next: Link | undefined }} Link */

/**
 * The objects whose members count, as a linked list: first `options`, then its prototypes.
 * @param {{}} options
 * @param {string} name
 * @param {Function} from
 */
function chainOf(options, name, from) {
  try {
    if (typeof options === 'object' && !isArray(options)) {
      /** @type {Link} */
      const first = { holder: options, next: undefined };
      let last = first;
      for (let count = 0; count < MOST_PROTOTYPES; count += 1) {
        const holder = getPrototypeOf(last.holder);
        if (holder === ObjectPrototype || holder === null || isForeignRoot(holder)) return first;
        last.next = { holder, next: undefined };
        last = last.next;
      }
      throw new RangeError('Too many prototypes');
    }
  } catch {
    // A revoked proxy, or a trap that throws.
    throw refusal(`"${name}" can't be read`, from);
  }
  throw refusal(`"${name}" must be an object`, from);
}

/**
 * Whether an object is the `Object.prototype` of another realm.
 * @param {object} holder
 */
function isForeignRoot(holder) {
  return (
    hasOwn(holder, 'isPrototypeOf') &&
    hasOwn(holder, 'hasOwnProperty') &&
    getPrototypeOf(holder) === null
  );
}

/**
 * The first member that is no option. A value of `undefined` makes no difference: the name is wrong.
 * @param {Link} chain
 * @param {readonly string[]} names
 * @param {string} name
 * @param {Function} from
 */
function unknownKey(chain, names, name, from) {
  try {
    for (let link = /** @type {Link | undefined} */ (chain); link !== undefined; link = link.next) {
      const keys = ownKeys(link.holder);
      for (let i = 0; i < keys.length; i += 1) {
        const key = keys[i];
        if (typeof key !== 'string' || isOneOf(names, key)) continue;
        if (link === chain || isMember(link.holder, key)) return key;
      }
    }
    return undefined;
  } catch {
    throw refusal(`"${name}" can't be read`, from);
  }
}

/**
 * @param {readonly string[]} names
 * @param {string} key
 */
function isOneOf(names, key) {
  for (let i = 0; i < names.length; i += 1) if (names[i] === key) return true;
  return false;
}

/**
 * Of a class's prototype its getters are members; its methods, which are not enumerable, are none.
 * @param {object} prototype
 * @param {string} key
 */
function isMember(prototype, key) {
  if (key === 'constructor') return false;
  const descriptor = getOwnPropertyDescriptor(prototype, key);
  return descriptor !== undefined && (descriptor.enumerable || hasOwn(descriptor, 'get'));
}

/**
 * @param {{}} options
 * @param {Link} chain
 * @param {string} name
 * @param {string} of what the options are called
 * @param {Function} from
 */
function read(options, chain, name, of, from) {
  try {
    for (let link = /** @type {Link | undefined} */ (chain); link !== undefined; link = link.next) {
      // Directly before the read, so that no getter of another option comes between.
      if (hasOwn(link.holder, name)) return get(link.holder, name, options) ?? undefined;
    }
    // A proxy may answer for a name that it does not list; to leave its `scopes` out would open a route.
    const isAnswering = isProxy(options) && !hasOwn(ObjectPrototype, name);
    return isAnswering ? (get(options, name) ?? undefined) : undefined;
  } catch {
    throw refusal(`"${of === 'options' ? name : `${of}.${name}`}" can't be read`, from);
  }
}

// ---------------------------------------------------------------------------------------------
// What is said about an option that does not exist
// ---------------------------------------------------------------------------------------------

/**
 * @param {string} what
 * @param {string} key
 * @param {readonly string[]} names
 */
function unknownOption(what, key, names) {
  const shown = JSON.stringify(
    key.length > LONGEST_SHOWN ? `${key.slice(0, LONGEST_SHOWN)}…` : key,
  );
  const meant = nearest(key, names);
  const hint = meant === undefined ? `it has ${names.join(', ')}` : `did you mean "${meant}"?`;
  return `${what} has no option ${shown}; ${hint}`;
}

/**
 * The name that a key is most likely a misspelling of: of three letters one may be wrong.
 * @param {string} key
 * @param {readonly string[]} names
 */
function nearest(key, names) {
  if (key.length > LONGEST_SHOWN) return undefined;
  let meant;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const changes = distance(key.toLowerCase(), name.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(key.length, name.length) / 3));
    if (changes <= allowed && changes < least) {
      meant = name;
      least = changes;
    }
  }
  return meant;
}

/**
 * The Damerau-Levenshtein distance (optimal string alignment): how many letters have to be replaced,
 * added, removed or swapped with their neighbour to make one text of another.
 * @param {string} from
 * @param {string} to
 */
function distance(from, to) {
  /** @type {number[]} */
  let beforeLast = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = last[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      let changes = Math.min(replaced, last[j] + 1, row[j - 1] + 1);
      // Before the first letter there is `undefined`, which equals none.
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) changes = Math.min(changes, beforeLast[j - 2] + 1);
      row.push(changes);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length];
}

module.exports = { distance, readMember, readOptions };
