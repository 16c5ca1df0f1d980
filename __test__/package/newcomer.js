'use strict';

// npm run newcomer: what somebody does who has never seen this package, and how long it takes. An empty
// folder; `npm install`, from a registry on loopback that has what would be published, and from the usual
// one for all else; a program pasted as it is; requests, until the API has answered 200 and refused what
// it should. README.md's first program, with an empty npm cache and with a full one, and each program
// of the vendor's documentation.
//
//   npm run newcomer                     all of them
//   npm run newcomer -- README fastify   those with that in their name
//
// PACK_ADDON names the addon, as for `npm run pack`.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { WAYS, install, packagesOf, walk } = require('./journey');
const { README, SEEDS } = require('./journeys');
const { remove, serve } = require('./support');
const { download, nodeOf } = require('../../tools/downloads');

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`.padStart(8);

function line(name, cache, install, answer) {
  console.log(
    [name.padEnd(58), cache.padEnd(6), install.padStart(11), answer.padStart(11)].join(''),
  );
}

async function main(wanted) {
  const isWanted = ({ name }) =>
    wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part.toLowerCase()));
  const cache = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-npm-cache-'));
  const registry = await serve();
  try {
    // What runs the programs is there before the first of them is timed.
    for (const major of ['18', '22']) nodeOf(major);
    download('typescript-latest');
    line('', 'cache', 'installed', 'first 200');
    for (const journey of [README, ...SEEDS].filter(isWanted)) {
      if (journey.skip) {
        line(journey.name, '', '', `not run: ${journey.skip}`);
        continue;
      }
      for (const way of journey === README ? Object.keys(WAYS) : Object.keys(WAYS).slice(0, 1)) {
        // The first of the two fills the cache.
        for (const kind of ['cold', 'warm']) {
          if (kind === 'cold') fs.rmSync(cache, { recursive: true, force: true });
          const begun = performance.now();
          const project = await install(packagesOf(journey, way), { registry, cache });
          const installed = performance.now() - begun;
          const { answer } = await walk(journey, project, way);
          remove(project);
          const name = journey === README ? `${journey.name}: ${way}` : journey.name;
          line(name, kind, seconds(installed), seconds(installed + answer));
        }
      }
    }
  } finally {
    await registry.close();
    fs.rmSync(cache, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`newcomer: ${error.message}`);
  process.exitCode = 1;
});
