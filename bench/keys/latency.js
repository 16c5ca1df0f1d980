'use strict';

// The latency of a valid token during a refresh of keys, and without one. The contenders take turns, so that each
// has the machine to itself. Each turn alternates refreshes and periods without one, so that other processes
// affect both alike.

const { contenders } = require('./contenders.js');

const PER_SECOND = 600;
const CACHE_SECONDS = 2;
/** The tenant's response time for keys. */
const FETCH_MS = 150;
/** Time after a response that counts as part of the refresh, for example to parse keys. */
const AFTERMATH_MS = 20;
/** The start of a turn, in which the contender's keys are not fresh. It is not measured. */
const WARM_UP_MS = 700;

const percentile = (sorted, part) => sorted[Math.floor((sorted.length - 1) * part)];

/** Samples during refreshes, and `before`: as many periods of the same length without one, for comparison. */
function split(samples, fetches) {
  const [first] = samples[0];
  const parts = { quiet: [], refresh: [], before: [] };
  for (const [began, took] of samples) {
    if (began < first + WARM_UP_MS) continue;
    const meets =
      (earlier) =>
      ([from, to]) =>
        began + took >= from - earlier && began <= to + AFTERMATH_MS - earlier;
    if (fetches.some(meets(0))) {
      parts.refresh.push(took);
      continue;
    }
    parts.quiet.push(took);
    if (fetches.some(meets(2 * FETCH_MS))) parts.before.push(took);
  }
  return parts;
}

function figures(times) {
  const sorted = times.sort((a, b) => a - b);
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}

async function latencyOf(bench, [rounds, turn]) {
  const all = [];
  for (const name of Object.keys(contenders)) {
    all.push(await bench.startContender(name, { cacheSeconds: CACHE_SECONDS }));
  }
  const times = new Map(all.map(({ name }) => [name, { quiet: [], refresh: [], before: [] }]));
  for (const { tenant } of all) await tenant('fault', { slow: FETCH_MS });
  // Round 0 warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 ? all : [...all].reverse();
    for (const { name, load, tenant } of order) {
      const samples = await load.call('measure', PER_SECOND, round === 0 ? 300 : turn);
      if (round === 0) continue;
      const parts = split(samples, await tenant('fetches'));
      for (const [part, took] of Object.entries(parts)) times.get(name)[part].push(...took);
    }
  }
  await Promise.all(all.map(({ load }) => load.close()));
  const rows = [...times].map(([name, parts]) => [
    name,
    Object.fromEntries(Object.entries(parts).map(([part, took]) => [part, figures(took)])),
  ]);
  return Object.fromEntries(rows);
}

module.exports = { CACHE_SECONDS, FETCH_MS, latencyOf };
