'use strict';

// Asks for other scopes each time, and says by how many bytes the heap has grown.

const { MonoCloudBackendNodeClient } = require('../../js/index.js');

module.exports = async ({ input, say }) => {
  const client = new MonoCloudBackendNodeClient(input.options);
  const used = async () => {
    // Wrappers of native functions go one turn after what they wrap.
    for (let time = 0; time < 5; time += 1) {
      globalThis.gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage().heapUsed;
  };
  const ask = async (n) => {
    const scopes = [`s${n}${'x'.repeat(20_000)}`];
    const error = await client.validateAccessToken(input.token, { scopes }).catch((e) => e);
    if (error.reason !== 'missing_scopes') throw error;
  };
  for (let n = 0; n < 600; n += 1) await ask(n);
  const before = await used();
  for (let n = 0; n < input.times; n += 1) await ask(n + 600);
  say((await used()) - before);
};
