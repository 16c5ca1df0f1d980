'use strict';

// Whether a value is what a type says: members that must be there are there with their types, and nothing
// is there that the type does not know.

const ts = require('typescript');

const { TypeFlags, SymbolFlags } = ts;

/** Classes that the platform describes: their members are not ours to check. */
const BUILT_IN = new Set(['AbortSignal', 'ArrayBuffer', 'CryptoKey', 'Set', 'URL', 'Uint8Array']);

const PRIMITIVES = [
  [TypeFlags.StringLike, 'string'],
  [TypeFlags.NumberLike, 'number'],
  [TypeFlags.BooleanLike, 'boolean'],
  [TypeFlags.BigIntLike, 'bigint'],
  [TypeFlags.ESSymbolLike, 'symbol'],
];

/** The names that a value has for whoever uses it: its own, and its class's. */
function namesOf(value) {
  const names = new Set();
  for (let at = value; at && at !== Object.prototype && at !== Error.prototype; ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name !== 'constructor') names.add(name);
    }
    at = Object.getPrototypeOf(at);
  }
  return names;
}

class Conformity {
  #checker;
  /** Words that some value was, and names of members that some value had. */
  words = new Set();

  constructor(checker) {
    this.#checker = checker;
  }

  /** What is wrong with a value, where it is: nothing is an empty list. */
  problems(value, type, at) {
    const wrong = (what) => [`${at}: ${what} is no ${this.#checker.typeToString(type)}`];
    if (type.flags & (TypeFlags.Any | TypeFlags.Unknown)) return [];
    if (type.isUnion()) return this.#union(value, type, at);
    if (value === undefined || value === null) {
      const flag = value === undefined ? TypeFlags.Undefined | TypeFlags.Void : TypeFlags.Null;
      return type.flags & flag ? [] : wrong(String(value));
    }
    if (type.isLiteral()) {
      if (value !== type.value) return wrong(JSON.stringify(value));
      this.words.add(value);
      return [];
    }
    if (type.flags & TypeFlags.BooleanLiteral) {
      return String(value) === type.intrinsicName ? [] : wrong(String(value));
    }
    for (const [flag, name] of PRIMITIVES) {
      if (type.flags & flag) return typeof value === name ? [] : wrong(typeof value);
    }
    // `object`, `string & {}`
    if (type.flags & TypeFlags.NonPrimitive)
      return typeof value === 'object' ? [] : wrong(typeof value);
    return this.#object(value, type, at, wrong);
  }

  #union(value, type, at) {
    let first;
    for (const member of type.types) {
      const problems = this.problems(value, member, at);
      if (problems.length === 0) return [];
      first ??= problems;
    }
    return type.types.length > 2
      ? [`${at}: ${typeof value} is no ${this.#checker.typeToString(type)}`]
      : first;
  }

  #object(value, type, at, wrong) {
    const checker = this.#checker;
    if (checker.isTupleType(type) || checker.isArrayType(type)) {
      if (!Array.isArray(value)) return wrong(typeof value);
      const types = checker.getTypeArguments(type);
      return value.flatMap((element, index) =>
        this.problems(element, types[Math.min(index, types.length - 1)], `${at}[${index}]`),
      );
    }
    if (type.getCallSignatures().length > 0) {
      return typeof value === 'function' ? [] : wrong(typeof value);
    }
    if (typeof value !== 'object') return wrong(typeof value);
    if (BUILT_IN.has(type.symbol?.name)) {
      const { name } = value.constructor;
      return name === type.symbol.name ? [] : wrong(name);
    }
    return this.#members(value, type, at);
  }

  #members(value, type, at) {
    const checker = this.#checker;
    const problems = [];
    const known = new Set();
    for (const property of checker.getPropertiesOfType(type)) {
      const { name } = property;
      // `[Symbol.asyncDispose]`
      const symbol = /^__@(\w+)@\d+$/.exec(name)?.[1];
      const member = symbol ? value[Symbol[symbol]] : value[name];
      known.add(name);
      if (member === undefined && property.flags & SymbolFlags.Optional) continue;
      const declared = checker.getTypeOfSymbol(property);
      problems.push(...this.problems(member, declared, `${at}.${symbol ?? name}`));
      if (member !== undefined) this.words.add(name);
    }
    // A subclass has more than its parent.
    if (type.isClass() && value.constructor.name !== type.symbol.name) return problems;
    const index = checker.getIndexInfosOfType(type)[0];
    for (const name of namesOf(value)) {
      if (known.has(name)) continue;
      if (index) {
        problems.push(...this.problems(value[name], index.type, `${at}.${name}`));
      } else {
        problems.push(`${at}.${name} is not in ${checker.typeToString(type)}`);
      }
    }
    return problems;
  }
}

module.exports = { Conformity };
