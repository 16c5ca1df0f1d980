'use strict';

// Bursts of calls that share an introspection, and what memory the process has after some of them.

const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

module.exports = async ({ input, say }) => {
  const client = new MonoCloudBackendNodeClient(input);
  const bursts = async (rounds) => {
    for (let round = 0; round < rounds; round += 1) {
      const ask = () => client.validateAccessToken('opaque');
      await Promise.all(Array.from({ length: 5000 }, ask));
    }
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { heapUsed, rss } = process.memoryUsage();
    say({ heapUsed, rss });
  };
  for (let n = 0; n < 5; n += 1) await bursts(8);
};
