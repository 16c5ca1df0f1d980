'use strict';

// The program under callgrind: for each case of the file that it gets, one phase to warm up and one that is counted.

const fs = require('node:fs');
const { MonoCloudBackendNodeClient } = require('../..');
const { mark } = require('./callgrind.js');

async function main(file) {
  for (const { options, inputs, warmUp, calls } of JSON.parse(fs.readFileSync(file, 'utf8'))) {
    const client = new MonoCloudBackendNodeClient(options);
    const requests = inputs.map(([token, more]) => ({ bytes: Buffer.from(token, 'latin1'), more }));
    let next = 0;
    const run = async (count) => {
      for (const end = next + count; next < end; next += 1) {
        const { bytes, more } = requests[next % requests.length];
        // Each call gets a string of its own, as in a request.
        await client.validateAccessToken(bytes.latin1Slice(), more);
      }
    };
    await run(warmUp);
    global.gc();
    mark();
    await run(calls);
    mark();
  }
  process.exit();
}

main(process.argv[2]);
