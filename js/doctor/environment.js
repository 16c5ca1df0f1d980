'use strict';

// The environment variables that are set, without secret values.

const { distance } = require('../core/options-reader.js');

const PREFIX = 'MONOCLOUD_BACKEND_';

/**
 * @param {string} name
 * @param {string[]} known
 */
function nearest(name, known) {
  /** @type {[number, string][]} */
  const byDistance = known.map((other) => [distance(name, other), other]);
  const [[changes, other]] = byDistance.sort(([a], [b]) => a - b);
  return changes <= Math.max(3, name.length - PREFIX.length) / 2 + 1 ? other : undefined;
}

/**
 * A value for display. A secret's is replaced by its length.
 * @param {string} name
 * @param {string} value
 */
function shown(name, value) {
  const isSecret = /SECRET/.test(name) || /\/\/[^/]*@/.test(value);
  return isSecret ? `set, ${value.length} characters` : JSON.stringify(value);
}

/**
 * A probable mistake in a value.
 * @param {string} value
 */
function mistakeIn(value) {
  if (/^(["']).*\1$/s.test(value)) return 'has quotes around it, which are part of the value';
  if (value !== value.trim()) return 'has white space around it, which is part of the value';
  return undefined;
}

/**
 * The variables of this package that are set.
 * @param {Record<string, string | undefined>} environment
 * @param {string[]} names all variables that are read
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
    } else if (mistakeIn(given(name)) !== undefined) {
      warnings.push(`${name} ${mistakeIn(given(name))}`);
    }
  }
  // Variables without our prefix: proxies, certificates.
  const others = names.filter((name) => !name.startsWith(PREFIX) && environment[name]);
  return { variables, warnings, others };
}

module.exports = { readVariables };
