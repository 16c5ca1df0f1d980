'use strict';

// The bar chart of the README, as SVG. It has a background of its own, light or dark like the reader's system,
// and uses the system's fonts.

const http = require('./http/report.js');
const { EMPTY, OURS } = require('./http/guards.js');
const micro = require('./micro/report.js');
const { NOTHING } = require('./micro');
const { digits, thousands } = require('./support/markdown.js');
const { median } = require('./support/stats.js');

const WIDTH = 960;
const MARGIN = 24;
const GAP = 32;
const COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2;
const LABEL = 236;
const VALUE = 62;
const ROW = 22;
const BAR = 13;
const HEAD = 48;

const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 14px; font-weight: 600 }
  .note, .value { fill: #59636e }
  .ours { font-weight: 600; fill: #1f2328 }
  .ground { fill: #ffffff; stroke: #d1d9e0 }
  .bar { fill: #afb8c1 }
  .bar.ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text, .ours { fill: #f0f6fc }
    .note, .value { fill: #9198a1 }
    .value.ours { fill: #f0f6fc }
    .ground { fill: #0d1117; stroke: #3d444d }
    .bar { fill: #545d68 }
    .bar.ours { fill: #4493f8 }
  }`;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function bars({ title, note, rows, format }, x, y) {
  const most = Math.max(...rows.map(([, value]) => value));
  const room = COLUMN - LABEL - VALUE;
  const parts = [
    `<text class="title" x="${x}" y="${y + 14}">${escaped(title)}</text>`,
    `<text class="note" x="${x}" y="${y + 32}">${escaped(note)}</text>`,
  ];
  for (const [index, [name, value]] of rows.entries()) {
    const top = y + HEAD + index * ROW;
    const middle = top + ROW / 2 + 4;
    const width = Math.max(1, (value / most) * room).toFixed(1);
    const ours = name === OURS ? ' ours' : '';
    parts.push(
      `<text class="${ours}" x="${x + LABEL - 8}" y="${middle}" text-anchor="end">${escaped(name)}</text>`,
      `<rect class="bar${ours}" x="${x + LABEL}" y="${top + (ROW - BAR) / 2}" width="${width}" height="${BAR}" rx="2"/>`,
      `<text class="value${ours}" x="${(x + LABEL + Number(width) + 6).toFixed(1)}" y="${middle}">${format(value)}</text>`,
    );
  }
  return parts.map((part) => part.replace(' class=""', '')).join('\n');
}

const height = ({ rows }) => HEAD + rows.length * ROW;

/** Best first. */
const sorted = (rows) => rows.sort(([, a], [, b]) => b - a);

function validations(figures, mode, title) {
  const found = micro.caseOf(figures, 'RS256', 1);
  const [kind, inFlight] = mode;
  const { values } = found.modes.find((each) => each.kind === kind && each.inFlight === inFlight);
  const rows = Object.keys(values)
    .filter((name) => name !== NOTHING)
    .map((name) => [name, 1e6 / median(micro.roundsOf(found, mode, name))]);
  const note = 'RS256, 1 KiB; validations a second';
  return { title, note, rows: sorted(rows), format: thousands };
}

function servers(figures, framework, figure, title, note) {
  const { values } = http.groupOf(figures, framework, 'reads');
  const rows = Object.keys(values)
    .filter((name) => name !== EMPTY)
    .map((name) => [name, http.against({ values }, name, figure).median]);
  return { title, note, rows: sorted(rows), format: digits };
}

function chart({ micro: calls, http: loads }) {
  const note = 'requests a second, as a part of those without protection';
  const distinct = `${thousands(loads.distinct)} tokens, each ${http.TIMES_EACH} times`;
  const panels = [
    [
      validations(calls, ['seen', 1], 'A token that was seen before'),
      validations(calls, ['unseen', 64], 'New tokens, 64 at once'),
    ],
    [
      servers(loads, 'fastify', http.rate('one'), 'Fastify, one token', note),
      servers(loads, 'fastify', http.mixed, `Fastify, ${distinct}`, note),
    ],
    [
      servers(loads, 'express', http.rate('one'), 'Express, one token', note),
      servers(loads, 'express', http.mixed, `Express, ${distinct}`, note),
    ],
  ];
  const parts = [];
  let y = MARGIN;
  for (const row of panels) {
    for (const [index, panel] of row.entries()) {
      parts.push(bars(panel, MARGIN + index * (COLUMN + GAP), y));
    }
    y += Math.max(...row.map(height)) + GAP;
  }
  parts.push(
    `<text class="note" x="${MARGIN}" y="${y}">${escaped(`${calls.machine}, Node.js ${calls.node}. Longer is faster.`)}</text>`,
  );
  const total = y + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${total}" viewBox="0 0 ${WIDTH} ${total}" role="img" aria-labelledby="title">
<title id="title">How fast tokens are validated, and what that leaves of a server's speed, by library</title>
<style>${STYLE}
</style>
<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${total - 1}" rx="8"/>
${parts.join('\n')}
</svg>
`;
}

module.exports = { chart };
