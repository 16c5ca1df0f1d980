'use strict';

// Statistics of many short rounds. The machine's speed drifts within minutes, so contenders are compared in each
// round: a ratio is the median of the rounds' ratios, not the ratio of two medians.

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

/** The ratios of two contenders' values, for each round. */
const ratios = (values, others) => values.map((value, round) => value / others[round]);

/** The order of the contenders in a round: rotated by one each round, and every other round reversed. */
function turns(contenders, round) {
  const first = round % contenders.length;
  const order = [...contenders.slice(first), ...contenders.slice(0, first)];
  return round % 2 === 1 ? order.reverse() : order;
}

/**
 * Calls `measure(contender, round)` for the contenders in turn, so that other processes affect all alike.
 * Returns the values by contender.
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
