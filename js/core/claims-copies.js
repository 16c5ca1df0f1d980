'use strict';

// Copies of the claims of tokens that come again. Each request gets an object of its own; to copy one that
// was parsed before takes a tenth of the time of parsing its text again.

/**
 * @import { AccessTokenClaims } from '../../index.d.ts'
 * @import { OwnMapOf } from './collections.js'
 */

const { OwnMap } = require('./collections.js');

const { isArray } = Array;
const { slice } = Array.prototype;
const { apply } = Reflect;

/** Deeper claims are parsed each time: copying them is no faster. */
const DEEPEST = 4;

/** The memory that an entry takes: for each character of its JSON, and in addition. */
const BYTES_PER_CHARACTER = 1.2;
const BYTES_PER_TEMPLATE = 500;

/** Longer claims, in characters, are not kept: they are few, and would displace many others. */
const LONGEST = 8192;

/**
 * @typedef {{ lists: string[], others: string[] }} Nested names of members that hold arrays of texts and numbers, and other objects
 * @typedef {{ claims: AccessTokenClaims, nested: Nested, bytes: number, used: boolean }} Original
 */

class ClaimsCopies {
  /**
   * The CLOCK algorithm: entries in the order in which they came or were last spared. The hand is an
   * iterator, which stays valid while a Map changes.
   * @type {OwnMapOf<number, Original>}
   */
  #originals = new OwnMap();
  #hand = this.#originals.entries();
  #bytes = 0;
  /** @type {number} */
  #most;
  /** @type {(number: number, isKept: boolean) => void} */
  #tell;

  /**
   * @param {number} most bytes
   * @param {(number: number, isKept: boolean) => void} tell is told which claims are kept
   */
  constructor(most, tell) {
    this.#most = most;
    this.#tell = tell;
  }

  /**
   * A new object of the claims that are kept under a number; `undefined` where none are.
   * @param {number} number
   */
  copy(number) {
    const original = this.#originals.get(number);
    if (original === undefined) return undefined;
    original.used = true;
    return copyOriginal(original);
  }

  /**
   * Keeps claims where they are not too long. Takes the object over: the caller uses the result.
   * @param {number} number
   * @param {AccessTokenClaims} claims
   * @param {number} length
   */
  keep(number, claims, length) {
    const bytes = length * BYTES_PER_CHARACTER + BYTES_PER_TEMPLATE;
    if (length > LONGEST || bytes > this.#most) return claims;
    const nested = nestedOf(claims);
    if (nested === undefined) return claims;
    while (this.#bytes + bytes > this.#most) this.#moveHand();
    const original = { claims, nested, bytes, used: false };
    this.#originals.set(number, original);
    this.#bytes += bytes;
    this.#tell(number, true);
    return copyOriginal(original);
  }

  /** Moves the hand by one entry, which it evicts or spares. */
  #moveHand() {
    const { value, done } = this.#hand.next();
    if (done) {
      this.#hand = this.#originals.entries();
      return;
    }
    const [number, original] = value;
    this.#originals.delete(number);
    if (original.used) {
      original.used = false;
      this.#originals.set(number, original);
    } else {
      this.#bytes -= original.bytes;
      this.#tell(number, false);
    }
  }
}

/**
 * The members that hold objects; `undefined` where one is too deep.
 * @param {AccessTokenClaims} claims
 * @returns {Nested | undefined}
 */
function nestedOf(claims) {
  /** @type {Nested} */
  const nested = { lists: [], others: [] };
  for (const name of Object.keys(claims).filter((name) => isObject(claims[name]))) {
    const depth = depthOf(claims[name]);
    if (depth > DEEPEST) return undefined;
    (depth === 1 && isArray(claims[name]) ? nested.lists : nested.others).push(name);
  }
  return nested;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * The depth of a value, counted no further than `most`.
 * @param {unknown} value
 * @returns {number}
 */
function depthOf(value, most = DEEPEST) {
  if (!isObject(value)) return 0;
  if (most === 0) return 1;
  return 1 + Math.max(0, ...Object.values(value).map((member) => depthOf(member, most - 1)));
}

/** @param {Original} original */
function copyOriginal({ claims, nested }) {
  const copy = { ...claims };
  // Each is an own property already, `__proto__` too: nothing inherited is set by this.
  for (const name of nested.lists) copy[name] = apply(slice, claims[name], []);
  for (const name of nested.others) copy[name] = copyValue(claims[name]);
  return copy;
}

/**
 * @param {unknown} value
 * @returns {unknown}
 */
function copyValue(value) {
  if (!isObject(value)) return value;
  if (isArray(value)) return value.map(copyValue);
  const copy = { ...value };
  for (const name of Object.keys(value)) {
    if (isObject(value[name])) copy[name] = copyValue(value[name]);
  }
  return copy;
}

module.exports = { ClaimsCopies };
