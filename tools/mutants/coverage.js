'use strict';

// Which parts of js/ each test file runs, from the coverage of V8. Kept in .cache/mutants until the test file
// changes; where a file of js/ has changed since, all of it counts as run.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { listTests } = require('../test');
const { LEFT_OUT, ROOT } = require('./run');
const { CACHE } = require('./tree');

const FILE = path.join(CACHE, 'coverage.json');
const LIMIT_MS = 180_000;

/** It attacks for half a minute. */
const SLOW = '__test__/boundary/shared-objects.test.js';

/** @typedef {{ [file: string]: { sha: string, ran: [number, number][] } }} Ran the ranges, by file of js/ */
/** @typedef {{ sha: string, ms: number, ran: Ran }} Covered */

const sha = (text) => crypto.createHash('sha256').update(text).digest('base64url');
const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');

/**
 * What each test file runs. A test file that fails without a mutant is left out, with a line that says so.
 * @param {import('./tree').Tree[]} trees
 * @returns {Promise<Map<string, Covered>>}
 */
async function coverage(trees) {
  const known = fs.existsSync(FILE) ? JSON.parse(fs.readFileSync(FILE, 'utf8')) : {};
  const tests = listTests()
    .map((test) => path.relative(ROOT, test))
    .filter((test) => test !== SLOW && !LEFT_OUT.test(test));
  const missing = tests.filter((test) => known[test]?.sha !== sha(read(test)));
  if (missing.length > 0) console.log(`What do ${missing.length} test files run?`);
  const measure = async (tree) => {
    for (let test = missing.pop(); test !== undefined; test = missing.pop()) {
      known[test] = await measured(tree, test);
      fs.writeFileSync(FILE, JSON.stringify(known));
    }
  };
  await Promise.all(trees.map(measure));
  return new Map(
    tests.filter((test) => known[test].ran !== undefined).map((test) => [test, known[test]]),
  );
}

async function measured(tree, test) {
  const directory = path.join(tree.path, '.cache', 'v8');
  fs.rmSync(directory, { recursive: true, force: true });
  const { result, ms } = await tree.run(test, LIMIT_MS, { NODE_V8_COVERAGE: directory });
  if (result !== 'passed') {
    console.log(`${test}: ${result} without a mutant, not used`);
    return { sha: sha(read(test)), ms };
  }
  const painted = new Map();
  for (const name of fs.existsSync(directory) ? fs.readdirSync(directory) : []) {
    paintAll(JSON.parse(fs.readFileSync(path.join(directory, name), 'utf8')), tree, painted);
  }
  const ran = {};
  for (const [file, paint] of painted) ran[file] = { sha: sha(read(file)), ran: ranges(paint) };
  return { sha: sha(read(test)), ms, ran };
}

/** Adds what one process ran. */
function paintAll({ result }, tree, painted) {
  const prefix = `${pathToFileURL(tree.path)}/`;
  for (const { url, functions } of result) {
    const file = url.startsWith(prefix) ? url.slice(prefix.length) : '';
    if (!/^js\/.*\.js$/.test(file) || file === 'js/binding.js') continue;
    const { length } = read(file);
    const own = new Uint8Array(length);
    // An inner range comes after the one that it is in.
    const all = functions
      .flatMap((one) => one.ranges)
      .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
    for (const { startOffset, endOffset, count } of all) {
      own.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    const paint = painted.get(file) ?? new Uint8Array(length);
    painted.set(
      file,
      paint.map((one, at) => one | own[at]),
    );
  }
}

/** @returns {[number, number][]} */
function ranges(paint) {
  const found = [];
  for (let at = 0; at < paint.length; at += 1) {
    if (paint[at] === 0) continue;
    const start = at;
    while (paint[at] === 1) at += 1;
    found.push([start, at]);
  }
  return found;
}

/**
 * The share of a file that a test runs, where it runs the place; 0 where it does not.
 * @param {Covered} covered
 * @param {string} file
 * @param {string} text of the file
 * @param {number} at
 */
function shareAt({ ran }, file, text, at) {
  const entry = ran[file];
  if (entry === undefined) return 0;
  const isRun = entry.sha !== sha(text) || entry.ran.some(([from, to]) => from <= at && at < to);
  return isRun ? entry.ran.reduce((sum, [from, to]) => sum + to - from, 0) / text.length : 0;
}

module.exports = { coverage, shareAt };
