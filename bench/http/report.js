'use strict';

// The report of the HTTP benchmark, as Markdown.

const { titleOf, versionOf } = require('../support/machine.js');
const { digits, spread, table, thousands } = require('../support/markdown.js');
const { median, summary } = require('../support/stats.js');
const { EMPTY, NONE, OURS, guards } = require('./guards.js');
const { STAGES } = require('./stages.js');
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

/** `compare` of a contender's figures and those without protection, of each round that it took part in. */
function besideNone({ values }, name, compare) {
  return values[name].map((round) =>
    compare(
      round,
      values[NONE].find(({ number }) => number === round.number),
    ),
  );
}

/** Median and quartiles of a contender's figures, as ratios to those without protection. */
const against = (group, name, figure) =>
  summary(besideNone(group, name, (round, none) => figure(round) / figure(none)));

/** Microseconds of processor time of a request beyond one without protection. */
const beyondNone = (group, name, load) =>
  summary(besideNone(group, name, (round, none) => round[load].cpu - none[load].cpu));

const rate = (load) => (round) => round[load].rate;

function groupSection({ framework, handler, values }, distinct) {
  const group = { values };
  const names = Object.keys(values).filter((name) => !(name in STAGES));
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

function stagesSection(groups) {
  const group = groups.find(({ values }) => Object.keys(STAGES).every((name) => name in values));
  const rows = [...Object.keys(STAGES), OURS].map((name) => [
    name,
    spread(beyondNone(group, name, 'one')),
  ]);
  return `### Where the time of the Fastify hook goes

One token again and again: microseconds of processor time of a request beyond no protection, each row with all that
comes before it. The last adds the copy of the claims, the verdict and the claims on the request.

${table(['', 'µs'], rows)}
`;
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

wrk with ${CONNECTIONS} connections on one core, the server on the other; RS256 tokens of 1 KiB; medians of ${rounds} rounds,
for other packages of every fourth of them.
*To no protection* is the median (and the quartiles) of the rounds' ratios. p50 and p99 are latencies in
milliseconds, under a load that leaves no pause: they are longer where more requests are answered at
once. CPU is the server's processor time in microseconds a request, all threads; *by CPU* is the ratio that
this alone would make, whatever else ran on the machine. The loop delay is how much later than due a timer
of 1 ms fires, in milliseconds. What a handler that reads the claims answers has \`claims.sub\` in it.
Caches have room for all tokens. Each server has answered 10,000 requests before. V8 goes on compiling for about a second after that,
which makes the first of the loads, one token, dearer than it is in a server that has run for longer.

An empty hook can't be faster than none. Its medians are ${digits(Math.min(...noise))} to ${digits(Math.max(...noise))} of no protection here: ratios to no
protection are as uncertain as that.

${stagesSection(groups)}
${groups.map((group) => groupSection(group, distinct)).join('\n\n')}
`;
}

module.exports = { TIMES_EACH, against, beyondNone, groupOf, mixed, rate, section };
