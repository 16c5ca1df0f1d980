'use strict';

// A worker that validates a token as often as it is told to, and says how often the token was accepted.

const { parentPort, workerData } = require('node:worker_threads');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

const client = new MonoCloudBackendNodeClient(workerData.options);
const all = Array.from({ length: workerData.times }, () =>
  client.validateAccessToken(workerData.token),
);
Promise.allSettled(all).then((settled) =>
  parentPort.postMessage(settled.filter(({ status }) => status === 'fulfilled').length),
);
