'use strict';

// The report of the HTTP benchmark, as Markdown.

const { titleOf, versionOf } = require('../support/machine.js');
const { digits, spread, table, thousands } = require('../support/markdown.js');
const { median, ratios, summary } = require('../support/stats.js');
const { EMPTY, NONE, guards } = require('./guards.js');
const { CONNECTIONS } = require('./wrk.js');

/** How often each token comes in the mix of new and seen tokens: once new, then seen. */
const TIMES_EACH = 10;

const LOADS = {
  one: 'one token, again and again',
  first: 'distinct tokens, each for the first time',
  again: 'the same distinct tokens once more',
};

/** Requests per processor time, which does not change when other processes use the core. */
const byCpu = (load) => (round) => 1 / round[load].cpu;

/** The rate with each token of a pool ten times, computed from the rates of new and seen tokens. */
const mixed = ({ first, again }) => TIMES_EACH / (1 / first.rate + (TIMES_EACH - 1) / again.rate);

const groupOf = ({ groups }, framework, handler) =>
  groups.find((group) => group.framework === framework && group.handler === handler);

/** Median and quartiles of a contender's figures, as ratios to those without protection. */
function against(group, name, figure) {
  const of = (contender) => group.values[contender].map(figure);
  return summary(ratios(of(name), of(NONE)));
}

const rate = (load) => (round) => round[load].rate;

function groupSection({ framework, handler, values }, distinct) {
  const group = { values };
  const names = Object.keys(values);
  const middle = (name, load, key) => median(values[name].map((round) => round[load][key]));
  const rows = (load) =>
    names.map((name) => [
      name,
      thousands(middle(name, load, 'rate')),
      spread(against(group, name, rate(load))),
      digits(middle(name, load, 'cpu')),
      digits(against(group, name, byCpu(load)).median),
      middle(name, load, 'p50').toFixed(2),
      middle(name, load, 'p99').toFixed(2),
      middle(name, load, 'delayP99').toFixed(2),
    ]);
  const head = [
    '',
    'requests/s',
    'to no protection',
    'CPU',
    'to none by CPU',
    'p50',
    'p99',
    'loop delay p99',
  ];
  const tables = Object.entries(LOADS).map(
    ([load, title]) =>
      `**${title.replace('distinct', `${thousands(distinct)} distinct`)}**\n\n${table(head, rows(load))}`,
  );
  return `### ${framework === 'fastify' ? 'Fastify' : 'Express'}, the handler ${handler} the claims

${tables.join('\n\n')}

**each of the ${thousands(distinct)} tokens ${TIMES_EACH} times: new once, then seen**

${table(
  ['', 'requests/s', 'to no protection'],
  names.map((name) => [
    name,
    thousands(median(values[name].map(mixed))),
    spread(against(group, name, mixed)),
  ]),
)}`;
}

function section(figures) {
  const { groups, rounds, distinct } = figures;
  const packages = ['fastify', 'express'].flatMap((framework) => [
    `${framework} ${versionOf(framework)}`,
    ...Object.values(guards[framework]).map((guard) => titleOf(guard.packages)),
  ]);
  const versions = [...new Set(packages)];
  const loads = Object.keys(LOADS);
  const noise = groups.flatMap((group) =>
    loads.map((load) => against(group, EMPTY, rate(load)).median),
  );
  return `## A server

${versions.join('; ')}.

wrk with ${CONNECTIONS} connections on one core, the server on the other; RS256 tokens of 1 KiB; medians of ${rounds} rounds.
*To no protection* is the median (and the quartiles) of the rounds' ratios. p50 and p99 are latencies in
milliseconds, under a load that leaves no pause: they are longer where more requests are answered at
once. CPU is the server's processor time in microseconds a request, all threads; *by CPU* is the ratio that
this alone would make, whatever else ran on the machine. The loop delay is how much later than due a timer
of 1 ms fires, in milliseconds. What a handler that reads the claims answers has \`claims.sub\` in it.
Caches have room for all tokens.

An empty hook can't be faster than none. Its medians are ${digits(Math.min(...noise))} to ${digits(Math.max(...noise))} of no protection here: ratios to no
protection are as uncertain as that.

Of a guarded Fastify request with one seen token (a profile of 2026-11-25 beside other work, \`perf record -e cpu-clock -p PID\`,
grouped by hand): 47 % Node.js, 37 % the kernel, 5 % Fastify, 3 % the C library, 3 % SHA-256, 3 % the rest of the core, 2 % Node-API
and this package's JavaScript. The last three are about 2 µs. The guard costs more, and where the rest goes is not known.

${groups.map((group) => groupSection(group, distinct)).join('\n\n')}
`;
}

module.exports = { TIMES_EACH, against, groupOf, mixed, rate, section };
