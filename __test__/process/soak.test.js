'use strict';

// The soak (tools/soak) in a size that a test may take; `npm run soak -- --long` is the other one.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { root } = require('../support/child.js');
const { seedOf } = require('../support/random.js');
const { tally } = require('../support/tally.js');

describe('a soak', () => {
  it('answers all as it must, and holds at its end what it held before', async () => {
    // Too short for the memory to be steady to 5 %: what grows with each token would still show.
    const size = [
      '--validations=24000',
      '--refusals=1500',
      '--epochs=4',
      '--slack=12',
      `--seed=${seedOf()}`,
      '--json',
    ];
    const args = ['--expose-gc', path.join(root, 'tools', 'soak', 'index.js'), ...size];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      timeout: 120_000,
    }).catch(
      // What was found is on stdout; a status that is not 0 says only that something was.
      (error) => error,
    );
    assert.ok(stdout, 'the soak ended without a word');
    const { counts, faults, refusing, seconds, seed } = JSON.parse(stdout);
    console.log(`seed ${seed}: ${counts.inputs} validations in ${seconds.toFixed(1)} s`);
    assert.deepEqual(faults, []);
    assert.deepEqual(Object.keys(refusing.statuses), ['401']);
    assert.ok(counts.inputs > 15_000);
    tally('soak', { ...counts, inputs: counts.inputs + refusing.statuses[401] });
  });
});
