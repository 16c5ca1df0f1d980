'use strict';

// Claims of tokens that come again and again. Each request gets an object of its own; copying one
// that was parsed before takes a tenth of the time that parsing its text again would.

/** Deeper claims are parsed each time: a copy of them would gain nothing. */
const DEEPEST = 4;

/** What a template takes of memory: for each character of its JSON, and beside that. */
const BYTES_PER_CHARACTER = 1.2;
const BYTES_PER_TEMPLATE = 500;

/** Not for claims of more than this: few are that large, and they would push out many others. */
const LONGEST = 8192;

/**
 * One in so many that come is kept: those that come often get there, and for the others it would not pay.
 * To keep claims costs what parsing them ten times does, most of it later, in the garbage collector.
 */
const ADMITTED = 16;

class Templates {
  // In the order in which they came, or were passed over by the hand because they had been used since
  // it last came by (the CLOCK algorithm). The hand is an iterator, which a Map lets go on whatever
  // is added and deleted meanwhile.
  #templates = new Map();
  #hand = this.#templates.entries();
  #bytes = 0;
  #most;
  #turnedAway = 0;

  /** `most`: bytes. */
  constructor(most) {
    this.#most = most;
  }

  /** A fresh object of the claims that are known by this number; `undefined` where none are. */
  copy(number) {
    const template = this.#templates.get(number);
    if (template === undefined) return undefined;
    template.used = true;
    return copyTemplate(template);
  }

  /** Keeps claims, where they are worth it. They belong to this class from here on: use the result. */
  keep(number, claims, length) {
    const bytes = length * BYTES_PER_CHARACTER + BYTES_PER_TEMPLATE;
    if (length > LONGEST || bytes > this.#most || !this.#admits()) return claims;
    const nested = nestedOf(claims);
    if (nested === undefined) return claims;
    while (this.#bytes + bytes > this.#most) this.#moveHand();
    const template = { claims, nested, bytes, used: false };
    this.#templates.set(number, template);
    this.#bytes += bytes;
    return copyTemplate(template);
  }

  #admits() {
    this.#turnedAway = (this.#turnedAway + 1) % ADMITTED;
    return this.#turnedAway === 0;
  }

  /** One step on: makes room, or takes note. */
  #moveHand() {
    const { value, done } = this.#hand.next();
    if (done) {
      this.#hand = this.#templates.entries();
      return;
    }
    const [number, template] = value;
    this.#templates.delete(number);
    if (template.used) {
      template.used = false;
      this.#templates.set(number, template);
    } else {
      this.#bytes -= template.bytes;
    }
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
