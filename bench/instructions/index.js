'use strict';

// npm run instructions: the instructions of one call, by callgrind, compared with those of counts.json. It fails if a
// count is more than 5 % higher. Takes half a minute; the addon is the published one, which npm run pack -- --release
// builds into dist/release.
//
//   npm run instructions -- --write    writes counts.json
//
// Counts are for comparison with those of another commit, not with times: valgrind's processor has no instructions for
// SHA-256, and JavaScript runs without V8's optimising compilers. Two runs differ by less than 1 %, whatever the
// machine's load. The version of Node.js and the kind of build are always the same; those of the Rust compiler, the
// C library and valgrind are in counts.json, as they can change counts: with others, nothing fails.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { nodeOf } = require('../../tools/downloads.js');
const { RELEASE } = require('../../tools/pack.js');
const { addonName, thisPlatform } = require('../../tools/platforms.js');
const { ROOT } = require('../support/machine.js');
const { table, thousands } = require('../support/markdown.js');
const { phasesOf, valgrind } = require('./callgrind.js');
const { withCases } = require('./cases.js');

const PLATFORM = 'linux-x64-gnu';
const NODE = '24.21.0';
const COUNTS = path.join(__dirname, 'counts.json');
const CHILD = path.join(__dirname, 'child.js');
const ADDON = path.join(RELEASE, addonName(PLATFORM));
const LIMIT = 0.05;

const CORE = 'Rust, C library';
const CRYPTOGRAPHY = 'SHA-256, aws-lc';
const JAVASCRIPT = 'JavaScript, Node.js';

/** The part of a call that a function belongs to. Names of Rust have `::`, and those of aws-lc, which is C, have not. */
function partOf({ object, name }) {
  if (object.endsWith('.node')) {
    return name.includes('::') && !name.startsWith('sha2::') ? CORE : CRYPTOGRAPHY;
  }
  return /\/(libc|ld-linux-x86-64)\.so/.test(object) ? CORE : JAVASCRIPT;
}

function countsOf(functions, calls) {
  const counts = { [CORE]: 0, [CRYPTOGRAPHY]: 0, [JAVASCRIPT]: 0 };
  for (const each of functions) counts[partOf(each)] += each.count / calls;
  for (const part of Object.keys(counts)) counts[part] = Math.round(counts[part]);
  return counts;
}

function whyLeftOut() {
  if (thisPlatform() !== PLATFORM) return `they are counted on ${PLATFORM}`;
  return valgrind() === undefined ? 'valgrind is missing: apt-get install valgrind' : undefined;
}

/** What counts depend on, where it is not the same everywhere. */
const versions = () => ({
  valgrind: valgrind(),
  rustc: execFileSync('rustc', ['--version'], { encoding: 'utf8', cwd: ROOT }).trim(),
  glibc: process.report.getReport().header.glibcVersionRuntime,
});

async function measure() {
  if (!fs.existsSync(ADDON)) throw new Error(`${ADDON} is missing: npm run pack -- --release`);
  const node = nodeOf(NODE);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'instructions-'));
  const file = path.join(directory, 'cases.json');
  const env = { PATH: process.env.PATH, NAPI_RS_NATIVE_LIBRARY_PATH: ADDON };
  try {
    return await withCases(async (cases) => {
      fs.writeFileSync(file, JSON.stringify(cases), { mode: 0o600 });
      const phases = await phasesOf(node, [CHILD, file], env);
      const counted = cases.map(({ name, calls }, index) => [
        name,
        countsOf(phases[2 * index + 1], calls),
      ]);
      return Object.fromEntries(counted);
    });
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

/** One row for each part of each case. */
function compare(before, now) {
  return Object.entries(now).flatMap(([name, counts]) =>
    Object.entries(counts).map(([part, count]) => {
      const old = before[name]?.[part];
      return { name, part, old, count, change: old === undefined ? 0 : count / old - 1 };
    }),
  );
}

const percent = (change) => `${change > 0 ? '+' : ''}${(100 * change).toFixed(1)} %`;

function print(rows) {
  const cells = rows.map(({ name, part, old, count, change }) => [
    name,
    part,
    old === undefined ? '–' : thousands(old),
    thousands(count),
    old === undefined ? 'new' : percent(change),
  ]);
  console.log(`${table(['instructions of one call', '', 'written', 'now', ''], cells)}\n`);
}

/** @returns {boolean} whether nothing costs more than is written, as far as that can be compared */
function judge(rows, written, found) {
  const title = ({ name, part, old, change }) =>
    `${name}; ${part}: ${old === undefined ? 'not written' : percent(change)}`;
  const above = rows.filter(({ old, change }) => old === undefined || change > LIMIT);
  const below = rows.filter(({ change }) => change < -LIMIT);
  for (const row of above) console.error(`✖ ${title(row)}`);
  for (const row of below) console.log(`✔ ${title(row)}`);
  if (below.length + above.length === 0) return true;
  console.log('To write the new counts: npm run instructions -- --write');
  const others = Object.entries(found).filter(([what, version]) => written[what] !== version);
  for (const [what, version] of others) {
    console.log(`${what} was ${written[what]}, and is ${version}: not a failure of this package`);
  }
  return above.length === 0 || others.length > 0;
}

async function main(args) {
  const { write } = parseArgs({ args, options: { write: { type: 'boolean' } } }).values;
  const why = whyLeftOut();
  if (why !== undefined) {
    console.log(`Instructions are not counted: ${why}`);
    return 0;
  }
  const found = { node: NODE, ...versions() };
  const { counts: before, ...written } = fs.existsSync(COUNTS)
    ? JSON.parse(fs.readFileSync(COUNTS, 'utf8'))
    : { counts: {} };
  const counts = await measure();
  const rows = compare(before, counts);
  print(rows);
  if (write) {
    fs.writeFileSync(COUNTS, `${JSON.stringify({ ...found, counts }, null, 2)}\n`);
    return 0;
  }
  return judge(rows, written, found) ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    console.error(`instructions: ${error.message}`);
    process.exitCode = 1;
  },
);
