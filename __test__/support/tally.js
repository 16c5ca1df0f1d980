'use strict';

// What a suite tried and what came of it: printed, and appended to the file that TALLY_FILE names, one
// line of JSON a suite.

const fs = require('node:fs');

/**
 * @param {string} suite
 * @param {{ inputs: number, acceptedWrongly?: number, refusedWrongly?: number, crashes?: number,
 *   hangs?: number }} counts what is absent was looked for and not found
 */
function tally(suite, counts) {
  const { inputs, acceptedWrongly = 0, refusedWrongly = 0, crashes = 0, hangs = 0 } = counts;
  const entry = { suite, inputs, acceptedWrongly, refusedWrongly, crashes, hangs };
  console.log(`tally: ${JSON.stringify(entry)}`);
  const file = process.env.TALLY_FILE;
  if (file) fs.appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

/** Counts of a suite that are raised as it goes on, and told of as its process ends. */
function startTally(suite) {
  const counts = { inputs: 0, acceptedWrongly: 0, refusedWrongly: 0 };
  process.once('exit', () => tally(suite, counts));
  return counts;
}

module.exports = { startTally, tally };
