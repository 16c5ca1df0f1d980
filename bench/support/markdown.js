'use strict';

// Tables and numbers in Markdown.

/** A table whose first column is text and whose others are numbers. */
function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, index) => (index > 0 ? '--:' : '---'))),
    ...rows.map(line),
  ].join('\n');
}

const thousands = (number) => Math.round(number).toLocaleString('en-US');

/** A number with three significant digits, without exponent. */
function digits(number) {
  if (number >= 100) return thousands(number);
  if (number >= 10) return number.toFixed(1);
  return number.toFixed(2);
}

/** `4.20 (4.11–4.38)`: the median and its quartiles. */
const spread = ({ median, low, high }) => `${digits(median)} (${digits(low)}–${digits(high)})`;

module.exports = { digits, spread, table, thousands };
