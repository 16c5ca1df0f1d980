'use strict';

// Twenty validations, and twenty more once there is something on stdin: the test freezes the process in between.

const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

const client = new MonoCloudBackendNodeClient(JSON.parse(process.argv[2]));
const wave = () =>
  Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => client.validateAccessToken(`token ${n}`)),
  );
wave().then(() => console.log('ready'));
process.stdin.once('data', async () => {
  const answers = await wave();
  console.log(JSON.stringify(answers.map(({ reason }) => reason?.message ?? 'ok')));
  process.exit();
});
