'use strict';

// npm run bench -- --only micro: the time of one validation, by algorithm and token size, for new and seen
// tokens, one by one and 64 at once.
//
// Each contender has a process of its own, and they take turns. Each call gets a new string, as in a request.
// New tokens are the same for all contenders, and new to each.

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
/**
 * By how much a round has more new tokens, for each of IN_FLIGHT. With 64 in flight, 192 tokens are three for each
 * caller: much of the round is its start and its end, in which threads wait.
 */
const LONGER = [1, 3];
/** The number of new tokens of the first algorithm with which each contender warms up. */
const WARM_UP = 2000;
/** Slow algorithms, whose rounds have fewer tokens. */
const SLOW = new Set(['ES384', 'ES512']);

const PLANS = {
  full: { rounds: 13, seenMs: 20, fresh: 192, freshSlow: 64 },
  quick: { rounds: 3, seenMs: 5, fresh: 64, freshSlow: 64 },
};

/** The cases. RS256 has none with half a KiB, because the signature leaves too little for the claims. */
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

/** The contenders that can verify an algorithm. */
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
  // One round more than is measured, for the warm-up.
  const fresh = LONGER.map((times) => times * perRound * (plan.rounds + 1));
  const file = path.join(directory, 'pool');
  await tokens.writePool(file, fresh[0] + fresh[1], () =>
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
    const count = LONGER[index] * perRound;
    const first = index * fresh[0];
    const measure = (name, round) => call(name, 'unseen', first + round * count, count, inFlight);
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
