'use strict';

// The environment variables that are set, without secret values.

const { distance } = require('../core/options-reader.js');

const PREFIX = 'MONOCLOUD_BACKEND_';

function nearest(name, known) {
  const byDistance = known.map((other) => [distance(name, other), other]);
  const [[changes, other]] = byDistance.sort(([a], [b]) => a - b);
  return changes <= Math.max(3, name.length - PREFIX.length) / 2 + 1 ? other : undefined;
}

/** A value for display. A secret's is replaced by its length. */
function shown(name, value) {
  const isSecret = /SECRET/.test(name) || /\/\/[^/]*@/.test(value);
  return isSecret ? `set, ${value.length} characters` : JSON.stringify(value);
}

/** A probable mistake in a value. */
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
  const variables = known
    .filter((name) => set.includes(name))
    .map((name) => ({ name, value: shown(name, environment[name]) }));
  const warnings = [];
  for (const name of set.sort()) {
    if (!known.includes(name)) {
      const meant = nearest(name, known);
      const hint = meant === undefined ? '' : `; do you mean ${meant}?`;
      warnings.push(`${name} is not read${hint}`);
    } else if (mistakeIn(environment[name]) !== undefined) {
      warnings.push(`${name} ${mistakeIn(environment[name])}`);
    }
  }
  // Variables without our prefix: proxies, certificates.
  const others = names.filter((name) => !name.startsWith(PREFIX) && environment[name]);
  return { variables, warnings, others };
}

module.exports = { readVariables };
