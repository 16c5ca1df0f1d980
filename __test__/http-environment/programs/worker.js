'use strict';

// A worker of workers.js, in each of its cases.

const { parentPort, workerData } = require('node:worker_threads');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

const { name, options, token } = workerData;
const client = new MonoCloudBackendNodeClient(options);
const validate = (text) => client.validateAccessToken(text).catch(() => {});

const CASES = {
  async 'side by side'() {
    let count = 0;
    for (let i = 0; i < 50; i += 1) {
      if ((await client.validateAccessToken(token)).sub === 'user') count += 1;
      if ((await client.validateAccessToken(`opaque-${i}`)).sub === 'user') count += 1;
    }
    parentPort.postMessage(count);
  },

  terminated() {
    for (let i = 0; i < 20; i += 1) {
      validate(token);
      validate(`opaque-${i}`);
    }
    parentPort.postMessage('started');
  },

  'at the end of the process'() {
    validate(token);
    parentPort.postMessage('started');
  },
};

CASES[name]();
