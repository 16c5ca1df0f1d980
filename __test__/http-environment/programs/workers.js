'use strict';

// Worker threads that validate, and what becomes of them and of their process.

const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

const CASES = {
  async 'side by side'({ input, say, startWorker }) {
    const run = async () => {
      const worker = startWorker();
      const [[count], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      return [count, code];
    };
    say(await Promise.all(Array.from({ length: 4 }, run)));
    const client = new MonoCloudBackendNodeClient(input.options);
    say((await client.validateAccessToken(input.token)).sub);
  },

  /** Twenty in a row, each in the midst of its validations. */
  async terminated({ input, say, startWorker }) {
    for (let round = 0; round < 20; round += 1) {
      const worker = startWorker();
      await once(worker, 'message');
      if (round % 2) await sleep(round);
      await worker.terminate();
    }
    // Answers that nobody waits for any more have time to come.
    await sleep(500);
    const client = new MonoCloudBackendNodeClient({ ...input.options, ...input.well });
    say((await client.validateAccessToken(input.token)).sub);
  },

  async 'at the end of the process'({ startWorker }) {
    const started = Array.from({ length: 4 }, startWorker);
    await Promise.all(started.map((worker) => once(worker, 'message')));
    setTimeout(() => process.exit(7), 50);
  },
};

module.exports = ({ input, say }) => {
  const startWorker = () => new Worker(path.join(__dirname, 'worker.js'), { workerData: input });
  return CASES[input.name]({ input, say, startWorker });
};
