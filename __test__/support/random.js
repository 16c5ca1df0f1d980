'use strict';

// Random inputs of tests: the same ones in each run of `npm test`, others with `SEED=` or in a long run.

const { generator } = require('../../tools/random.js');

/** The seed of a run: `SEED`, or 1; a long run without `SEED` has a new one. */
function seedOf({ long = false } = {}) {
  return Number(process.env.SEED ?? (long ? Date.now() % 2 ** 32 : 1));
}

/** `next()` is from 0 to below 1, `below(count)` an integer, `pick(list)` an element. */
function randomOf(seed) {
  const next = generator(seed);
  const below = (count) => Math.floor(next() * count);
  return { next, below, pick: (list) => list[below(list.length)] };
}

module.exports = { randomOf, seedOf };
