'use strict';

// npm run mutants -- --rust: the mutants of the core. cargo-mutants (`cargo install cargo-mutants`) names them, as
// .cargo/mutants.toml says. All are compiled into one addon and one set of test programs, in which the environment
// variable MUTANT chooses one, so that a mutant costs its tests and no compilation. A mutant's tests are those that
// call its function: the test programs of cargo first, then the files of `node --test`, the fast ones first.
//
//   npm run mutants -- --rust                        hours
//   npm run mutants -- --rust token/dpop 'with true' those with one of the texts in their name
//   --cargo: the tests of cargo only; --budget 120: seconds of tests for one mutant; --workers 2
//   --survivors: only those that have not been tried or that survived before

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { listTests } = require('../test');
const { wholeNumbers } = require('../whole-numbers');
const { LEFT_OUT, ROOT, run } = require('./run');
const { instrument } = require('./rust-source');

const CACHE = path.join(ROOT, '.cache', 'mutants', 'rust');
const TREE = path.join(CACHE, 'tree');
const RESULTS = path.join(CACHE, 'results.json');
const CALLS = path.join(CACHE, 'calls.json');
const TARGET = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target');
const CARGO = ['--profile', 'mutants', '--features', 'panic-injection', '--locked'];
const PROGRAMS = ['--lib', '--test', 'core', '--test', 'fuzz_corpus', '--test', 'shared_memory'];
/** A busy machine must not be taken for a test that hangs. */
const LIMIT_MS = 20_000;
const LIMIT_FACTOR = 6;
const TRACE_LIMIT_MS = 300_000;
/** Of the fuzz corpus, the seeds only. */
const SEEDS_ONLY = { FUZZ_ROUNDS: '0' };

function cargo(args) {
  const env = { ...process.env, CARGO_TARGET_DIR: TARGET };
  const { status, stdout, stderr, error } = spawnSync('cargo', args, {
    cwd: TREE,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (error) throw error;
  const messages = args.includes('--message-format=json')
    ? stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
    : [];
  return { status, stdout, stderr, messages };
}

/** The files of the repository, without those that are ignored. */
function copyTree() {
  fs.rmSync(TREE, { recursive: true, force: true });
  const git = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = spawnSync('git', git, { cwd: ROOT, encoding: 'utf8' }).stdout.split('\0');
  const made = fs.readdirSync(path.join(ROOT, 'js')).filter((name) => /^binding\./.test(name));
  for (const file of [...files, ...made.map((name) => `js/${name}`)]) {
    const from = path.join(ROOT, file);
    if (file !== '' && fs.existsSync(from)) fs.cpSync(from, path.join(TREE, file));
  }
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(TREE, 'node_modules'));
}

/** Writes the mutants into the copy until it compiles. Those that don't compile are dropped. */
function compile(mutants) {
  const files = new Set(mutants.map(({ file }) => file));
  let viable = mutants;
  for (;;) {
    const lines = instrument(viable, files, ROOT, TREE);
    const { status, messages, stderr } = cargo([
      'check',
      '--lib',
      '--message-format=json',
      ...CARGO,
    ]);
    if (status === 0) break;
    const wrong = new Set();
    for (const { message } of messages) {
      if (message?.level !== 'error') continue;
      for (const { file_name, line_start } of message.spans) {
        const number = lines.get(file_name)?.[line_start - 1];
        if (number) wrong.add(number);
      }
    }
    if (wrong.size === 0) throw new Error(`The mutants don't compile:\n${stderr}`);
    console.log(`${wrong.size} of ${viable.length} don't compile`);
    viable = viable.filter(({ number }) => !wrong.has(number));
  }
  const build = ['test', '--no-run', '--message-format=json', ...PROGRAMS, ...CARGO];
  const { status, messages, stderr } = cargo(build);
  if (status !== 0) throw new Error(`The tests don't compile:\n${stderr}`);
  const programs = messages.flatMap(({ executable }) => executable ?? []);
  const addon = messages
    .flatMap(({ filenames }) => filenames ?? [])
    .find((file) => /monocloud_backend_node\.(so|dylib|dll)$/.test(file));
  const name = fs.readdirSync(path.join(TREE, 'js')).find((file) => file.endsWith('.node'));
  fs.copyFileSync(addon, path.join(TREE, 'js', name));
  return { viable, programs };
}

/**
 * What each test calls. That of a file of `node --test` is kept, until CALLS is deleted. A test that fails without a
 * mutant is left out.
 */
async function trace(tests, viable, workers) {
  const names = new Map(viable.map((mutant) => [String(mutant.call), nameOf(mutant)]));
  const known = fs.existsSync(CALLS) ? JSON.parse(fs.readFileSync(CALLS, 'utf8')) : {};
  const due = tests.filter((test) => known[test] === undefined).reverse();
  const fresh = {};
  const work = async (_, worker) => {
    for (let test = due.pop(); test; test = due.pop()) {
      const file = path.join(CACHE, `calls-${worker}`);
      fs.rmSync(file, { force: true });
      const env = { ...SEEDS_ONLY, MUTANT_CALLS: file };
      const { result, ms } = await run(test, TREE, TRACE_LIMIT_MS, env);
      const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : [];
      const calls = [...new Set(lines.flatMap((line) => names.get(line) ?? []))];
      fresh[test] = { ms, calls: result === 'passed' ? calls : [] };
      if (result !== 'passed') console.log(`${result} without a mutant, not used: ${test}`);
      else if (test.endsWith('.js')) known[test] = fresh[test];
      fs.writeFileSync(CALLS, JSON.stringify(known));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return tests.map((test) => ({ test, ...(fresh[test] ?? known[test]) }));
}

/** The function that a mutant is in. */
function nameOf({ file, function: { function_name: name } }) {
  return `${file} ${name}`;
}

async function judged(mutant, traced, kills, budget) {
  const isCargo = ({ test }) => !test.endsWith('.js');
  const rank = (one) => (isCargo(one) ? 1e9 : (1 + (kills.get(one.test) ?? 0)) / (one.ms + 500));
  const tests = traced
    .filter(({ calls }) => calls.includes(nameOf(mutant)))
    .sort((a, b) => rank(b) - rank(a));
  let spent = 0;
  for (const { test, ms } of tests) {
    if (spent + ms > budget * 1000) continue;
    const env = { ...SEEDS_ONLY, MUTANT: String(mutant.number) };
    const { result } = await run(test, TREE, LIMIT_MS + LIMIT_FACTOR * ms, env);
    if (result !== 'passed') {
      kills.set(test, (kills.get(test) ?? 0) + 1);
      return { result, test: path.relative(TREE, test) };
    }
    spent += ms;
  }
  return { result: tests.length === 0 ? 'not called' : 'survived' };
}

async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      cargo: { type: 'boolean', default: false },
      survivors: { type: 'boolean', default: false },
      budget: { type: 'string', default: '120' },
      workers: { type: 'string', default: '2' },
    },
  });
  const { budget, workers } = wholeNumbers(values, ['budget', 'workers']);
  const known = fs.existsSync(RESULTS) ? JSON.parse(fs.readFileSync(RESULTS, 'utf8')) : {};
  copyTree();
  const { status, stdout, stderr } = cargo(['mutants', '--list', '--json']);
  if (status !== 0) throw new Error(`${stderr}cargo install cargo-mutants --locked`);
  const listed = JSON.parse(stdout);
  const all = listed.map((mutant, at) => ({ ...mutant, number: at + 1 }));
  const { viable, programs } = compile(all.filter((mutant) => mutant.function));
  const scripts = values.cargo ? [] : listTests(path.join(TREE, '__test__'));
  const tests = [
    ...programs,
    ...scripts.filter((test) => !LEFT_OUT.test(path.relative(TREE, test))),
  ];
  const traced = await trace(tests, viable, workers);
  const isAlive = ({ name }) => ['survived', 'not called'].includes(known[name]?.result);
  const wanted = viable
    .filter(
      ({ name }) => positionals.length === 0 || positionals.some((text) => name.includes(text)),
    )
    .filter((mutant) => !values.survivors || isAlive(mutant) || known[mutant.name] === undefined);
  const due = [...wanted].reverse();
  const kills = new Map();
  const work = async () => {
    for (let mutant = due.pop(); mutant; mutant = due.pop()) {
      known[mutant.name] = await judged(mutant, traced, kills, budget);
      if (isAlive(mutant)) console.log(`${known[mutant.name].result}: ${mutant.name}`);
      fs.writeFileSync(RESULTS, JSON.stringify(known, null, 1));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const count = (result) => wanted.filter(({ name }) => known[name].result === result).length;
  console.log(
    `${all.length} mutants, ${viable.length} compiled, ${wanted.length} tried: ${count('failed')} caught, ` +
      `${count('late')} by the time limit, ${count('survived')} survived, ${count('not called')} not called`,
  );
  return 0;
}

module.exports = { main };
