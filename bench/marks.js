'use strict';

// The goals, and whether the figures meet them.

const { toRival, toSignature } = require('./dpop');
const http = require('./http/report.js');
const { NONE, OURS } = require('./http/guards.js');
const { extra } = require('./memory/report.js');
const micro = require('./micro/report.js');
const startup = require('./startup/report.js');
const { digits, spread, table, thousands } = require('./support/markdown.js');
const { median, ratios } = require('./support/stats.js');

/** Memory is flat if from this number of tokens on it grows by less than the noise of RSS, `FLAT_MIB`. */
const FLAT_FROM = 200_000;
const FLAT_MIB = 4;

const atLeast = (limit, value) => ({ value, met: value >= limit });
const atMost = (limit, value) => ({ value, met: value <= limit });
const lowest = (values) => Math.min(...values);
const highest = (values) => Math.max(...values);

const times =
  (kind, inFlight, name, limit) =>
  ({ micro: figures }) =>
    figures && atLeast(limit, micro.times(figures, 'RS256', 1, [kind, inFlight], name));

const oursOf = ({ all }) => all.find(({ name }) => name === micro.OURS);

/** The contenders that are faster than this package in a cell. `level`: their quartiles and ours overlap. */
function aheadOf(cell) {
  const ours = oursOf(cell);
  return cell.all
    .slice(0, cell.all.indexOf(ours))
    .map((other) => ({ ...other, level: other.high >= ours.low }));
}

const first = ({ micro: figures }) =>
  figures &&
  atMost(
    0,
    micro.cells(figures).filter((cell) => aheadOf(cell).some(({ level }) => !level)).length,
  );

/** The time of the fastest other contender to that of this package; the worst of the cells that are chosen. */
const toNext =
  (choose, limit = 1) =>
  ({ micro: figures }) => {
    const found = figures ? micro.cells(figures).filter(choose) : [];
    if (found.length === 0) return undefined;
    const next = ({ all }) => all.find(({ name }) => name !== micro.OURS).median;
    return atLeast(limit, lowest(found.map((cell) => next(cell) / oursOf(cell).median)));
  };

const unseen =
  (alg, wanted = 1) =>
  (cell) =>
    cell.alg === alg && cell.size === 1 && cell.kind === 'unseen' && cell.inFlight === wanted;

/** The time of a new token of some algorithms to that of RS256. */
function toRs256({ micro: figures }, algs) {
  const time = (alg) => {
    const cell = figures && micro.cells(figures).find(unseen(alg));
    return cell && oursOf(cell).median;
  };
  const found = algs.map((alg) => time(alg) / time('RS256'));
  return found.some(Number.isNaN) ? undefined : atMost(1.1, highest(found));
}

/** Processor time of a new RS256 token, 64 in flight, to that of other contenders. */
function processorTime({ micro: figures }, others) {
  if (!figures) return undefined;
  const of = (name) =>
    micro.roundsOf(micro.caseOf(figures, 'RS256', 1), ['unseen', 64], name, 'cpu');
  return atMost(0.5, highest(others.map((name) => median(ratios(of(micro.OURS), of(name))))));
}

/** The worst figure of a framework, over both kinds of handler. */
const worst = ({ http: figures }, framework, figure, choose) => {
  const groups = figures?.groups.filter((group) => group.framework === framework) ?? [];
  if (groups.length === 0) return undefined;
  return choose(groups.map((group) => http.against(group, OURS, figure).median));
};

const serves = (frameworks, figures, limit) => (all) => {
  const found = frameworks.flatMap((framework) =>
    figures.map((figure) => worst(all, framework, figure, lowest)),
  );
  return found.includes(undefined) ? undefined : atLeast(limit, lowest(found));
};

/** Microseconds of processor time of a request beyond those without protection; the worse of both handlers. */
const beyond =
  (load, limit) =>
  ({ http: figures }) => {
    const groups = figures?.groups.filter(({ framework }) => framework === 'fastify') ?? [];
    const costs = groups.map((group) => http.beyondNone(group, OURS, load).median);
    return costs.length > 0 ? atMost(limit, highest(costs)) : undefined;
  };

function loopDelay(all) {
  const found = ['fastify', 'express'].flatMap((framework) =>
    ['first', 'again'].map((load) =>
      worst(all, framework, (round) => round[load].delayP99, highest),
    ),
  );
  return found.includes(undefined) ? undefined : atMost(1.3, highest(found));
}

const flat = ({ memory }) => {
  const points = memory && extra(memory, OURS).filter(({ tokens }) => tokens >= FLAT_FROM);
  if (!points?.length) return undefined;
  return atMost(FLAT_MIB, highest(points.map(({ mib }) => mib - points[0].mib)));
};

const held = ({ memory }) =>
  memory && atMost(32, highest(extra(memory, OURS).map(({ mib }) => mib)));

const MARKS = [
  ['cells of the tables of one validation in which another is faster, and not level', '0', first],
  ['a seen token, against jose', '≥ 30 ×', times('seen', 1, 'jose', 30)],
  [
    'a seen token, against fast-jwt with its cache',
    '≥ 1.5 ×',
    times('seen', 1, 'fast-jwt, cache', 1.5),
  ],
  [
    'a seen token of 4 and 8 KiB, against the fastest other',
    '≥ 1 ×',
    toNext(({ size, kind }) => size >= 4 && kind === 'seen'),
  ],
  ['an unseen ES256 token, against the fastest other', '≥ 1 ×', toNext(unseen('ES256'))],
  ['an unseen EdDSA token, against the fastest other', '≥ 1 ×', toNext(unseen('EdDSA'))],
  [
    'unseen PS384 and PS512 tokens, against RS256',
    '≤ 1.1 ×',
    (all) => toRs256(all, ['PS384', 'PS512']),
  ],
  [
    'an unseen RS256 token, 64 in flight, against the fastest other',
    '≥ 1.3 ×',
    toNext(unseen('RS256', 64), 1.3),
  ],
  [
    'processor time of an unseen RS256 token, 64 in flight, to jose and oauth4webapi',
    '≤ 0.5 ×',
    (all) => processorTime(all, ['jose', 'oauth4webapi']),
  ],
  [
    'an unseen RS256 token on one thread, against bare verification by the same library',
    '≤ 1.2 ×',
    ({ bare }) => bare && atMost(1.2, bare.cases.find(({ alg }) => alg === 'RS256').toBare.median),
  ],
  [
    'a seen token of 4 and 8 KiB, to SHA-256 of it alone',
    '≤ 1.5 ×',
    ({ bare }) =>
      bare &&
      atMost(1.5, highest(bare.seen.filter(({ kib }) => kib >= 4).map((it) => it.toBare.median))),
  ],
  [
    'Fastify, one token, requests/s to no protection',
    '≥ 0.90',
    serves(['fastify'], [http.rate('one')], 0.9),
  ],
  [
    `Fastify, distinct tokens, each ${http.TIMES_EACH} times, requests/s to no protection`,
    '≥ 0.60',
    serves(['fastify'], [http.mixed], 0.6),
  ],
  ['Fastify, one token, processor time beyond no protection, µs', '≤ 3.5', beyond('one', 3.5)],
  ['Fastify, seen distinct tokens, the same, µs', '≤ 7', beyond('again', 7)],
  ['Fastify, new tokens, the same, µs', '≤ 28', beyond('first', 28)],
  [
    'Express, both, requests/s to no protection',
    '≥ 0.92',
    serves(['express'], [http.rate('one'), http.mixed], 0.92),
  ],
  ['event-loop delay p99, distinct tokens, to no protection', '≤ 1.3 ×', loopDelay],
  [`memory after ${thousands(FLAT_FROM)} tokens grows by, MiB`, `≤ ${FLAT_MIB}`, flat],
  ['what all those tokens hold, MiB', '≤ 32', held],
  [
    '`require` to the first validated token, above bare Node.js, ms',
    '≤ 12',
    ({ startup: figures }) =>
      figures && atMost(12, startup.of(figures.values, OURS, 'ready').median),
  ],
  [
    'DPoP, processor time of a request, to express-oauth2-jwt-bearer',
    '≤ 0.5 ×',
    ({ dpop }) => dpop && atMost(0.5, toRival(dpop, 'cpu').median),
  ],
  [
    'DPoP, p50 and p99 of a request, to express-oauth2-jwt-bearer',
    '≤ 1 ×',
    ({ dpop }) =>
      dpop && atMost(1, highest(['p50', 'p99'].map((figure) => toRival(dpop, figure).median))),
  ],
  [
    'DPoP, a call with a fresh ES256 proof, against bare verification of its signature',
    '≤ 1.5 ×',
    ({ dpop }) => dpop && atMost(1.5, toSignature(dpop).median),
  ],
  ['the addon, stripped, MiB', '≤ 6', ({ addon }) => addon && atMost(6, addon.stripped / 2 ** 20)],
];

function marks(figures) {
  return MARKS.map(([what, limit, judge]) => ({ what, limit, ...judge(figures) }));
}

/** A table of the contenders that are faster somewhere. */
function notFirst({ micro: figures }) {
  const rows = micro
    .cells(figures)
    .flatMap((cell) =>
      aheadOf(cell).map((other) => [
        `${cell.alg}, ${cell.size} KiB, ${micro.title([cell.kind, cell.inFlight])}`,
        spread(oursOf(cell)),
        other.name,
        spread(other),
        other.level ? 'level' : '**ahead**',
      ]),
    );
  if (rows.length === 0) return 'No other contender is faster in any cell of the tables.';
  return `Where another is faster than this package; µs, medians and quartiles. *Level* is one whose quartiles and those of this
package overlap. A cache of raw tokens keeps what an attacker could send; this package keeps no token.

${table(['', micro.OURS, 'contender', 'takes', ''], rows)}`;
}

/** Written by hand: to be read again after a new run. */
const WHY = `Why marks are not met:

- **A new token.** Two thirds of its time is the signature (the profile and the table under “A new token and its signature
  alone”); most of the rest makes the claims, in V8, and allocates. With 64 in flight \`jose\` and \`oauth4webapi\` verify on
  both cores, at about twice the processor time.
- **PS384 and PS512** hash with SHA-384 and SHA-512, for which this processor has no instructions, as it has for SHA-256.
- **A seen token of 4 and 8 KiB.** About a microsecond a call does not depend on the length: JavaScript, the promise, and
  Node-API. To hash the token twice as fast would take another hash, or keep the token.
- **Fastify and Express.** “Where the time of the Fastify hook goes” has the steps. A tenth of a request without protection is
  less than the core's verdict with its SHA-256. Of many distinct tokens the claims of most are made from their text again, since
  \`verifiedTokensBytes\` bounds what is kept.
- **The loop delay.** One round of the event loop answers all requests that have come in, up to 32 here, and a timer waits for its
  end. A request that takes twice as long makes the round take twice as long.
- **Memory**: under “Memory”. **Start-up**: to find and compile modules is a quarter to a third of it (the last row of the table under
  “Start-up” has as many empty ones).`;

function section(figures) {
  const rows = marks(figures).map(({ what, limit, value, met }) => [
    what,
    limit,
    value === undefined ? 'not measured' : (Number.isInteger(value) ? thousands : digits)(value),
    { true: 'met', false: '**not met**' }[met] ?? '–',
  ]);
  return `## The marks

Where one is about several figures, the worst of them counts: of both frameworks, of both handlers,
of new and seen tokens. “${NONE}” has no hook at all.

${table(['', 'mark', 'measured', ''], rows)}

${WHY}
${figures.micro ? `\n${notFirst(figures)}\n` : ''}`;
}

module.exports = { marks, section };
