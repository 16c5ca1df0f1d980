'use strict';

// npm run mutants: the mutants of js/. Each is written into a copy of the repository, where the test files that run
// its place are run, the likeliest first, until one fails. Results are kept in .cache/mutants, so that a run which is
// interrupted goes on where it ended.
//
//   npm run mutants                            hours
//   npm run mutants -- --only js/certificates  the files whose path begins so (may be repeated)
//   npm run mutants -- --sample 200 --seed 7   so many of them, by chance
//   npm run mutants -- --survivors             only those that survived before, once more
//   npm run mutants -- --survivors --processes    each test file in a process of its own: slower, and all of its tests
//   --budget 20    seconds of tests for one mutant; --workers 2; --list: prints the survivors and ends

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { generator } = require('../random');
const { wholeNumbers } = require('../whole-numbers');
const { coverage, shareAt } = require('./coverage');
const { applied, mutantsOf } = require('./operators');
const { ROOT } = require('./run');
const { Runner } = require('./runner');
const { CACHE, Tree } = require('./tree');

const NUMBERS = ['sample', 'seed', 'budget', 'workers'];
const DIRECTORIES = 'core http cache certificates redis express fastify web hono koa nest mcp';
const RESULTS = path.join(CACHE, 'results.jsonl');
const KNOWN = path.join(CACHE, 'known.json');
const LIMIT_MS = 20_000;
const LIMIT_FACTOR = 6;
const CONFIRMED_TOGETHER = 8;
/** After so many failures to confirm a mutant, the test file is not used any more. */
const MOST_ROUNDS = 2;
/** What it takes to load a test file and js/ once more. */
const LOADING_MS = 300;

/** @typedef {import('./operators').Mutant & { file: string, name: string, line: number, from: string }} Named */
/** @typedef {{ name: string, result: 'killed' | 'late' | 'survived' | 'not run', test?: string }} Result */

/** The mutants of the files whose path begins with one of `only`. */
function listMutants(only) {
  const files = DIRECTORIES.split(' ').flatMap((directory) =>
    fs.readdirSync(path.join(ROOT, 'js', directory)).map((name) => `js/${directory}/${name}`),
  );
  return files
    .filter((file) => file.endsWith('.js') && only.some((start) => file.startsWith(start)))
    .flatMap((file) => {
      const text = textOf(file);
      const sha = crypto.createHash('sha256').update(text).digest('base64url').slice(0, 12);
      return mutantsOf(text).map((mutant) => ({
        ...mutant,
        file,
        name: [file, sha, mutant.start, mutant.end, mutant.text].join(':'),
        line: text.slice(0, mutant.start).split('\n').length,
        from: text.slice(mutant.start, mutant.end),
      }));
    });
}

function textOf(file) {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

/** So many of the mutants, the same for the same seed. */
function sampled(mutants, count, seed) {
  const random = generator(seed);
  const order = mutants.map((mutant) => ({ mutant, key: random() }));
  return order
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ mutant }) => mutant);
}

/** The results so far, by the mutants' names. */
function readResults() {
  const lines = fs.existsSync(RESULTS) ? fs.readFileSync(RESULTS, 'utf8').trim().split('\n') : [];
  return new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .map((result) => [result.name, result]),
  );
}

/** Counts by test file which of them kill the mutants of which file of js/. */
class History {
  #counts = new Map();

  constructor(results) {
    for (const { name, test } of results) this.add(name.split(':', 1)[0], test);
  }

  add(file, test) {
    const key = `${file} ${test}`;
    if (test !== undefined) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  of(file, test) {
    return this.#counts.get(`${file} ${test}`) ?? 0;
  }
}

/** The tests that run the mutant's place, those first that find most in the least time. */
function testsFor(mutant, { covered, history, known }) {
  const text = textOf(mutant.file);
  return [...covered]
    .map(([test, entry]) => {
      const share = shareAt(entry, mutant.file, text, mutant.start);
      const likely = share + Math.sqrt(history.of(mutant.file, test));
      // A test file takes a third of the time where it is not the first.
      const ms = known.get(test)?.ms ?? entry.ms / 3;
      return { test, ms, share, rank: likely / (ms + LOADING_MS) };
    })
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.rank - a.rank);
}

/** Runs the test files in the runner's process, as many as the budget allows. */
async function judgedInProcess(mutant, runner, shared) {
  const { file, name } = mutant;
  const { tree } = runner;
  const tests = testsFor(mutant, shared);
  let spent = 0;
  for (const { test } of tests) {
    const known = await runner.knows(test);
    if (known === undefined) continue;
    tree.write(file, applied(textOf(file), mutant));
    const { result, reason } = await runner.run(test);
    tree.write(file, textOf(file));
    if (result === 'late' && (await runner.run(test)).result !== 'passed') {
      // It hangs without the mutant, too.
      shared.known.set(test, { leftOut: [], ms: 0, tests: 0 });
      continue;
    }
    if (result !== 'passed') return { ...noticed(name, result, test), reason };
    spent += known.ms + LOADING_MS;
    if (spent > shared.budget) break;
  }
  return { name, result: tests.length === 0 ? 'not run' : 'survived' };
}

/** Runs each test file in a process of its own. */
async function judgedInProcesses(mutant, { tree }, shared) {
  const { file, name } = mutant;
  const tests = testsFor(mutant, shared);
  let spent = 0;
  tree.write(file, applied(textOf(file), mutant));
  for (const { test, ms } of tests) {
    const { result } = await tree.run(test, LIMIT_MS + LIMIT_FACTOR * ms);
    if (result !== 'passed') {
      tree.write(file, textOf(file));
      return noticed(name, result, test);
    }
    spent += ms;
    if (spent > shared.budget) break;
  }
  tree.write(file, textOf(file));
  return { name, result: tests.length === 0 ? 'not run' : 'survived', processes: true };
}

/** @returns {Result} */
const noticed = (name, result, test) => ({
  name,
  result: result === 'late' ? 'late' : 'killed',
  test,
});

/**
 * Judges what is due. That a test fails counts once the same test has passed again without a mutant: an earlier
 * mutant may have left something behind in the process.
 */
async function work(due, runner, shared, keep) {
  let unconfirmed = [];
  const confirm = async () => {
    const test = unconfirmed.at(-1)?.result.test;
    if (test === undefined || (await runner.run(test)).result === 'passed') {
      for (const { result } of unconfirmed) keep(result);
    } else {
      runner.end();
      for (const { mutant } of unconfirmed) mutant.rounds = (mutant.rounds ?? 0) + 1;
      const isStuck = unconfirmed.some(({ mutant }) => mutant.rounds > MOST_ROUNDS);
      // A test that passes in a new process is a good one.
      if (isStuck || (await runner.run(test)).result !== 'passed') {
        shared.known.set(test, { leftOut: [], ms: 0, tests: 0 });
      }
      due.push(...unconfirmed.map(({ mutant }) => mutant));
    }
    unconfirmed = [];
  };
  while (due.length > 0 || unconfirmed.length > 0) {
    const mutant = due.pop();
    if (mutant !== undefined) {
      const result = await shared.judge(mutant, runner, shared);
      if (result.result === 'killed' && !shared.processes) unconfirmed.push({ mutant, result });
      else keep(result);
    }
    if (unconfirmed.length >= CONFIRMED_TOGETHER || due.length === 0) await confirm();
  }
  runner.end();
}

const isAlive = ({ result }) => result === 'survived' || result === 'not run';

/** @param {Named} mutant */
function described({ file, line, from, text }) {
  const short = (code) => code.replace(/\s+/g, ' ').slice(0, 90);
  return `${file}:${line}  ${short(from)}  ->  ${short(text) || '(nothing)'}`;
}

function report(mutants, results) {
  const judgedOnes = mutants.filter(({ name }) => results.has(name));
  const count = (result) =>
    judgedOnes.filter(({ name }) => results.get(name).result === result).length;
  for (const mutant of judgedOnes) {
    const result = results.get(mutant.name);
    if (isAlive(result)) console.log(`${result.result}: ${described(mutant)}`);
  }
  const noticed = count('killed') + count('late');
  const share = ((100 * noticed) / Math.max(judgedOnes.length, 1)).toFixed(1);
  console.log(
    `${judgedOnes.length} mutants: ${noticed} noticed (${share} %; ${count('late')} of them by the time limit), ` +
      `${count('survived')} survived, ${count('not run')} run by no test`,
  );
}

async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: ['js/'] },
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      budget: { type: 'string', default: '20' },
      workers: { type: 'string', default: '2' },
      survivors: { type: 'boolean', default: false },
      processes: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const { sample, seed, budget, workers } = wholeNumbers(values, NUMBERS);
  const all = listMutants(values.only);
  const mutants = sample === undefined ? all : sampled(all, sample, seed);
  const results = readResults();
  if (values.list) return report(mutants, results);

  const isDue = ({ name }) => {
    const result = results.get(name);
    return result === undefined ? !values.survivors : values.survivors && isAlive(result);
  };
  const due = mutants.filter(isDue).reverse();
  fs.mkdirSync(CACHE, { recursive: true });
  const trees = Array.from({ length: workers }, (_, number) => new Tree(number));
  const covered = await coverage(trees);
  const known = fs.existsSync(KNOWN) ? JSON.parse(fs.readFileSync(KNOWN, 'utf8')) : [];
  const shared = {
    covered,
    history: new History(results.values()),
    known: new Map(known),
    budget: budget * 1000,
    processes: values.processes,
    judge: values.processes ? judgedInProcesses : judgedInProcess,
  };
  const keep = (result) => {
    results.set(result.name, result);
    shared.history.add(result.name.split(':', 1)[0], result.test);
    fs.appendFileSync(RESULTS, `${JSON.stringify(result)}\n`);
  };
  const timer = setInterval(() => {
    const alive = mutants.filter(({ name }) => results.has(name) && isAlive(results.get(name)));
    console.log(`${new Date().toISOString()}: ${due.length} to go, ${alive.length} survive`);
    fs.writeFileSync(KNOWN, JSON.stringify([...shared.known]));
  }, 60_000);
  await Promise.all(trees.map((tree) => work(due, new Runner(tree, shared.known), shared, keep)));
  clearInterval(timer);
  report(mutants, results);
}

module.exports = { main };
