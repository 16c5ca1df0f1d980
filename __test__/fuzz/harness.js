'use strict';

// How one call of the fuzzer is made, and what is remembered of it.

const { inspect } = require('node:util');

const HANG_MS = 20_000;
const verbose = process.env.VERBOSE === '1';

const findings = [];
const counts = { inputs: 0, acceptedWrongly: 0, undocumented: 0, hangs: 0, unhandled: 0 };
const byTarget = {};

function describe(error) {
  try {
    return String(error?.stack ?? inspect(error)).slice(0, 1500);
  } catch {
    return 'something that can not be looked at';
  }
}

function found(what, where, error) {
  counts[what] += 1;
  if (findings.length < 20)
    findings.push({ what, where, number: counts.inputs, error: describe(error) });
}

process.on('unhandledRejection', (error) => found('unhandled', 'unhandledRejection', error));
process.on('uncaughtException', (error) => found('unhandled', 'uncaughtException', error));

/** `instanceof` itself throws for some of what may be thrown. */
function is(error, type) {
  try {
    return error instanceof type;
  } catch {
    return false;
  }
}

/** Calls, waits, and looks at what is thrown. `documented(error)` says whether it may be. */
async function call(where, work, documented) {
  counts.inputs += 1;
  byTarget[where] = (byTarget[where] ?? 0) + 1;
  if (verbose) process.stderr.write(`${counts.inputs} ${where}\n`);
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ late: true }), HANG_MS);
  });
  const done = (async () => {
    try {
      // Boxed: what comes back may be a thenable of its own.
      return { value: await work() };
    } catch (error) {
      return { thrown: true, error };
    }
  })();
  const outcome = await Promise.race([done, late]);
  clearTimeout(timer);
  if (outcome.late) found('hangs', where);
  else if (outcome.thrown && !documented(outcome.error))
    found('undocumented', where, outcome.error);
  return outcome;
}

module.exports = { byTarget, call, counts, findings, found, is };
