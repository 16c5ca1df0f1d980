'use strict';

// What code in the same process may do to what all of it shares. Each attack: a function that does it and
// returns one that undoes it. A method that is replaced misbehaves for this package alone, so that the
// frameworks, the tenant and the test go on working.

const path = require('node:path');

const OURS = path.join(__dirname, '..', '..', '..', 'js') + path.sep;
const TENANT = path.join(OURS, 'testing') + path.sep;

let looking = false;

/** Whether the package called the function that asks. */
function calledByUs() {
  if (looking) return false;
  looking = true;
  const { stackTraceLimit } = Error;
  try {
    // This function, the replacement, its caller, or a built-in between.
    Error.stackTraceLimit = 4;
    const stack = String(new Error().stack);
    return stack.indexOf(OURS) >= 0 && stack.indexOf(TENANT) < 0;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    looking = false;
  }
}

const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;

/** Replaces `holder[name]` by what does `evil(original, args)` where the package calls it. */
function replace(holder, name, evil) {
  return () => {
    const before = getOwnPropertyDescriptor(holder, name);
    const original = before.value;
    defineProperty(holder, name, {
      ...before,
      value: function replaced(...given) {
        return calledByUs() ? apply(evil, this, [original, given]) : apply(original, this, given);
      },
    });
    return () => defineProperty(holder, name, before);
  };
}

function pollute(names, value, enumerable) {
  return () => {
    for (const name of names) {
      if (getOwnPropertyDescriptor(Object.prototype, name)) throw new Error(`${name} is there`);
      defineProperty(Object.prototype, name, {
        value,
        enumerable,
        configurable: true,
        writable: true,
      });
    }
    return () => {
      for (const name of names) delete Object.prototype[name];
    };
  };
}

const EVIL_CLAIMS = { sub: 'eve', scope: 'read admin', groups: ['staff'], active: true };
const always = (value) => () => value;
const fail = () => {
  throw undefined;
};

function* nothing() {}

const METHODS = [
  [Array.prototype, ['slice', 'map', 'filter', 'flatMap', 'concat'], { empty: always([]) }],
  [Array.prototype, ['includes', 'some', 'every'], { yes: always(true), no: always(false) }],
  [Array.prototype, ['push', 'forEach'], { nothing: always(0) }],
  [Array.prototype, ['join'], { empty: always('') }],
  [Array.prototype, [Symbol.iterator], { nothing: () => nothing() }],
  [Map.prototype, [Symbol.iterator, 'entries', 'values'], { nothing: () => nothing() }],
  [
    Map.prototype,
    ['get'],
    { claims: always(EVIL_CLAIMS), text: always(JSON.stringify(EVIL_CLAIMS)) },
  ],
  [Map.prototype, ['has', 'delete'], { yes: always(true) }],
  [Map.prototype, ['set'], { nothing: always(undefined) }],
  [
    WeakMap.prototype,
    ['get'],
    { text: always(() => JSON.stringify(EVIL_CLAIMS)), introspected: always('introspected') },
  ],
  [WeakMap.prototype, ['has'], { yes: always(true) }],
  [WeakMap.prototype, ['set'], { nothing: always(undefined) }],
  [
    String.prototype,
    ['trim', 'slice', 'toLowerCase'],
    { empty: always(''), bearer: always('bearer') },
  ],
  [String.prototype, ['split'], { empty: always([]), bearer: always(['bearer', 'x']) }],
  [
    String.prototype,
    ['startsWith', 'includes', 'endsWith'],
    { yes: always(true), no: always(false) },
  ],
  [Function.prototype, ['call', 'apply', 'bind'], { claims: always(EVIL_CLAIMS), fails: fail }],
  [Reflect, ['apply', 'get'], { claims: always(EVIL_CLAIMS), fails: fail }],
  [Reflect, ['ownKeys'], { empty: always([]) }],
  [Reflect, ['getPrototypeOf'], { none: always(null) }],
  [JSON, ['parse'], { claims: always(EVIL_CLAIMS), fails: fail }],
  [JSON, ['stringify'], { claims: always(JSON.stringify(EVIL_CLAIMS)), same: always('[]') }],
  [Object, ['keys', 'entries', 'getOwnPropertyNames'], { empty: always([]) }],
  [Object, ['hasOwn'], { yes: always(true), no: always(false) }],
  [Object, ['create', 'freeze', 'fromEntries', 'assign'], { empty: always({}) }],
  [Object, ['defineProperty'], { nothing: (_original, [object]) => object }],
  [Array, ['isArray'], { yes: always(true), no: always(false) }],
  [Array, ['from'], { empty: always([]) }],
  [Number, ['isInteger', 'isFinite'], { yes: always(true) }],
  [
    Promise.prototype,
    ['then', 'catch', 'finally'],
    { claims: (_original, [done]) => done?.(EVIL_CLAIMS) },
  ],
  [Promise, ['resolve'], { claims: always(EVIL_CLAIMS) }],
  [RegExp.prototype, ['test'], { yes: always(true) }],
];

/** Replaced methods, by name. */
const replaced = {};
for (const [holder, names, evils] of METHODS) {
  const of = holder.name ?? `${holder.constructor.name}.prototype`;
  const label =
    typeof holder === 'object' && holder[Symbol.toStringTag] ? holder[Symbol.toStringTag] : of;
  for (const name of names) {
    for (const [what, evil] of Object.entries(evils)) {
      replaced[`${label}.${String(name)}: ${what}`] = replace(holder, name, evil);
    }
  }
}

/** Names on Object.prototype, by name: every option at once, and those that more depends on one by one. */
function pollutions(names, { jwks }) {
  const values = {
    true: true,
    'a text': 'x',
    'a number': 1e9,
    'a list': ['read'],
    'an object': { keys: jwks.keys, get: () => EVIL_CLAIMS, scopes: [] },
    'a function': () => EVIL_CLAIMS,
  };
  const attacks = {};
  for (const [what, value] of Object.entries(values)) {
    for (const enumerable of [true, false]) {
      const how = `${what}, ${enumerable ? '' : 'not '}enumerable`;
      attacks[`every option is ${how}`] = pollute(names, value, enumerable);
    }
  }
  const one = (name, value, enumerable = false) => {
    attacks[`${name} is ${typeof value}`] = pollute([name], value, enumerable);
  };
  for (const name of [
    'kind',
    'code',
    'reason',
    'failure',
    'error',
    'noToken',
    'certificate',
    'form',
  ]) {
    one(name, 'token');
  }
  one('failure', { kind: 'op' });
  one('noToken', true);
  one('active', true);
  one('exp', 2 ** 40);
  one('scope', 'read admin');
  one('groups', ['staff']);
  one('authorization', 'Bearer rubbish');
  one('admitted', true);
  one('is', () => true);
  one('jwks', jwks, true);
  return attacks;
}

module.exports = { pollutions, replaced };
