'use strict';

// How much a test file has tried, for those who count over all of them: with TALLY_FILE set, each file
// adds one line of JSON to it as it ends. `tests/wycheproof.rs` writes the same lines.

const fs = require('node:fs');

/** The counts of one suite, to be raised as it goes on. */
function startTally(suite) {
  const counts = { inputs: 0, acceptedWrongly: 0, refusedWrongly: 0 };
  process.once('exit', () => {
    const file = process.env.TALLY_FILE;
    if (file) fs.appendFileSync(file, `${JSON.stringify({ suite, ...counts })}\n`);
  });
  return counts;
}

module.exports = { startTally };
