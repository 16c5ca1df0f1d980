'use strict';

// npm run asan: builds the addon and the C code in it with AddressSanitizer, and runs the tests of the boundary to
// Node.js with it: __test__/process, __test__/boundary, __test__/fuzz. It fails on an invalid access, on a leak of the
// addon, and on a test that fails.
//
//   npm run asan                    each file once
//   npm run asan -- workers         the files with that in their path
//   npm run asan -- --minutes 30    again and again, each time with another seed
//   npm run asan -- --new           not from where an interrupted run of the same build stopped
//
// Node.js itself is not instrumented: gcc's libasan.so is preloaded and watches its allocations as well, but not its
// accesses. The addon of `npm run build` is left as it is. Linux on x64 or arm64 with gcc; no nightly Rust:
// RUSTC_BOOTSTRAP lets the stable compiler instrument.

const { spawn, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { parseArgs } = require('node:util');
const { cargoFlags, listTests } = require('./test');
const { wholeNumbers } = require('./whole-numbers');

const ROOT = path.join(__dirname, '..');
const TARGET = path.join(ROOT, 'target', 'asan');
const ADDON = path.join(TARGET, 'addon.node');
const REPORTS = path.join(TARGET, 'reports');
const PROGRESS = path.join(TARGET, 'progress.json');
const DIRECTORIES = ['process', 'boundary', 'fuzz'];
// They test which addon is loaded, which the variable below decides.
const LEFT_OUT = ['process/loading.test.js'];
// What napi-rs leaves, with the size of each. The first: references that each JavaScript environment has two of. The
// second: what an object that is alive when `process.exit()` is called has beside it, because the map that leads there is
// thread-local and gone by then; where an object is collected, its finalizer frees that.
const KNOWN_LEAKS = [
  { bytes: 40, frames: / napi_create_reference .*\n(.*\n)?.* in napi_register_module_v1 / },
  {
    bytes: 32,
    frames: /malloc .*\n.*(new_instance_raw|CallbackInfo\w+construct|Bridge\w+new_c_callback)/,
  },
];
/** Of the fuzzing in each round. */
const FUZZ_SECONDS = 60;
/** A test file that takes this long hangs. */
const HANG_MS = 15 * 60 * 1000;

/** The library that has to be loaded before all others. */
function libasan() {
  const { stdout, error } = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const file = stdout?.trim() ?? '';
  if (error || !path.isAbsolute(file))
    throw new Error('libasan.so is missing; apt-get install gcc');
  return fs.realpathSync(file);
}

function build() {
  const flags = cargoFlags();
  const target = flags[flags.indexOf('--target') + 1];
  const instrument = '-fsanitize=address -fno-omit-frame-pointer';
  const { status } = spawnSync(
    'cargo',
    ['build', '--locked', '--lib', ...flags, '--target-dir', TARGET],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        RUSTC_BOOTSTRAP: '1',
        // For the target only: build scripts and procedural macros are of the host.
        RUSTFLAGS: '-Zsanitizer=address -Cforce-frame-pointers=yes',
        [`CFLAGS_${target.replaceAll('-', '_')}`]: instrument,
      },
      stdio: 'inherit',
    },
  );
  if (status !== 0) throw new Error('the addon does not build');
  fs.copyFileSync(path.join(TARGET, target, 'fast', 'libmonocloud_backend_node.so'), ADDON);
}

/** What a process needs to run with the instrumented addon. Its children inherit it. */
function environment(seed) {
  const options = {
    // V8 has a handler of its own, for WebAssembly.
    handle_segv: 0,
    // A test may expect the process to fail: what counts is the report.
    log_path: path.join(REPORTS, 'report'),
    detect_leaks: 1,
    detect_stack_use_after_return: 1,
    // Freed memory is kept for a while, and tests measure how much a process grows.
    quarantine_size_mb: 16,
    thread_local_quarantine_size_kb: 64,
    // Enough to see whose an allocation is. More of Node.js's takes seconds to print as a process ends.
    malloc_context_size: 10,
    allocator_may_return_null: 1,
  };
  return {
    ...process.env,
    LD_PRELOAD: libasan(),
    NAPI_RS_NATIVE_LIBRARY_PATH: ADDON,
    ASAN_OPTIONS: Object.entries(options)
      .map(([name, value]) => `${name}=${value}`)
      .join(':'),
    // Node.js leaves memory to the system when it ends: `isOurs` decides.
    LSAN_OPTIONS: 'exitcode=0:print_suppressions=0',
    ...(seed === undefined ? {} : { SEED: String(seed), FUZZ_SECONDS: String(FUZZ_SECONDS) }),
  };
}

/**
 * Whether a leak is the addon's: it was allocated by it, or by a function of Node-API that it called. All others
 * are Node.js's, which calls the addon, too.
 */
function isOurs(leak) {
  const frames = leak.split('\n').filter((line) => /^ +#\d+ /.test(line));
  const above = frames.findIndex(
    (line) => !/libasan|asan_malloc|asan_new_delete| napi_|\(.*\/(libc|libstdc\+\+)\.so/.test(line),
  );
  const [first = ''] = frames.slice(above);
  return first.includes(ADDON) && !isKnown(leak);
}

function isKnown(leak) {
  const [, total, objects] = / of (\d+) byte\(s\) in (\d+) object/.exec(leak) ?? [];
  return KNOWN_LEAKS.some(
    ({ bytes, frames }) => frames.test(leak) && Number(total) === bytes * Number(objects),
  );
}

/** Removes the reports from the directory, and returns those that count. */
function takeReports() {
  return fs.readdirSync(REPORTS).flatMap((name) => {
    const text = fs.readFileSync(path.join(REPORTS, name), 'utf8');
    fs.rmSync(path.join(REPORTS, name));
    const [head, ...leaks] = text.trim().split(/\n\n(?=(?:Direct|Indirect) leak of |SUMMARY: )/);
    if (!/^=+\n==\d+==ERROR: LeakSanitizer: detected memory leaks$/.test(head)) return [text];
    return leaks.filter((leak) => !leak.startsWith('SUMMARY') && isOurs(leak));
  });
}

/** Runs one test file. Resolves to its output if it failed. */
async function runFile(file, env) {
  const child = spawn(process.execPath, ['--test', file], { cwd: ROOT, env, stdio: 'pipe' });
  const timer = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-20_000);
    });
  }
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return code === 0 ? undefined : output;
}

function readProgress(key) {
  try {
    const progress = JSON.parse(fs.readFileSync(PROGRESS, 'utf8'));
    if (progress.key === key) return progress;
  } catch {
    // There is none.
  }
  return { key, files: 0, seconds: 0 };
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: 'string' }, new: { type: 'boolean', default: false } },
  });
  const { minutes } = wholeNumbers(values, ['minutes']);
  const files = DIRECTORIES.flatMap((name) => listTests(path.join(ROOT, '__test__', name)))
    .filter((file) => !LEFT_OUT.some((end) => file.endsWith(path.normalize(end))))
    .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)));
  if (files.length === 0)
    throw new Error(`no test file has ${positionals.join(' or ')} in its path`);
  build();
  fs.rmSync(REPORTS, { recursive: true, force: true });
  fs.mkdirSync(REPORTS, { recursive: true });
  if (values.new) fs.rmSync(PROGRESS, { force: true });

  const addon = crypto.createHash('sha256').update(fs.readFileSync(ADDON)).digest('hex');
  const progress = readProgress([addon, values.minutes, ...files].join(' '));
  const limit = minutes === undefined ? undefined : minutes * 60;
  const isDone = () =>
    limit === undefined ? progress.files >= files.length : progress.seconds >= limit;
  const say = (what) =>
    console.log(
      `${(progress.seconds / 60).toFixed(1)} min, ${progress.files} files passed: ${what}`,
    );
  if (progress.files > 0) say('continued');

  while (!isDone()) {
    const file = files[progress.files % files.length];
    const name = path.relative(ROOT, file);
    const begun = Date.now();
    const before = progress.seconds;
    const count = () => {
      progress.seconds = before + (Date.now() - begun) / 1000;
    };
    const timer = setInterval(() => {
      count();
      say(name);
    }, 60_000);
    const seed = limit === undefined ? undefined : crypto.randomInt(2 ** 31);
    let output = await runFile(file, environment(seed));
    let findings = takeReports();
    if (output !== undefined && findings.length === 0) {
      // Tests check times, and everything takes three times as long here.
      say(`once more: ${name}`);
      output = await runFile(file, environment(seed));
      findings = takeReports();
    }
    clearInterval(timer);
    count();
    if (output !== undefined || findings.length > 0) {
      const what =
        findings.length > 0 ? `${findings.length} reports of AddressSanitizer` : 'a failure';
      throw new Error([output, ...findings, `${name}, SEED=${seed ?? 1}: ${what}`].join('\n\n'));
    }
    progress.files += 1;
    say(name);
    fs.writeFileSync(PROGRESS, JSON.stringify(progress));
  }
  fs.rmSync(PROGRESS, { force: true });
  console.log(
    `AddressSanitizer: nothing, ${progress.files} files, ${Math.round(progress.seconds)} s`,
  );
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
