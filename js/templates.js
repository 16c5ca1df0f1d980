'use strict';

// Claims of tokens that come again and again. Each request gets an object of its own; copying one
// that was parsed before takes a tenth of the time that parsing its text again would.

/** Deeper claims are parsed each time: a copy of them would gain nothing. */
const DEEPEST = 4;

/** What an object and its strings take of memory, for each character of its JSON, and beside that. */
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_TEMPLATE = 512;

/** Not for claims of more than this: few are that large, and they would push out many others. */
const LONGEST = 8192;

class Templates {
  // Two generations: when the young one has had its half of the memory, it becomes the old one, and
  // what nobody asked for since the last time is gone.
  #young = new Map();
  #old = new Map();
  #bytes = 0;
  #most;

  /** `most`: bytes. */
  constructor(most) {
    this.#most = most / 2;
  }

  /** A fresh object of the claims that are known by this number; `undefined` where none are. */
  copy(number) {
    const template = this.#young.get(number) ?? this.#revive(number);
    return template && copyTemplate(template);
  }

  /** Keeps claims, where they are worth it. They belong to this class from here on: use the result. */
  keep(number, claims, length) {
    const bytes = length * BYTES_PER_CHARACTER + BYTES_PER_TEMPLATE;
    const nested = length <= LONGEST && bytes <= this.#most ? nestedOf(claims) : undefined;
    if (nested === undefined) return claims;
    const template = { claims, nested, bytes };
    this.#put(number, template);
    return copyTemplate(template);
  }

  #revive(number) {
    const template = this.#old.get(number);
    if (template !== undefined) {
      this.#old.delete(number);
      this.#put(number, template);
    }
    return template;
  }

  #put(number, template) {
    if (this.#bytes + template.bytes > this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(number, template);
    this.#bytes += template.bytes;
  }
}

/** The members that hold objects; `undefined` where those are deep. */
function nestedOf(claims) {
  const names = Object.keys(claims).filter((name) => isObject(claims[name]));
  return names.every((name) => depthOf(claims[name]) <= DEEPEST) ? names : undefined;
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/** No further down than matters. */
function depthOf(value, most = DEEPEST) {
  if (!isObject(value)) return 0;
  if (most === 0) return 1;
  return 1 + Math.max(0, ...Object.values(value).map((member) => depthOf(member, most - 1)));
}

function copyTemplate({ claims, nested }) {
  const copy = { ...claims };
  // Each is an own property already, `__proto__` too: nothing inherited is set by this.
  for (const name of nested) copy[name] = copyValue(claims[name]);
  return copy;
}

function copyValue(value) {
  if (!isObject(value)) return value;
  if (Array.isArray(value)) return value.map(copyValue);
  const copy = { ...value };
  for (const name of Object.keys(value)) {
    if (isObject(value[name])) copy[name] = copyValue(value[name]);
  }
  return copy;
}

module.exports = { Templates };
