'use strict';

// The client's options and environment, each read once and described by its type. The rules on their values
// are the core's (src/config); here JavaScript's types are told apart.

const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('./options-reader.js');
const { environmentNames, optionNames } = require('./bridge.js');
const { withStack } = require('./stack.js');

const { hasOwn } = Object;
const { stringify } = JSON;

/** Top-level names, and the names of the members of those that are groups of options. */
const TOP = optionNames.filter((path) => !path.includes('.'));
const GROUPS = ['groupOptions', 'tls'];
const CACHE_METHODS = ['get', 'set', 'delete'];

const membersOf = (group) =>
  optionNames
    .filter((path) => path.startsWith(`${group}.`))
    .map((path) => path.slice(group.length + 1));

function refusal(message, from) {
  return withStack(new MonoCloudValidationError(message), from);
}

/** Reads the options of a client: a map from path to value, `groupOptions.matchAll` for nested ones. */
function readClientOptions(options, { what, from }) {
  return withMembers(readOptions(options, TOP, { what, from }), from);
}

/** The same from a record that `readOptions` made. */
function withMembers(record, from) {
  const values = new Map();
  for (const name of TOP) values.set(name, record[name]);
  for (const group of GROUPS) {
    const given = values.get(group);
    // The core refuses what is no object.
    if (typeof given !== 'object') continue;
    const members = readOptions(given, membersOf(group), { what: `"${group}"`, from, name: group });
    for (const name of Object.keys(members)) values.set(`${group}.${name}`, members[name]);
  }
  const cache = values.get('cache');
  if (typeof cache === 'object') {
    for (const name of CACHE_METHODS) values.set(`cache.${name}`, readMethod(cache, name, from));
  }
  return values;
}

/** A method of the caller's cache, which is an object of the caller's own class and no set of options. */
function readMethod(cache, name, from) {
  try {
    return cache[name];
  } catch {
    throw refusal(`"cache.${name}" can't be read`, from);
  }
}

/** A value and its JavaScript type, as a record without a prototype. */
function describe(name, value) {
  const kind = typeof value;
  const described = { __proto__: null, name, kind };
  if (kind === 'string') described.text = value;
  else if (kind === 'number') described.number = value;
  else if (kind === 'boolean') described.flag = value;
  // Only a secret may be an object that matters as a whole.
  else if (kind === 'object' && name === 'clientSecret') described.text = toJson(value);
  return described;
}

function describeAll(values) {
  return Array.from(values, ([name, value]) => describe(name, value));
}

/** A value as JSON; what has no JSON becomes a text that is none, which the core refuses. */
function toJson(value) {
  try {
    return stringify(value) ?? '';
  } catch {
    return '';
  }
}

/**
 * The environment variables that are read, as pairs; those of this package only for the class that is
 * configured by them.
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
  withMembers,
};
