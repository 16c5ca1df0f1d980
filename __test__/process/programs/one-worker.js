'use strict';

// A worker of one-worker-at-a-time.js: one answer, and one that does not come before it is terminated.

const { parentPort, workerData } = require('node:worker_threads');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

const client = new MonoCloudBackendNodeClient(workerData);
client.validateAccessToken('opaque').then(({ sub }) => parentPort.postMessage(sub));
client.validateAccessToken('never').catch(() => {});
