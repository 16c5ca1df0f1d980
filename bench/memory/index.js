'use strict';

// npm run bench -- --only memory: the memory of a process after up to a million distinct tokens.
//
// Another process signs the tokens in batches, and each contender reads the same files, so that the memory of
// signing is not measured. One contender only reads the tokens, for comparison.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { start } = require('../support/child.js');
const { conditions } = require('../support/machine.js');
const { startTenant } = require('../support/tenant.js');
const tokens = require('../support/tokens.js');
const { FAST_JWT_ENTRIES } = require('../micro/contenders.js');

/** Ed25519, because a million tokens are signed: RSA would take ten times as long. */
const ALG = 'EdDSA';
const BYTES = 1024;
/** Small, so that the tokens in progress take little memory. */
const BATCH = 2000;
const CONTROL = 'reads them only';
const NAMES = [CONTROL, 'this package', 'fast-jwt, cache'];
const LAST = { full: 1_000_000, quick: 20_000 };
const MARKS = [10, 20, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000];
const POINTS = new Set(MARKS.map((thousand) => thousand * 1000));

async function run({ quick, progress }) {
  const last = LAST[quick ? 'quick' : 'full'];
  const figures = { ...conditions(), bytes: BYTES, entries: FAST_JWT_ENTRIES, points: [] };
  const key = tokens.createKey(ALG);
  const tenant = await startTenant([key]);
  const terms = tenant.terms(key);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-memory-'));
  const script = path.join(__dirname, 'child.js');
  const settings = { execArgv: ['--expose-gc'] };
  const children = new Map(NAMES.map((name) => [name, start(script, settings)]));
  const each = async (work) => {
    const values = await Promise.all(
      [...children].map(async ([name, child]) => [name, await work(child, name)]),
    );
    return Object.fromEntries(values);
  };
  const issue = () => tokens.issue(key, terms.issuer, BYTES);
  const write = async (number, make) => {
    const file = path.join(directory, `batch-${number % 2}`);
    await tokens.writePool(file, BATCH, async () => make());
    return file;
  };
  try {
    progress(`memory: ${last} tokens`);
    await each((child, name) => child.call('create', name, terms));
    // One token, so that code is loaded and compiled and keys are fetched before memory is measured.
    const one = issue();
    const warm = await write(0, () => one);
    await each((child) => child.call('validate', warm));
    figures.points.push({ tokens: 0, rss: await each((child) => child.call('resident')) });
    let next = await write(1, issue);
    for (let count = BATCH; count <= last; count += BATCH) {
      const file = next;
      const validated = each((child) => child.call('validate', file));
      // The next batch is signed while this one is validated.
      next = await write(count / BATCH + 1, issue);
      await validated;
      if (!POINTS.has(count) && count !== last) continue;
      figures.points.push({ tokens: count, rss: await each((child) => child.call('resident')) });
      progress(`memory: ${count} of ${last} tokens`);
    }
  } finally {
    await Promise.all([...children.values()].map((child) => child.close()));
    await tenant.close();
    fs.rmSync(directory, { recursive: true });
  }
  return figures;
}

module.exports = { CONTROL, run };
