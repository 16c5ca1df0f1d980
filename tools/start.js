'use strict';

// `npm start`: installs and builds what is missing, then the tour. `npm start -- --once` ends after it.

const { prepare } = require('./prepare.js');

async function main(args) {
  const unknown = args.find((arg) => arg !== '--once');
  if (unknown !== undefined) {
    console.error(`unknown argument ${unknown}; usage: npm start [-- --once]`);
    return 2;
  }
  prepare();
  // Not before: a fresh clone has nothing yet of what the tour needs.
  const { tour } = require('./tour.js');
  return tour({ once: args.includes('--once') });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(`start: ${error.stack}`);
    process.exitCode = 1;
  },
);
