'use strict';

// A table for a terminal. A column is as wide as its cells, up to its limit. A longer cell is wrapped at
// spaces, or cut if it has none.

function table(columns, rows) {
  const cells = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map(({ limit }, index) =>
    Math.min(limit, Math.max(...cells.map((row) => length(row[index])))),
  );
  const lines = cells.flatMap((row) => layOut(row, widths));
  lines.splice(1, 0, widths.map((width) => '─'.repeat(width)).join('  '));
  return lines.join('\n');
}

function layOut(row, widths) {
  const wrapped = row.map((cell, index) => wrap(cell, widths[index]));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    wrapped
      .map((lines, index) => pad(lines[line] ?? '', widths[index]))
      .join('  ')
      .trimEnd(),
  );
}

function wrap(cell, width) {
  if (length(cell) <= width) {
    return [cell];
  }
  const words = cell.split(' ');
  if (words.some((word) => length(word) > width)) {
    return [`${[...cell].slice(0, width - 1).join('')}…`];
  }
  const lines = [''];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`.trimStart();
    if (length(longer) <= width) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

const length = (text) => [...text].length;
const pad = (text, width) => text + ' '.repeat(width - length(text));

module.exports = { table };
