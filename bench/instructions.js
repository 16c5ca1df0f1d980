'use strict';

// npm run bench -- --instructions: the number of instructions of one call, counted by callgrind (valgrind),
// which other processes do not affect. Takes some minutes.
//
// Each contender runs with N calls and with 2 N. The difference is N calls in the steady state, without start-up,
// warm-up and compilation.

const { execFile, spawnSync } = require('node:child_process');
const { promisify } = require('node:util');
const { createKey, issue } = require('./support/tokens.js');
const { digits, table } = require('./support/markdown.js');
const { conditions } = require('./support/machine.js');
const { startTenant } = require('./support/tenant.js');
const { NOTHING } = require('./micro');
const { contenders } = require('./micro/contenders.js');

const WARM_UP = 20_000;
const CALLS = 20_000;
const NAMES = [NOTHING, 'this package', 'fast-jwt, cache', 'fast-jwt, cache of raw tokens'];

const VALGRIND = [
  '--tool=callgrind',
  // V8 replaces code at the same address; without this, valgrind would run its translation of the old code.
  '--smc-check=all-non-file',
  '--callgrind-out-file=/dev/null',
];
/** One thread for V8, so that compilation and garbage collection are deterministic. */
const NODE = ['--single-threaded', '--no-warnings', '--expose-gc'];

function requireValgrind() {
  if (spawnSync('valgrind', ['--version']).error === undefined) return;
  throw new Error('valgrind is missing; on Debian and Ubuntu: apt-get install valgrind');
}

/** The child process, in this file: warms up, then makes `calls` calls with a token that was seen before. */
async function work(name, calls) {
  const { terms, token } = JSON.parse(process.env.BENCH_INSTRUCTIONS);
  const contender = contenders[name] ?? { create: async () => ({ verify: async () => {} }) };
  const { verify } = await contender.create(terms);
  const bytes = Buffer.from(token, 'latin1');
  for (let call = 0; call < WARM_UP; call += 1) await verify(bytes.latin1Slice());
  global.gc();
  for (let call = 0; call < calls; call += 1) await verify(bytes.latin1Slice());
  process.exit();
}

async function count(name, calls, env) {
  const args = [...VALGRIND, process.execPath, ...NODE, __filename, name, String(calls)];
  const { stderr } = await promisify(execFile)('valgrind', args, { env, maxBuffer: 1 << 26 });
  return Number(/Collected : (\d+)/.exec(stderr)[1]);
}

async function run({ progress }) {
  const figures = { ...conditions(), calls: CALLS, values: {} };
  const key = createKey('RS256');
  const tenant = await startTenant([key]);
  const terms = tenant.terms(key);
  const task = JSON.stringify({ terms, token: issue(key, terms.issuer, 1024) });
  const env = { ...process.env, BENCH_INSTRUCTIONS: task };
  try {
    for (const name of NAMES) {
      progress(`instructions: ${name}`);
      const once = await count(name, CALLS, env);
      const twice = await count(name, 2 * CALLS, env);
      figures.values[name] = (twice - once) / CALLS;
    }
  } finally {
    await tenant.close();
  }
  return figures;
}

const section = ({ values, calls }) => `## Instructions of one call

A seen RS256 token of 1 KiB; callgrind, the difference between ${calls} and ${2 * calls} calls after ${WARM_UP}
that warm up. Making the string that each call gets is included.

${table(
  ['', 'instructions'],
  Object.entries(values).map(([name, instructions]) => [name, digits(instructions)]),
)}
`;

if (require.main === module) work(process.argv[2], Number(process.argv[3]));

module.exports = { requires: requireValgrind, run, section };
