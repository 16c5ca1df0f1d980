'use strict';

// A process that runs test files, each with modules of js/ that are loaded anew. Its arguments: the root of the copy
// of the repository. It answers each message `{ test, leftOut, goesOn }` with `{ failed, tests }`.

const Module = require('node:module');
const path = require('node:path');
const { Suite } = require('./suite');

const root = process.argv[2] + path.sep;
process.chdir(root);

let suite;
const load = Module._load;
Module._load = function (request, ...more) {
  return request === 'node:test' ? suite.api : load.call(this, request, ...more);
};

/** Forgets the modules of the copy, but for the addon. */
function forget() {
  for (const name of Object.keys(require.cache)) {
    if (name.startsWith(root) && !name.endsWith('.node')) delete require.cache[name];
  }
  module.children.length = 0;
}

async function run({ test, leftOut, goesOn }) {
  forget();
  suite = new Suite(new Set(leftOut), goesOn);
  try {
    require(path.join(root, test));
    await suite.run();
  } catch (error) {
    suite.results.set('loading', { ms: 0, error });
  }
  const { failed, results } = suite;
  const tests = [...results].map(([name, { ms, error }]) => ({
    name,
    ms,
    failed: error !== undefined,
  }));
  const reason = failed === undefined ? undefined : String(results.get(failed).error);
  process.send({ failed, reason, tests });
}

process.on('message', run);
// What a test that failed left behind. It is no failure of the next one.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});
