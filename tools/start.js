'use strict';

// `npm start`: installs and builds what is missing, then the tour. `npm start -- --once` ends after it.

const { parseArgs } = require('node:util');
const { prepare } = require('./prepare.js');

async function main() {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
  prepare();
  // After `prepare`: a fresh clone has no node_modules and no addon yet.
  const { tour } = require('./tour.js');
  return tour(values);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(
      `start: ${error.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error.stack}`,
    );
    process.exitCode = 1;
  },
);
