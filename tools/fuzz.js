'use strict';

// npm run fuzz: runs libFuzzer on every target of fuzz/, one after the other. Each starts from fuzz/seeds
// (made by hand), fuzz/kept (found by earlier runs) and fuzz/corpus (local, not committed).
//
//   npm run fuzz                               all targets, a minute each
//   npm run fuzz -- validator jwks             these
//   npm run fuzz -- --seconds 3600             an hour each, with a line a minute
//   npm run fuzz -- --at-once 2                two targets at a time
//   npm run fuzz -- --sanitizer address        with ASan, about three times slower
//   npm run fuzz -- --keep                     and at the end writes fuzz/kept anew
//
// The core is safe Rust, with C below it for the signatures, so assertions find more than ASan does.
// Needs cargo-fuzz (`cargo install cargo-fuzz --locked`), and no nightly Rust: RUSTC_BOOTSTRAP lets the
// stable compiler instrument.

const { spawn, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { table } = require('./table');
const { wholeNumbers } = require('./whole-numbers');

const root = path.join(__dirname, '..');
const fuzz = path.join(root, 'fuzz');
const env = { ...process.env, RUSTC_BOOTSTRAP: '1' };
// cargo-fuzz has a target directory of its own.
delete env.CARGO_TARGET_DIR;

const LONGEST_INPUT = 4096;
/** An input that takes this long, in seconds, is a hang. */
const HANG = 10;
const REPORT_MS = 60_000;
/** The most bytes of a target's corpus that are committed. */
const KEPT = 30 * 1024;

const targets = fs
  .readdirSync(path.join(fuzz, 'fuzz_targets'))
  .map((file) => path.basename(file, '.rs'))
  .sort();

function build(sanitizer) {
  const { status, error } = spawnSync('cargo', ['fuzz', 'build', '--sanitizer', sanitizer], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (error || status !== 0) {
    throw new Error(
      'cargo fuzz build failed; is cargo-fuzz there? cargo install cargo-fuzz --locked',
    );
  }
}

/** Runs libFuzzer on directories. Resolves to its exit status and the end of its output. */
async function libFuzzer(target, sanitizer, directories, ...options) {
  const own = ['fuzz', 'run', '--sanitizer', sanitizer, target, ...directories];
  const child = spawn('cargo', [...own, '--', ...options], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  let tail = '';
  const report = setInterval(() => {
    console.log(`${target}: ${progress(tail).at(-1)?.[0] ?? 'no progress yet'}`);
  }, REPORT_MS);
  child.stderr.setEncoding('utf8');
  for await (const text of child.stderr) tail = (tail + text).slice(-20_000);
  clearInterval(report);
  return { status: await ended, tail };
}

/** The lines in which libFuzzer counts: executions, edges covered, features, corpus. */
function progress(output) {
  return Array.from(output.matchAll(/#(\d+)\t.*cov: (\d+) ft: (\d+) corp: (\d+).*/g));
}

/** Fuzzes one target for some seconds. Resolves to libFuzzer's statistics. */
async function run(target, seconds, sanitizer) {
  const corpus = path.join(fuzz, 'corpus', target);
  fs.mkdirSync(corpus, { recursive: true });
  for (const input of kept(target)) {
    const name = crypto.createHash('sha1').update(input).digest('hex');
    fs.writeFileSync(path.join(corpus, name), input);
  }
  const { status, tail } = await libFuzzer(
    target,
    sanitizer,
    [corpus, path.join(fuzz, 'seeds', target)],
    `-dict=${path.join(fuzz, 'words.dict')}`,
    `-max_total_time=${seconds}`,
    `-max_len=${LONGEST_INPUT}`,
    `-timeout=${HANG}`,
    '-rss_limit_mb=4096',
    '-print_final_stats=1',
  );
  const [, counted, cov, ft, corp] = progress(tail).at(-1) ?? [];
  const executions = /number_of_executed_units:\s+(\d+)/.exec(tail)?.[1] ?? counted;
  const input = /Test unit written to (\S+)/.exec(tail)?.[1];
  if (status !== 0) console.error(tail);
  return { target, executions, cov, ft, corp, failed: status !== 0, input };
}

const keptFile = (target) => path.join(fuzz, 'kept', `${target}.txt`);

/** Inputs that earlier runs found: one a line, in base64. */
function kept(target) {
  const file = keptFile(target);
  const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : [];
  return lines.filter(Boolean).map((line) => Buffer.from(line, 'base64'));
}

/**
 * Minimizes a corpus and writes as much of it as may be committed. The order is by digest: arbitrary, but the
 * same in each run. Taking the shortest first would keep only trivial inputs.
 */
async function keep(target, sanitizer) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'fuzz-'));
  await libFuzzer(target, sanitizer, [directory, path.join(fuzz, 'corpus', target)], '-merge=1');
  // libFuzzer names its files by their SHA-1.
  const names = fs.readdirSync(directory).sort();
  const inputs = names.map((name) => fs.readFileSync(path.join(directory, name), 'base64'));
  fs.rmSync(directory, { recursive: true });
  let left = KEPT;
  const lines = inputs.filter((line) => {
    const fits = line.length > 0 && line.length < left;
    if (fits) left -= line.length + 1;
    return fits;
  });
  fs.mkdirSync(path.dirname(keptFile(target)), { recursive: true });
  fs.writeFileSync(keptFile(target), `${lines.join('\n')}\n`);
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '60' },
      sanitizer: { type: 'string', default: 'none' },
      keep: { type: 'boolean', default: false },
      'at-once': { type: 'string', default: '1' },
    },
  });
  const unknown = positionals.filter((name) => !targets.includes(name));
  if (unknown.length > 0) {
    throw new Error(`no target ${unknown.join(', ')}; there are ${targets.join(', ')}`);
  }
  const { seconds, 'at-once': lanes } = wholeNumbers(values, ['seconds', 'at-once']);
  build(values.sanitizer);
  const results = [];
  const left = positionals.length > 0 ? positionals : targets.slice();
  async function lane() {
    for (let target = left.shift(); target !== undefined; target = left.shift()) {
      console.log(`▶ ${target}, ${seconds} s`);
      results.push(await run(target, seconds, values.sanitizer));
      if (values.keep) await keep(target, values.sanitizer);
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  const columns = ['target', 'executions', 'cov', 'ft', 'corpus', 'crashes and hangs'];
  console.log(
    table(
      columns.map((title) => ({ title, limit: 80 })),
      results.map(({ target, executions, cov, ft, corp, failed, input }) => [
        target,
        Number(executions ?? 0).toLocaleString('en'),
        ...[cov, ft, corp].map((count) => count ?? ''),
        failed ? `1: ${input ?? 'see above'}` : '0',
      ]),
    ),
  );
  return results.some(({ failed }) => failed) ? 1 : 0;
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
