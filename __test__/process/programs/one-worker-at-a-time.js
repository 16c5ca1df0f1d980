'use strict';

// Workers that load the addon alone, each terminated before the next one starts.

const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

module.exports = async ({ input, say }) => {
  for (let round = 0; round < 8; round += 1) {
    const worker = new Worker(path.join(__dirname, 'one-worker.js'), { workerData: input.options });
    const [message] = await once(worker, 'message');
    say(message);
    await worker.terminate();
    // What it had asked for comes now, or not at all.
    await fetch(`${input.options.tenantDomain}/release`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
