'use strict';

// Checks of the options of a test tenant. An error says which option is wrong.

/** @import { TestTenantAlgorithm } from './index.d.ts' */

/**
 * An array of bounded length.
 * @param {unknown} value
 * @returns {boolean}
 */
function isList(value) {
  return Array.isArray(value) && value.length <= 100_000;
}

/**
 * @param {string} where
 * @param {object} options
 * @param {string[]} known
 */
function checkNames(where, options, known) {
  checkObject(`${where}() options`, options);
  // With `scope` in place of `scopes`, the token would have none, and a test could pass for the wrong reason.
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`${where}() has no option "${unknown}"; it has ${known.join(', ')}`);
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function checkObject(name, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`"${name}" must be an object`);
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function checkString(name, value) {
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(`"${name}" must be a non-empty string`);
  }
}

/**
 * @param {string} name
 * @param {TestTenantAlgorithm} alg
 * @param {readonly TestTenantAlgorithm[]} known
 */
function checkAlgorithm(name, alg, known) {
  if (!known.includes(alg)) {
    throw new TypeError(`"${name}" must be one of ${known.join(', ')}`);
  }
}

module.exports = { checkAlgorithm, checkNames, checkObject, checkString, isList };
