'use strict';

// Whether a heap snapshot has a token that is in the memory cache, and one that the program holds itself.

const fs = require('node:fs');
const v8 = require('node:v8');
const { createMemoryCache } = require('../../../js/redis/index.js');

const token = () => Buffer.from('bm90LWluLXRoZS1oZWFw', 'base64').toString();
const cache = createMemoryCache();
const snapshot = () => {
  globalThis.gc();
  const text = fs.readFileSync(v8.writeHeapSnapshot('heap.heapsnapshot'), 'utf8');
  fs.rmSync('heap.heapsnapshot');
  return text;
};
async function main() {
  await cache.set(token(), { sub: 'a-subject-that-is-there' }, Date.now() / 1000 + 60);
  const text = snapshot();
  const found = await cache.get(token());
  console.log(found.sub === 'a-subject-that-is-there', text.includes(token()));
  const kept = token();
  console.log(snapshot().includes(kept));
}

main();
