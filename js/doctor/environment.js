'use strict';

// What the environment says, without what is secret in it.

const { distance } = require('../core/options-reader.js');

const PREFIX = 'MONOCLOUD_BACKEND_';

/**
 * @param {string} name
 * @param {string[]} known
 */
function nearest(name, known) {
  /** @type {[number, string][]} */
  const rated = known.map((other) => [distance(name, other), other]);
  const [[changes, other]] = rated.sort(([a], [b]) => a - b);
  return changes <= Math.max(3, name.length - PREFIX.length) / 2 + 1 ? other : undefined;
}

/**
 * A value as it may be shown.
 * @param {string} name
 * @param {string} value
 */
function shown(name, value) {
  const isSecret = /SECRET/.test(name) || /\/\/[^/]*@/.test(value);
  return isSecret ? `set, ${value.length} characters` : JSON.stringify(value);
}

/**
 * What somebody did not mean to put into a value.
 * @param {string} value
 */
function oddity(value) {
  if (/^(["']).*\1$/s.test(value)) return 'has quotes around it, which are part of the value';
  if (value !== value.trim()) return 'has white space around it, which is part of the value';
  return undefined;
}

/**
 * The variables of this package that are set.
 * @param {Record<string, string | undefined>} environment
 * @param {string[]} names all that are read
 */
function readVariables(environment, names) {
  const known = names.filter((name) => name.startsWith(PREFIX));
  const set = Object.keys(environment).filter(
    (name) => name.startsWith(PREFIX) && environment[name] !== '',
  );
  /** @param {string} name one that is set */
  const given = (name) => environment[name] ?? '';
  const variables = known
    .filter((name) => set.includes(name))
    .map((name) => ({ name, value: shown(name, given(name)) }));
  /** @type {string[]} */
  const warnings = [];
  for (const name of set.sort()) {
    if (!known.includes(name)) {
      const meant = nearest(name, known);
      const hint = meant === undefined ? '' : `; do you mean ${meant}?`;
      warnings.push(`${name} is not read${hint}`);
    } else if (oddity(given(name)) !== undefined) {
      warnings.push(`${name} ${oddity(given(name))}`);
    }
  }
  // With others than ours in between: whoever looks for a proxy finds it here.
  const others = names.filter((name) => !name.startsWith(PREFIX) && environment[name]);
  return { variables, warnings, others };
}

module.exports = { readVariables };
