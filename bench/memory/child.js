'use strict';

// The process of one contender: validates tokens, and reports its memory.

const { serve } = require('../support/child.js');
const { readPool } = require('../support/tokens.js');
const { contenders } = require('../micro/contenders.js');

const IN_FLIGHT = 64;

const CONTROL = { create: async () => ({ verify: async () => {} }) };

let verify;

/** Bytes after garbage collection. */
function resident() {
  global.gc();
  global.gc();
  return process.memoryUsage().rss;
}

serve({
  async create(name, terms) {
    ({ verify } = await (contenders[name] ?? CONTROL).create(terms));
  },

  async validate(file) {
    const tokens = readPool(file);
    let next = 0;
    const runner = async () => {
      while (next < tokens.length) await verify(tokens[next++]);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, runner));
  },

  resident,
});
