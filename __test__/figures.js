'use strict';

// npm run figures: what was tried against this package, and what came of it, as SECURITY.md shows it.
// Runs the suites that count (ten minutes at the most), then times bad tokens beside good ones.
//
//   npm run figures -- --times     only the times

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { cargoFlags, runNode } = require('../tools/test');

const ROOT = path.join(__dirname, '..');
const COUNTED = ['incidents', 'interop', 'fuzz', 'process'].map(
  (directory) => directory + path.sep,
);
const COUNTED_IN_RUST = ['wycheproof', 'fuzz_corpus'];

/** Runs all that counts, and reads what each has written. A failed suite is none that has a figure. */
function count() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'figures-'));
  const file = path.join(directory, 'tally');
  fs.writeFileSync(file, '');
  try {
    const env = { TALLY_FILE: file };
    const args = COUNTED_IN_RUST.flatMap((name) => ['--test', name]);
    const rust = spawnSync('cargo', ['test', ...cargoFlags(), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const node = runNode(['--test-reporter=dot', ...COUNTED], { env });
    if (rust.status !== 0 || node !== 0) throw new Error('a suite has failed: see npm test');
    return fs
      .readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

const COLUMNS = ['inputs', 'acceptedWrongly', 'refusedWrongly', 'crashes', 'hangs'];

function tableOf(entries) {
  const suites = new Map();
  for (const entry of entries) {
    const sum = suites.get(entry.suite) ?? Object.fromEntries(COLUMNS.map((name) => [name, 0]));
    for (const name of COLUMNS) sum[name] += entry[name] ?? 0;
    suites.set(entry.suite, sum);
  }
  const total = Object.fromEntries(
    COLUMNS.map((name) => [name, [...suites.values()].reduce((sum, row) => sum + row[name], 0)]),
  );
  const rows = [...[...suites].sort(([a], [b]) => (a < b ? -1 : 1)), ['**all**', total]];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(['suite', 'inputs', 'accepted wrongly', 'refused wrongly', 'crashes', 'hangs']),
    line(['---', ...COLUMNS.map(() => '--:')]),
    ...rows.map(([suite, row]) =>
      line([suite, ...COLUMNS.map((name) => row[name].toLocaleString('en-US'))]),
    ),
  ].join('\n');
}

const AUDIENCE = 'https://api.example.com';
const GOOD = 40;
const RUNS = 15;

/** The fastest of some runs, microseconds: what a token costs, and not what the machine does besides. */
async function timeOf(client, token) {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run += 1) {
    const begun = performance.now();
    await client.validateAccessToken(token).catch(() => {});
    best = Math.min(best, performance.now() - begun);
  }
  return best * 1000;
}

/** The algorithm that a token says it is signed with; as good as any other where it says nothing. */
function algorithmOf(token) {
  try {
    return JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).alg;
  } catch {
    return undefined;
  }
}

/** The bad token that costs the most, beside a good one of the same algorithm. */
async function times() {
  const { MonoCloudBackendNodeClient } = require('..');
  const { KEYS, createSpoils } = require('./incidents/spoils.js');
  const { startFaultyTenant } = require('./support/faulty-tenant.js');
  const { at, setOf } = require('./support/tokens.js');
  const now = Math.floor(Date.now() / 1000);
  const issuer = await startFaultyTenant({ jwks: setOf(...KEYS) });
  const client = new MonoCloudBackendNodeClient({
    tenantDomain: issuer.origin,
    audience: AUDIENCE,
    verifiedTokensBytes: 0,
  });
  const given = { seed: 1, issuer: issuer.origin, audience: AUDIENCE, now, tolerance: 300 };
  const { makeGood, make, spoils } = createSpoils(given);
  const goods = [];
  const bads = [];
  await at(now, async () => {
    for (let number = 0; number < GOOD; number += 1) {
      const good = makeGood();
      const own = { alg: good.header.alg, time: await timeOf(client, make(good)) };
      goods.push(own);
      for (const [how, spoil] of Object.entries(spoils)) {
        const { token } = spoil(good);
        const passes = await client.validateAccessToken(token).then(
          () => true,
          () => false,
        );
        const alg = algorithmOf(token) ?? own.alg;
        if (!passes) bads.push({ how, alg, own, time: await timeOf(client, token) });
      }
    }
  });
  await issuer.close();
  const besides = ({ alg, own }) => {
    const same = goods.filter((good) => good.alg === alg).map(({ time }) => time);
    return same.length > 0 ? Math.max(...same) : own.time;
  };
  bads.sort((a, b) => b.time - a.time);
  const [slowest] = bads;
  const ratios = bads.map((bad) => bad.time / besides(bad)).sort((a, b) => a - b);
  const us = (time) => `${time.toFixed(0)} µs`;
  return `Of ${bads.length} bad tokens the slowest took ${us(slowest.time)} (${slowest.alg}, ${slowest.how}), a good one of its algorithm
${us(besides(slowest))}. A bad one takes ${ratios[Math.floor(ratios.length / 2)].toFixed(2)} of a good one's time (median), ${ratios.at(-1).toFixed(2)} at the most.`;
}

async function main() {
  const { values } = parseArgs({ options: { times: { type: 'boolean' } } });
  require('../tools/prepare').prepare();
  if (!values.times) console.log(`${tableOf(count())}\n`);
  console.log(await times());
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
