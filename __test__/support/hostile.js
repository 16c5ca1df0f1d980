'use strict';

// Values that no type allows, made from a seed: each maker is called with a generator of numbers and
// gives another value each time. What a hostile value throws itself is a `Hostile`.

class Hostile extends Error {}

const pick = (random, list) => list[Math.floor(random() * list.length)];

function fail() {
  throw new Hostile('from a hostile value');
}

const TRAPS = Object.getOwnPropertyNames(Reflect).filter(
  (name) => typeof Reflect[name] === 'function',
);

/** Throws whatever is done with it. */
const throwing = (target) =>
  new Proxy(target, Object.fromEntries(TRAPS.map((name) => [name, fail])));

function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** An object or array that has itself as a member. */
function cyclic(target) {
  target.self = target;
  target[0] = target;
  return target;
}

const thenable = (descriptor) => Object.defineProperty({}, 'then', descriptor);

/** Properties, all or some of which throw, or are another thing each time. */
function withGetters(names, random) {
  const object = {};
  for (const name of names) {
    let calls = 0;
    const get = pick(random, [
      fail,
      () => pick(random, PRIMITIVES),
      // Good at first, and something else afterwards.
      () => {
        calls += 1;
        return calls === 1 ? 'https://example.com' : throwing({});
      },
    ]);
    Object.defineProperty(object, name, { get, enumerable: true });
  }
  return object;
}

const PRIMITIVES = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
  1e308,
  0n,
  -1n,
  2n ** 70n,
  Symbol('hostile'),
  Symbol.iterator,
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  'a.b\ud800.c',
  '\u2028',
  '\ufeffa.b.c',
  'a.b.c',
  '..',
  '....',
  '__proto__',
  'constructor',
  'toString',
  '{}',
  '[',
  'null',
  '1e999',
  'true',
  'https://example.com',
  'https://example.com?x#y',
  'http://[::1',
  'javascript:0',
  'urn:a\r\nx: y',
  'a'.repeat(100_000),
  '['.repeat(20_000),
  '%'.repeat(1000),
  '😀'.repeat(1000),
  '-----BEGIN CERTIFICATE-----',
];

const OBJECTS = [
  () => ({}),
  () => [],
  () => Object.create(null),
  () => Object.freeze({ a: 1 }),
  () => Object.freeze(['a']),
  (random) => [pick(random, PRIMITIVES), pick(random, PRIMITIVES)],
  () => Object.assign(new Array(3), ['a']),
  () => new Array(1_000_000),
  () => Array.from({ length: 50_000 }, (_, i) => `scope:${i}`),
  () => ({ length: 2 ** 32 - 1 }),
  () => ({ length: -1, 0: 'a' }),
  () => cyclic({}),
  () => cyclic([]),
  () => ({ keys: cyclic([]) }),
  () => new Date(),
  () => new Date(Number.NaN),
  () => /hostile/g,
  () => new Map([['scopes', ['a']]]),
  () => new Set(['a']),
  () => new WeakMap(),
  () => new Error('hostile'),
  () => Promise.resolve('a.b.c'),
  () => Buffer.from('a.b.c'),
  () => new Uint8Array(16),
  () => new Float64Array(4),
  () => new BigUint64Array(4),
  () => new ArrayBuffer(8),
  () => new SharedArrayBuffer(8),
  () => new DataView(new ArrayBuffer(8)),
  () => new String('a.b.c'),
  () => new Number(1),
  () => new Boolean(false),
  () => Object(1n),
  () => Object(Symbol('boxed')),
  () => ({ toString: fail, valueOf: fail, toJSON: fail, [Symbol.toPrimitive]: fail }),
  () => ({ toJSON: () => 1n }),
  () => ({ toString: () => 'https://example.com' }),
  () => ({ [Symbol.iterator]: fail }),
  () => ({ [Symbol.asyncIterator]: fail }),
  () => ({ get [Symbol.toStringTag]() { return fail(); } }), // biome-ignore format: one a line
  () => thenable({ value: fail }),
  () => thenable({ get: fail }),
  () => thenable({ value: (resolve) => resolve({ a: 1 }) }),
  () => thenable({ value: (_, reject) => reject(new Hostile('rejected')) }),
  () => Object.setPrototypeOf({}, throwing({})),
  () => Object.setPrototypeOf([], throwing([])),
  () => JSON.parse('{"__proto__":{"scopes":["a"]},"constructor":1}'),
  () => class Instance {},
  () => new (class Instance { #hidden = 1; get scopes() { return [this.#hidden]; } })(), // biome-ignore format: one a line
  () => () => {},
  () => () => fail(),
  () => async () => fail(),
  () =>
    function* generate() {
      yield fail();
    },
  () => Object.assign(() => {}, { validateAccessToken: 1 }),
  () => throwing({}),
  () => throwing([]),
  () => throwing(() => {}),
  () => revoked({}),
  () => revoked([]),
  () => revoked(() => {}),
  // But for `then`: to wait for ever is then what was asked for.
  () => new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : () => {}) }),
  () => new Proxy({}, { ownKeys: () => ['a'], getOwnPropertyDescriptor: fail }),
  () => globalThis,
  () => process,
  () => Math,
];

/** Lists that nobody can go through: where one is expected, its length is looked at first. */
const ENDLESS = [
  () => new Array(2 ** 32 - 1),
  () => new Proxy([], { get: (target, name) => (name === 'length' ? 2 ** 32 - 1 : target[name]) }),
  () => new Proxy(['a'], { get: (_, name) => (name === 'length' ? 2 ** 53 - 1 : 'a') }),
];

/** Any of them; sometimes one inside another. */
function hostile(random, depth = 0) {
  const kind = random();
  if (kind < 0.4) return pick(random, PRIMITIVES);
  if (kind < 0.85 || depth > 2) return pick(random, OBJECTS)(random);
  if (kind < 0.92) return [hostile(random, depth + 1)];
  return { [pick(random, ['keys', 'scopes', 'a', 'then_'])]: hostile(random, depth + 1) };
}

module.exports = { ENDLESS, Hostile, hostile, withGetters };
