'use strict';

/**
 * Options of the command line as whole numbers from 1; those that were not given are left out.
 * @template {string} N
 * @param {Partial<Record<N, string>>} values as `parseArgs` returns them
 * @param {N[]} names
 * @returns {Record<N, number>}
 */
function wholeNumbers(values, names) {
  const given = names.filter((name) => values[name] !== undefined);
  return Object.fromEntries(
    given.map((name) => {
      const number = Number(values[name]);
      if (!Number.isSafeInteger(number) || number < 1) {
        throw new Error(`--${name} must be a whole number from 1`);
      }
      return [name, number];
    }),
  );
}

module.exports = { wholeNumbers };
