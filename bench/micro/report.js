'use strict';

// The report of the micro benchmark, as Markdown.

const { titleOf } = require('../support/machine.js');
const { digits, spread, table } = require('../support/markdown.js');
const { median, ratios, summary } = require('../support/stats.js');
const { contenders } = require('./contenders.js');
const { NOTHING, OURS } = require('./index.js');

const names = Object.keys(contenders);
const MODES = [
  ['seen', 1],
  ['seen', 64],
  ['unseen', 1],
  ['unseen', 64],
];
const title = ([kind, inFlight]) => `${kind}, ${inFlight} in flight`;

const caseOf = ({ cases }, alg, size) =>
  cases.find((candidate) => candidate.alg === alg && candidate.size === size);

/** The rounds of one contender in one mode: `wall` or `cpu`, microseconds per call. */
function roundsOf(found, [kind, inFlight], name, clock = 'wall') {
  const mode = found?.modes.find((each) => each.kind === kind && each.inFlight === inFlight);
  return mode?.values[name]?.map((round) => round[clock]);
}

/** The ratio of a contender's time to that of this package, for each round. */
function times(figures, alg, size, mode, name) {
  const found = caseOf(figures, alg, size);
  const [theirs, ours] = [roundsOf(found, mode, name), roundsOf(found, mode, OURS)];
  return theirs && ours && median(ratios(theirs, ours));
}

/** The cells of all tables. `all` is what each contender takes there, the fastest first. */
function cells({ cases }) {
  return cases.flatMap((found) =>
    MODES.map(([kind, inFlight]) => {
      const all = names
        .map((name) => ({ name, rounds: roundsOf(found, [kind, inFlight], name) }))
        .filter(({ rounds }) => rounds)
        .map(({ name, rounds }) => ({ name, ...summary(rounds) }))
        .sort((a, b) => a.median - b.median);
      return { alg: found.alg, size: found.size, kind, inFlight, all };
    }),
  );
}

function mainTables(figures) {
  const found = caseOf(figures, 'RS256', 1);
  const row = (name, cell) => [name, ...MODES.map((mode) => cell(mode, name) ?? '–')];
  const head = ['', ...MODES.map(title)];
  const wall = (mode, name) => {
    const rounds = roundsOf(found, mode, name);
    return rounds && spread(summary(rounds));
  };
  const cpu = (mode, name) => {
    const rounds = roundsOf(found, mode, name, 'cpu');
    return rounds && digits(median(rounds));
  };
  const ratio = (mode, name) => {
    const value = times(figures, 'RS256', 1, mode, name);
    return value && digits(value);
  };
  const others = names.filter((name) => name !== OURS);
  return `### RS256, a token of 1 KiB

Microseconds a call: the median of ${figures.rounds} rounds, and their quartiles.

${table(
  head,
  [...names, NOTHING].map((name) => row(name, wall)),
)}

How many times as long as this package, the median of the rounds:

${table(
  head,
  others.map((name) => row(name, ratio)),
)}

Microseconds of processor time a call, all threads together:

${table(
  head,
  [...names, NOTHING].map((name) => row(name, cpu)),
)}`;
}

/** One table for each mode, one column for each case: medians, and the largest deviation of a quartile. */
function matrix(cases, column) {
  const cell = (found, mode, name) => {
    const rounds = roundsOf(found, mode, name);
    if (!rounds) return '–';
    const { median: middle, low, high } = summary(rounds);
    const off = Math.max(middle - low, high - middle) / middle;
    return `${digits(middle)} ±${Math.round(100 * off)}%`;
  };
  return MODES.map(
    (mode) => `**${title(mode)}**

${table(
  ['', ...cases.map(column)],
  names.map((name) => [name, ...cases.map((found) => cell(found, mode, name))]),
)}`,
  ).join('\n\n');
}

function section(figures) {
  const { cases, rounds } = figures;
  const sizes = ['RS256', 'ES256'].flatMap((alg) =>
    cases.filter((found) => found.alg === alg).sort((a, b) => a.size - b.size),
  );
  const note = `Microseconds a call; medians of ${rounds} rounds, and how far the farther quartile is from them.`;
  const versions = [...new Set(names.map((name) => titleOf(contenders[name].packages)))];
  return `## One validation

${versions.join('; ')}.

Each is set up as its documentation says, at its best (\`micro/contenders.js\`): keys imported once,
nothing fetched, caches large enough for all that comes. All check signature, issuer, audience, times and
algorithm; before it is measured each has refused tokens that lack one of these. *Seen* is the same
token each time, in a string of its own as a request brings it; *unseen* is new each time, and the same
for all. “–”: can't verify it.

${mainTables(figures)}

### By algorithm, tokens of 1 KiB

${note}

${matrix(
  cases.filter(({ size }) => size === 1),
  ({ alg }) => alg,
)}

### By size

${note} RS256 has no 0.5 KiB: its signature leaves too little of that for the claims.

${matrix(sizes, ({ alg, size }) => `${alg}, ${size} KiB`)}
`;
}

module.exports = { MODES, OURS, caseOf, cells, roundsOf, section, times, title };
