'use strict';

// `npm start`: installs and builds what is missing, then the demo. With `-- --once`, the tour in its place, which
// ends. Other options are the demo's.

const { prepare } = require('./prepare.js');

async function main(args) {
  prepare();
  // After `prepare`: a fresh clone has no node_modules and no addon yet.
  if (args.includes('--once')) {
    if (args.length > 1) throw new TypeError('--once has no further options');
    return require('./tour.js').tour();
  }
  const opening = process.stdout.isTTY ? ['--open'] : [];
  return require('../js/demo').main([...opening, ...args]);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(`start: ${error instanceof TypeError ? error.message : error.stack}`);
    process.exitCode = 1;
  },
);
