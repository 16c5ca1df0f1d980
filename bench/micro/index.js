'use strict';

// npm run bench -- --only micro: what one validation takes, by algorithm, size of the token, seen before
// or new, one after the other and 64 at once.
//
// Each contender has a process of its own and they take turns. Each call gets a string of its own, as
// each request brings one; new tokens are new to every contender, and the same for all.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { start } = require('../support/child.js');
const { conditions } = require('../support/machine.js');
const { alternate } = require('../support/stats.js');
const { startTenant } = require('../support/tenant.js');
const tokens = require('../support/tokens.js');
const { contenders } = require('./contenders.js');

const OURS = 'this package';
const NOTHING = 'an empty async function';
const KIB = 1024;
const IN_FLIGHT = [1, 64];
/** Of the first algorithm's tokens, new ones, that each contender gets to see before all else. */
const WARM_UP = 2000;
/** Those that take so long to verify that fewer make a round. */
const SLOW = new Set(['ES384', 'ES512']);

const PLANS = {
  full: { rounds: 13, seenMs: 20, fresh: 192, freshSlow: 64 },
  quick: { rounds: 3, seenMs: 5, fresh: 64, freshSlow: 64 },
};

/** RS256 tokens of half a KiB there are none: its signature leaves too little for the claims. */
function casesOf(quick) {
  if (quick)
    return [
      ['RS256', 1],
      ['ES256', 1],
      ['ES256', 8],
    ];
  const algorithms = tokens.ALGS.map((alg) => [alg, 1]);
  return [
    ...algorithms,
    ...[2, 4, 8].map((size) => ['RS256', size]),
    ...[0.5, 2, 4, 8].map((size) => ['ES256', size]),
  ];
}

/** Those that can verify it. */
const capable = (alg) =>
  Object.keys(contenders).filter((name) => !contenders[name].lacks?.includes(alg));

async function measureCase({ children, tenant, directory, plan }, key, size) {
  const terms = tenant.terms(key);
  const bytes = size * KIB;
  const seen = tokens.issue(key, terms.issuer, bytes);
  const bad = tokens.badTokens(key, terms.issuer, bytes);
  const names = [...capable(key.alg), NOTHING];
  const call = (name, ...args) => children.get(name).call(...args);
  for (const name of names) {
    await call(name, 'create', name, terms, ...(name === NOTHING ? [] : [seen, bad]));
  }

  const perRound = SLOW.has(key.alg) ? plan.freshSlow : plan.fresh;
  // One round more than is measured: the first only warms up.
  const fresh = perRound * (plan.rounds + 1);
  const file = path.join(directory, 'pool');
  await tokens.writePool(file, fresh * IN_FLIGHT.length, () =>
    tokens.issueAsync(key, terms.issuer, bytes),
  );

  const modes = [];
  for (const inFlight of IN_FLIGHT) {
    const counts = new Map();
    for (const name of names) {
      counts.set(name, await call(name, 'calibrate', seen, plan.seenMs, inFlight));
    }
    const values = await alternate(names, plan.rounds, (name) =>
      call(name, 'seen', seen, counts.get(name), inFlight),
    );
    modes.push({ kind: 'seen', inFlight, values });
  }
  for (const name of names) await call(name, 'load', file);
  for (const [index, inFlight] of IN_FLIGHT.entries()) {
    const measure = (name, round) =>
      call(name, 'unseen', index * fresh + round * perRound, perRound, inFlight);
    const values = await alternate(names, plan.rounds + 1, measure);
    for (const rounds of Object.values(values)) rounds.shift();
    modes.push({ kind: 'unseen', inFlight, values });
  }
  return { alg: key.alg, size, bytes: seen.length, modes };
}

async function warmUp({ children, tenant, directory }, key) {
  const terms = tenant.terms(key);
  const file = path.join(directory, 'pool');
  await tokens.writePool(file, WARM_UP, () => tokens.issueAsync(key, terms.issuer, KIB));
  for (const name of capable(key.alg)) {
    const child = children.get(name);
    await child.call('create', name, terms);
    await child.call('load', file);
    await child.call('unseen', 0, WARM_UP / 2, 1);
    await child.call('unseen', WARM_UP / 2, WARM_UP / 2, 64);
    await child.call('seen', tokens.issue(key, terms.issuer, KIB), 2 * WARM_UP, 1);
  }
}

async function run({ quick, progress }) {
  const plan = PLANS[quick ? 'quick' : 'full'];
  const cases = casesOf(quick);
  const figures = { ...conditions(), rounds: plan.rounds, cases: [] };
  const keys = new Map(cases.map(([alg]) => [alg, tokens.createKey(alg)]));
  const tenant = await startTenant([...keys.values()]);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-micro-'));
  const script = path.join(__dirname, 'child.js');
  const children = new Map(
    [...Object.keys(contenders), NOTHING].map((name) => [
      name,
      start(script, { execArgv: ['--expose-gc', '--no-warnings'] }),
    ]),
  );
  const bench = { children, tenant, directory, plan };
  try {
    await warmUp(bench, keys.get(cases[0][0]));
    for (const [alg, size] of cases) {
      progress(`micro: ${alg}, ${size} KiB`);
      figures.cases.push(await measureCase(bench, keys.get(alg), size));
    }
  } finally {
    await Promise.all([...children.values()].map((child) => child.close()));
    await tenant.close();
    fs.rmSync(directory, { recursive: true });
  }
  return figures;
}

module.exports = { NOTHING, OURS, run };
