'use strict';

// Every public function, called with what no type allows (./boundary.js): nothing but the documented
// errors comes out, nothing crashes, nothing hangs, no rejection is left unhandled.
//
//   FUZZ_SECONDS=3600 SEED=1 npm test -- fuzz/

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { once } = require('node:events');
const { seedOf } = require('../support/random.js');
const { tally } = require('../support/tally.js');

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 6);
/** A call that never comes back holds the whole process; so do a few slow machines' worth of starting. */
const PATIENCE_MS = (SECONDS + 60) * 1000;

describe('the JavaScript boundary', () => {
  it(`lets out nothing but the documented errors, for ${SECONDS} s`, async () => {
    const seed = seedOf({ long: process.env.FUZZ_SECONDS !== undefined });
    console.log(`SEED=${seed}`);
    const env = { ...process.env, SEED: String(seed), FUZZ_SECONDS: String(SECONDS) };
    const child = spawn(process.execPath, [path.join(__dirname, 'boundary.js')], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr = (stderr + chunk).slice(-4000);
    });
    const [code, signal] = await once(child, 'close');
    clearTimeout(timer);
    assert.equal(signal, null, `a crash or a hang with SEED=${seed}: ${stderr}`);
    assert.notEqual(stdout, '', `it ended with ${code} and SEED=${seed}: ${stderr}`);
    const { counts, findings } = JSON.parse(stdout);
    const { inputs, undocumented, unhandled, acceptedWrongly, hangs } = counts;
    assert.deepEqual(findings, [], `SEED=${seed}`);
    assert.equal(code, 0);
    assert.ok(inputs > 100, `${inputs} inputs`);
    tally('JavaScript boundary', {
      inputs,
      acceptedWrongly,
      hangs,
      crashes: undocumented + unhandled,
    });
  });
});
