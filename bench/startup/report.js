'use strict';

// The report of the start-up benchmark, as Markdown.

const { titleOf } = require('../support/machine.js');
const { spread, table } = require('../support/markdown.js');
const { summary } = require('../support/stats.js');
const { packages } = require('./child.js');

const of = (values, name, key) => summary(values[name].map((round) => round[key]));

function section({ values, rounds }) {
  const names = Object.keys(values);
  const bare = summary(names.flatMap((name) => values[name].map(({ begun }) => begun)));
  const megabytes = (name) => (of(values, name, 'rss').median / 2 ** 20).toFixed(0);
  const titles = names
    .map((name) => packages[name])
    .filter(Boolean)
    .map(titleOf);
  return `## Start-up

${titles.join('; ')}.

Milliseconds from the first line of a program, on top of the ${spread(bare)} that Node.js itself
takes until then: the library is loaded, the validator is made, the first RS256 token is validated, for
which keys are fetched over loopback (here also the discovery document). Medians of ${rounds} processes each. The last row is
what Node.js takes to find and compile as many modules as this package has, if they are empty.

${table(
  ['', 'loaded', 'made', 'first token validated', 'RSS then, MiB'],
  names.map((name) => [
    name,
    ...['loaded', 'created', 'ready'].map((key) => spread(of(values, name, key))),
    megabytes(name),
  ]),
)}
`;
}

module.exports = { of, section };
