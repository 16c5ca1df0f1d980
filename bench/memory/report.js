'use strict';

// The report of the memory benchmark, as Markdown.

const { table, thousands } = require('../support/markdown.js');
const { CONTROL } = require('./index.js');

const MIB = 2 ** 20;

/** The growth of a contender's memory since the first token, beyond that of the one that only reads tokens. */
function extra({ points }, name) {
  const [{ rss: start }] = points;
  return points.map(({ tokens, rss }) => ({
    tokens,
    mib: (rss[name] - start[name] - (rss[CONTROL] - start[CONTROL])) / MIB,
  }));
}

function section(figures) {
  const { points, bytes, entries } = figures;
  const names = Object.keys(points[0].rss);
  const others = names.filter((name) => name !== CONTROL);
  const grown = Object.fromEntries(others.map((name) => [name, extra(figures, name)]));
  return `## Memory

RSS in MiB after so many distinct Ed25519 tokens of ${bytes / 1024} KiB, after a garbage collection; 64 in flight. In
brackets: the growth since before the first, less that of a process that only reads the tokens. The cache
of fast-jwt is set to ${thousands(entries)} entries. Some of what this package takes is
probably arenas of the C library, for the threads that verify: in one run each beside other work, 300,000 tokens took 35 MiB, and 28 with
\`MALLOC_ARENA_MAX=1\` (2026-11-25).

${table(
  ['tokens', ...names],
  points.map(({ tokens, rss }, index) => [
    thousands(tokens),
    ...names.map((name) => {
      const held = (rss[name] / MIB).toFixed(1);
      return name === CONTROL ? held : `${held} (${grown[name][index].mib.toFixed(1)})`;
    }),
  ]),
)}
`;
}

module.exports = { extra, section };
