'use strict';

// npm run models: runs the models of the core's concurrency (models/) under shuttle, which chooses the thread that
// goes on at each lock. The small models are run in all schedules, the others in this many random ones and as many
// of PCT, which preempts at four points. A failure prints its schedule.
//
//   npm run models                                     500 schedules of each kind: two seconds
//   npm run models -- --schedules 100000 --seed 7      more, and others
//   MODEL=pool npm run models                          those with that in their name

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { cargoFlags } = require('./test');

const MODELS = path.join(__dirname, '..', 'models');

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
  },
});
// The core's features are not those of this crate.
const flags = cargoFlags().filter((flag) => !['--features', 'panic-injection'].includes(flag));
const build = [...flags, '--locked', '--target-dir', path.join('..', 'target')];

/** Runs cargo in models/. */
function cargo(...args) {
  const { status, error } = spawnSync('cargo', args, { cwd: MODELS, stdio: 'inherit' });
  if (error) console.error(`cargo: ${error.message}`);
  return status ?? 1;
}

// `npm test` writes the core's library, with other features, to the same file, and cargo does not notice. So the library
// is built anew: a quarter of a minute.
process.exitCode =
  cargo('clean', '--quiet', '--package', 'monocloud-backend-node', ...build) ||
  cargo('run', '--quiet', ...build, '--', values.schedules, values.seed);
