'use strict';

// Where cached claims come from: `'introspected'` (the tenant's answer, RFC 7662) or `'validated'` (a JWT,
// verified here). Our own client marks the claims that it hands to a cache; our own caches store the mark
// with the entry and mark what they return. Claims of any other cache have no mark.

const { weakMapGet, weakMapSet } = require('./collections.js');

const { freeze } = Object;

/** @typedef {'introspected' | 'validated'} Provenance */

const INTROSPECTED = 'introspected';
const VALIDATED = 'validated';

/**
 * By object: nobody outside this module can add a mark, and a copy has none.
 * @type {WeakMap<object, Provenance>}
 */
const marks = new WeakMap();

/**
 * Marks a claims object. Another provenance than the two, `undefined` for one, leaves it without a mark.
 * @param {object} claims
 * @param {Provenance | undefined} provenance
 */
function mark(claims, provenance) {
  if (provenance === INTROSPECTED || provenance === VALIDATED)
    weakMapSet(marks, claims, provenance);
}

/**
 * The mark of what a cache returned; `undefined` where it has none, or is no object.
 * @param {unknown} claims
 * @returns {Provenance | undefined}
 */
function of(claims) {
  return weakMapGet(marks, claims);
}

module.exports = freeze({ INTROSPECTED, VALIDATED, mark, of });
