'use strict';

// The client's options and environment, each read once and described by its type. The rules on their values
// are the core's (src/config); here JavaScript's types are told apart.

/**
 * @import { GivenOption } from '../binding.js'
 * @import { Place } from './stack.js'
 */

const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('./options-reader.js');
const { readResourceMetadata } = require('./resource-metadata.js');
const { environmentNames, optionTable } = require('./bridge.js');
const { withStack } = require('./stack.js');

const { isArray } = Array;
const { create, hasOwn, keys, setPrototypeOf } = Object;
const { stringify } = JSON;

/** Top-level names, and those of an entry of `issuers`; the groups have members that are options. */
const OPTIONS = optionTable.map(({ name }) => name);
/** @param {string} path */
const isTop = (path) => !path.includes('.');
const TOP = OPTIONS.filter(isTop);
const ISSUER_TOP = OPTIONS.filter((_, index) => optionTable[index].isOfAnIssuer).filter(isTop);
/** Options that have options of their own. */
const GROUPS = ['groupOptions', 'tls', 'dpop', 'dpop.nonce'];
/** Objects of the caller's own classes, of which methods are called. */
const CALLERS_OBJECTS = ['cache', 'dpop.replayStore'];
const MOST_ISSUERS = 1000;

/** @typedef {Map<string, unknown>} Values options by path, such as `groupOptions.matchAll` */

/** @param {string} group */
const membersOf = (group) =>
  OPTIONS.filter((path) => path.startsWith(`${group}.`))
    .map((path) => path.slice(group.length + 1))
    .filter(isTop);

/**
 * @param {string} message
 * @param {Place} from
 */
function refusal(message, from) {
  return withStack(new MonoCloudValidationError(message), from);
}

/**
 * Reads the options of a client: a map from path to value, `groupOptions.matchAll` for nested ones. The value
 * of `issuers` is a list of such maps.
 * @param {unknown} options
 * @param {{ what: string, from: Function }} where
 * @returns {Values}
 */
function readClientOptions(options, { what, from }) {
  const record = readOptions(options, TOP, { what, from });
  const values = withMembers(record, '', '', from);
  values.set('issuers', readIssuers(record.issuers, from));
  values.set('resourceMetadata', readResourceMetadata(record.resourceMetadata, from));
  for (const path of CALLERS_OBJECTS) {
    const object = values.get(path);
    if (typeof object !== 'object') continue;
    for (const name of membersOf(path)) {
      values.set(`${path}.${name}`, readMethod(object, name, path, from));
    }
  }
  return values;
}

/**
 * Options by path, with the members of the groups among them.
 * @param {Record<string, {} | undefined>} record
 * @param {string} group the path of the options in `record`, with a dot at its end
 * @param {string} place what stands before a path in messages
 * @param {Function} from
 * @returns {Values}
 */
function withMembers(record, group, place, from) {
  const values = new Map();
  for (const name of keys(record)) {
    const path = group + name;
    const value = record[name];
    values.set(path, value);
    // The core refuses a group that is no object.
    if (!GROUPS.includes(path) || typeof value !== 'object') continue;
    const shown = place + path;
    const members = readOptions(value, membersOf(path), { what: `"${shown}"`, from, name: shown });
    for (const [member, own] of withMembers(members, `${path}.`, place, from)) {
      values.set(member, own);
    }
  }
  return values;
}

/**
 * The entries of `issuers`, each as options by path. Read by index: an iterator can be replaced.
 * @param {unknown} given
 * @param {Function} from
 */
function readIssuers(given, from) {
  if (given === undefined) return undefined;
  /** @type {unknown[]} */
  const entries = [];
  try {
    if (!isArray(given) || given.length > MOST_ISSUERS) throw new TypeError();
    for (let index = 0; index < given.length; index += 1) entries[index] = given[index];
  } catch {
    throw refusal(`"issuers" must be a list of at most ${MOST_ISSUERS} objects`, from);
  }
  return entries.map((entry, index) => {
    const name = `issuers[${index}]`;
    if (typeof entry !== 'object' || entry === null)
      throw refusal(`"${name}" must be an object`, from);
    const record = readOptions(entry, ISSUER_TOP, { what: `"${name}"`, from, name });
    return withMembers(record, '', `${name}.`, from);
  });
}

/**
 * A method of an object of the caller's own class, which is no set of options.
 * @param {object | null} object
 * @param {string} name
 * @param {string} path
 * @param {Function} from
 */
function readMethod(object, name, path, from) {
  try {
    // Whatever is there: the core looks at its kind.
    return /** @type {Record<string, unknown>} */ (object)[name];
  } catch {
    throw refusal(`"${path}.${name}" can't be read`, from);
  }
}

/**
 * A value and its JavaScript type, as a record without a prototype.
 * @param {string} name
 * @param {unknown} value
 * @returns {GivenOption}
 */
function describe(name, value) {
  const kind = typeof value;
  /** @type {GivenOption & { __proto__: null }} */
  const described = { __proto__: null, name, kind };
  if (typeof value === 'string') described.text = value;
  else if (typeof value === 'number') described.number = value;
  else if (typeof value === 'boolean') described.flag = value;
  else if (kind === 'object' && AS_JSON.includes(name)) described.text = toJson(value);
  return described;
}

/** Options that may be objects which the core reads as a whole. */
const AS_JSON = ['clientSecret', 'audience', 'clientIds', 'requiredClaims', 'dpop.algorithms'];

/** @param {Values} values */
function describeAll(values) {
  const described = [];
  for (const [name, value] of values) {
    if (name !== 'issuers') described.push(describe(name, value));
  }
  return described;
}

/**
 * A value as JSON; what has no JSON becomes a text that is none, which the core refuses. Written from a copy
 * without prototypes: a `toJSON` of `Object.prototype` would take requirements away.
 * @param {unknown} value
 */
function toJson(value) {
  try {
    return stringify(withoutPrototype(value)) ?? '';
  } catch {
    return '';
  }
}

/**
 * @param {unknown} value
 * @returns {unknown}
 */
function withoutPrototype(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) {
    // Without its prototype first, so that no setter for an index is there to keep an element.
    const copy = setPrototypeOf([], null);
    for (let i = 0; i < value.length; i += 1) copy[i] = withoutPrototype(value[i]);
    return copy;
  }
  const from = /** @type {Record<string, unknown>} */ (value);
  const copy = create(null);
  const names = keys(from);
  for (let i = 0; i < names.length; i += 1) copy[names[i]] = withoutPrototype(from[names[i]]);
  return copy;
}

/**
 * The environment variables that are read, as pairs; those of this package only for the class that is
 * configured by them.
 * @param {boolean} own
 */
function readEnvironment(own) {
  const pairs = [];
  for (const name of environmentNames) {
    if (!own && name.startsWith('MONOCLOUD_')) continue;
    const value = hasOwn(process.env, name) ? process.env[name] : undefined;
    if (typeof value === 'string') pairs.push([name, value]);
  }
  return pairs;
}

module.exports = {
  CLIENT_OPTIONS: TOP,
  describe,
  describeAll,
  readClientOptions,
  readEnvironment,
  refusal,
  toJson,
};
