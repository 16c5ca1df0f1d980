'use strict';

// A library that replaces the global Promise, loaded before or after the package:
// node libraries.js bluebird|zone before|after. Prints what went wrong, as JSON.

const [library, when] = process.argv.slice(2);

const install = {
  bluebird: () => {
    globalThis.Promise = require('bluebird');
  },
  zone: () => require('zone.js/node'),
}[library];

const LOADED = [
  '@monocloud/backend-node',
  '@monocloud/backend-node/express',
  '@monocloud/backend-node/fastify',
];

const native = Promise;
if (when === 'before') install();
for (const entry of LOADED) require(entry);
if (when === 'after') install();

async function main() {
  const { startRig } = require('./rig.js');
  const rig = await startRig();
  const apis = await rig.serve();
  const first = await rig.round(apis);
  const second = await rig.round(apis);
  await rig.close();
  console.log(JSON.stringify({ replaced: Promise !== native, apis: apis.length, first, second }));
}

main();
