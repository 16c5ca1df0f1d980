'use strict';

// Figures from many short rounds. The machine drifts within minutes, so contenders are compared round
// by round: a ratio is the median of the rounds' ratios, not the ratio of two medians.

function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

const median = (values) => quantile(values, 0.5);

/** The median and the two quartiles around it. */
const summary = (values) => ({
  median: median(values),
  low: quantile(values, 0.25),
  high: quantile(values, 0.75),
});

/** How many times the others' values these are, round by round. */
const ratios = (values, others) => values.map((value, round) => value / others[round]);

/** In which order they come to their turn: another in each round, and every other round backwards. */
function turns(contenders, round) {
  const first = round % contenders.length;
  const order = [...contenders.slice(first), ...contenders.slice(0, first)];
  return round % 2 === 1 ? order.reverse() : order;
}

/**
 * Lets the contenders take turns, so that what else the machine does meets all:
 * `measure(contender, round)`, one after the other. Hands back the values by contender.
 */
async function alternate(contenders, rounds, measure) {
  const values = Object.fromEntries(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of turns(contenders, round)) {
      values[contender].push(await measure(contender, round));
    }
  }
  return values;
}

module.exports = { alternate, median, quantile, ratios, summary, turns };
