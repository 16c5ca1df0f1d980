'use strict';

// A worker that is terminated while its keys are fetched, and a client of the process after it.

const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

module.exports = async ({ input, say }) => {
  const worker = new Worker(path.join(__dirname, 'waiting-validations.js'), { workerData: input });
  await new Promise((resolve) => setTimeout(resolve, 400));
  await worker.terminate();
  const client = new MonoCloudBackendNodeClient(input.options);
  say((await client.validateAccessToken(input.token)).sub);
};
