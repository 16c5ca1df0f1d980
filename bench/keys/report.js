'use strict';

// The report, as Markdown.

const { load, machine, titleOf } = require('../support/machine.js');
const { table, thousands } = require('../support/markdown.js');
const { contenders } = require('./contenders.js');
const { CACHE_SECONDS, FETCH_MS } = require('./latency.js');
const { VALID_PER_SECOND } = require('./scenarios.js');

const MARK = 1.2;
/** Shorter waits are noise of the machine. */
const NOTICEABLE_MS = 500;

const names = Object.keys(contenders);

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const wait = (ms) => (ms < NOTICEABLE_MS ? '–' : seconds(ms));

function percent({ refused, sent }) {
  if (refused === 0) return '0';
  const share = (100 * refused) / sent;
  return `${share < 0.1 ? '<0.1' : share.toFixed(share < 10 ? 1 : 0)} %`;
}

/** The scenarios that were run: a quick run leaves some out. */
const scenariosRun = ({ scenarios, results }) =>
  Object.entries(scenarios).filter(([id]) => results[id]);

/** One row for each phase that is reported. */
function phaseRows(run, cell) {
  const { results } = run;
  return scenariosRun(run).flatMap(([id, { rows }]) =>
    Object.entries(rows).map(([phase, title]) => [
      title,
      ...names.map((name) => cell(results[id].contenders[name].phases[phase])),
    ]),
  );
}

function requestRows(run) {
  const { results } = run;
  const reported = scenariosRun(run).filter(([, { rows }]) => Object.keys(rows).length > 0);
  return reported.map(([id, { rows, cacheSeconds }]) => [
    Object.values(rows).join(' '),
    cacheSeconds ? `${cacheSeconds} s` : 'default',
    `${Math.round(results[id].seconds)} s`,
    ...names.map((name) => {
      const { requests } = results[id].contenders[name];
      const perHour = Math.round((requests * 3600) / results[id].seconds);
      return `${thousands(requests)} (${thousands(perHour)})`;
    }),
  ]);
}

const MOMENTS = [
  [
    'coldOutage',
    'back',
    'firstPassMs',
    'A tenant that was down from the start is back: first pass',
  ],
  ['floodRotation', 'rotated', 'firstPassMs', 'A new key during a flood: first pass'],
  ['withdrawn', 'withdrawn', 'lastPassMs', 'A key is withdrawn: last pass'],
];

/** The time from an event to the first, or last, token that passed. */
function momentRows({ results }) {
  return MOMENTS.filter(([id]) => results[id]).map(([id, phase, moment, title]) => [
    title,
    ...names.map((name) => {
      const { sent, refused, [moment]: ms } = results[id].contenders[name].phases[phase];
      const watched = `${Math.round(sent / VALID_PER_SECOND)} s`;
      if (moment === 'lastPassMs' && refused === 0) return `never ended (${watched})`;
      return ms === undefined ? `not within ${watched}` : seconds(ms);
    }),
  ]);
}

function reasonRows(run) {
  const { results } = run;
  return scenariosRun(run).flatMap(([id, { rows }]) =>
    Object.entries(rows).flatMap(([phase, title]) =>
      names.flatMap((name) =>
        Object.entries(results[id].contenders[name].phases[phase].why).map(([why, times]) => [
          title,
          name,
          `\`${why.replace(/127\.0\.0\.1:\d+/g, '…')}\``,
          thousands(times),
        ]),
      ),
    ),
  );
}

function latencyRows(latency) {
  return names.map((name) => {
    const { quiet, refresh, before } = latency[name];
    const cells = ({ p50, p99 }) => [p50.toFixed(2), p99.toFixed(2)];
    if (refresh.count === 0) return [name, ...cells(quiet), 'never', 'refreshes', '–', '–'];
    const toQuiet = ({ p99 }) => (p99 / quiet.p99).toFixed(2);
    return [name, ...cells(quiet), ...cells(refresh), toQuiet(refresh), toQuiet(before)];
  });
}

function reportLatency(latency) {
  const { refresh } = latency[names[0]];
  const head = ['', 'quiet p50', 'quiet p99', 'refresh p50', 'refresh p99', 'p99 / p99', 'unrest'];
  return `## Across a refresh

Milliseconds that a valid token takes while keys are being fetched (${FETCH_MS} ms, each ${CACHE_SECONDS} s; ${refresh.count} tokens)
and while none are. The mark for this package is p99 / p99 ≤ ${MARK}. \`unrest\` is the same ratio for the
stretches just before, in which nothing is fetched either: how far the machine alone is from 1.

${table(head, latencyRows(latency))}
`;
}

function report(run) {
  const { quick, latency, heldUp } = run;
  const cell = (phase) => {
    const longest = wait(phase.longestMs);
    return longest === '–' ? percent(phase) : `${percent(phase)}, ${longest}`;
  };
  const count = ({ refused, sent }) => `${thousands(refused)} / ${thousands(sent)}`;
  return `# Keys on bad days

${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${machine()}${quick ? ', quick run' : ''}; load averages ${load()}.
${names.map((name) => titleOf(contenders[name].packages)).join('; ')}.

\`node bench/keys\` makes this page. All contenders meet the same faults at the same time, each in a
process of its own, with a tenant of its own on loopback (TLS); ${VALID_PER_SECOND} valid RS256 tokens a second.
Each is set up as its documentation says (\`contenders.js\`): jwks-rsa with cache, rate limit and an hour
of \`cacheMaxAgeFallback\`, get-jwks with the path of the JWKS, the others as they come. Where keys are
fresh for less than that, it is for all alike; aws-jwt-verify has no such setting.

## Valid tokens refused, and the longest wait of one

Waits under ${NOTICEABLE_MS} ms are left out: they say more about the machine, which held up an idle
process for ${heldUp.toFixed(0)} ms at the most.

${table(['', ...names], phaseRows(run, cell))}

${table(['How long it takes until', ...names], momentRows(run))}

When this package asks a tenant again that it could never reach is a matter of chance (backoff with full
jitter, up to 5 s while there are no keys): one run says little.

## Requests to the tenant

In brackets: per hour, extrapolated from the seconds that were measured. Keys are fresh for as long as
the second column says, or as each documents (this package 300 s, jose and jwks-rsa 600 s, get-jwks
60 s, aws-jwt-verify for good). This package's requests include those for the discovery document, which
the others are not asked to read. Connections that were reset count.

${table(['', 'fresh for', 'measured', ...names], requestRows(run))}

## Refused, in numbers

${table(['', ...names], phaseRows(run, count))}

Longest wait of a valid token, milliseconds:

${table(
  ['', ...names],
  phaseRows(run, ({ longestMs }) => longestMs.toFixed(0)),
)}

## What the refused were told

${table(['', '', 'error', 'times'], reasonRows(run))}

${reportLatency(latency)}`;
}

module.exports = { report, reportLatency };
