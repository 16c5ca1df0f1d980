'use strict';

// The goals, and whether the figures meet them.

const { toRival, toSignature } = require('./dpop');
const http = require('./http/report.js');
const { NONE, OURS } = require('./http/guards.js');
const { extra } = require('./memory/report.js');
const micro = require('./micro/report.js');
const startup = require('./startup/report.js');
const { digits, table, thousands } = require('./support/markdown.js');

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
  ['a seen token, against jose', '≥ 30 ×', times('seen', 1, 'jose', 30)],
  [
    'a seen token, against fast-jwt with its cache',
    '≥ 1.5 ×',
    times('seen', 1, 'fast-jwt, cache', 1.5),
  ],
  [
    'an unseen RS256 token, 64 in flight, against jose',
    '≥ 2.5 ×',
    times('unseen', 64, 'jose', 2.5),
  ],
  [
    'an unseen RS256 token, 64 in flight, against fast-jwt without cache',
    '≥ 2.5 ×',
    times('unseen', 64, 'fast-jwt', 2.5),
  ],
  [
    'an unseen RS256 token on one thread, against bare verification by the same library',
    '≤ 1.2 ×',
    ({ bare }) => bare?.ratio && atMost(1.2, bare.ratio.median),
  ],
  [
    'Fastify, one token, requests/s to no protection',
    '≥ 0.90',
    serves(['fastify'], [http.rate('one')], 0.9),
  ],
  [
    `Fastify, distinct tokens, each ${http.TIMES_EACH} times, requests/s to no protection`,
    '≥ 0.85',
    serves(['fastify'], [http.mixed], 0.85),
  ],
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
    '≤ 15',
    ({ startup: figures }) =>
      figures && atMost(15, startup.of(figures.values, OURS, 'ready').median),
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

function section(figures) {
  const rows = marks(figures).map(({ what, limit, value, met }) => [
    what,
    limit,
    value === undefined ? 'not measured' : digits(value),
    { true: 'met', false: '**not met**' }[met] ?? '–',
  ]);
  return `## The marks

Where one is about several figures, the worst of them counts: of both frameworks, of both handlers,
of new and seen tokens. “${NONE}” has no hook at all.

${table(['', 'mark', 'measured', ''], rows)}
`;
}

module.exports = { marks, section };
