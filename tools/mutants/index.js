'use strict';

// npm run mutants: changes the code in one place at a time, and runs the tests that reach the place. A change that no
// test notices is a survivor. docs/mutants.md has the scores and the reasons of those that survive.
//
//   npm run mutants                of the package (js/): ./javascript.js
//   npm run mutants -- --rust      of the core (src/): ./rust.js

const { prepare } = require('../prepare');

prepare();

const args = process.argv.slice(2);
const rust = args.includes('--rust');
const { main } = rust ? require('./rust.js') : require('./javascript.js');

main(args.filter((arg) => arg !== '--rust')).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
