'use strict';

// npm run build:release: the addon as it is published.
//
//   npm run build:release                          this machine's, into js/
//   npm run build:release -- --out DIR             elsewhere, which leaves the tests' addon as it is
//   npm run build:release -- --target TARGET       another platform's; the workflow's machines use it
//
// For Linux with glibc it is built against glibc 2.17 (tools/sysroot.js), and held to that
// (tools/symbols.js). Beside it are the loader and, in debug/, what debuggers read.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { addonName, platforms } = require('./platforms');
const { host } = require('./sbom');
const { checkSymbols } = require('./symbols');
const { TOOLCHAINS, muslEnvironment, sysrootEnvironment } = require('./sysroot');

const ROOT = path.join(__dirname, '..');

/** No feature is among them: what lets a test make the core panic is for tests. */
const NAPI = ['build', '--platform', '--release', '--js', 'binding.js', '--dts', 'binding.d.ts'];

/** What else a build leaves behind, by the file that cargo writes: it is all that a debugger needs. */
const DEBUG_FILES = /(\.so\.dwp|\.dylib\.dSYM|\.pdb)$/;

function napi(args, env) {
  const directory = path.join(ROOT, 'node_modules', '@napi-rs', 'cli');
  const { bin } = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const { status, error } = spawnSync(
    process.execPath,
    [path.join(directory, bin.napi), ...args],
    // Its output is progress, not result.
    {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', process.stderr, process.stderr],
    },
  );
  if (error !== undefined || status !== 0) throw new Error(`napi: ${error ?? `status ${status}`}`);
}

async function environment(target) {
  if (target in TOOLCHAINS) return sysrootEnvironment(target);
  if (target.endsWith('-linux-musl') && host() !== target) return muslEnvironment(target);
  // The oldest that Node.js 18 runs on, and the first that there was for arm64.
  if (target === 'x86_64-apple-darwin') return { MACOSX_DEPLOYMENT_TARGET: '10.15' };
  if (target === 'aarch64-apple-darwin') return { MACOSX_DEPLOYMENT_TARGET: '11.0' };
  return {};
}

/** Copies what debuggers read, with the addon as it was built: both are needed. */
function keepDebugFiles(addon, target, out) {
  const built = path.join(
    process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'),
    target,
    'release',
  );
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  for (const name of fs.readdirSync(built).filter((known) => DEBUG_FILES.test(known))) {
    // gdb looks for it beside the library, by the library's name.
    const kept = name.endsWith('.dwp') ? `${path.basename(addon)}.dwp` : name;
    fs.cpSync(path.join(built, name), path.join(out, kept), { recursive: true });
  }
  fs.copyFileSync(addon, path.join(out, path.basename(addon)));
}

/** @returns {Promise<string>} the addon's path */
async function buildRelease({ target = host(), out = path.join(ROOT, 'js') } = {}) {
  const platform = platforms().find((known) => known.target === target);
  if (platform === undefined) throw new Error(`nothing is published for ${target}`);
  const to = path.resolve(out);
  napi([...NAPI, '--target', target, '--output-dir', to], await environment(target));
  const addon = path.join(to, addonName(platform.name));
  const { problems, said } = checkSymbols(addon);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  console.log(said);
  if (to !== path.join(ROOT, 'js')) keepDebugFiles(addon, target, path.join(to, 'debug'));
  return addon;
}

module.exports = { NAPI, buildRelease };

if (require.main === module) {
  const { values } = parseArgs({
    options: { target: { type: 'string' }, out: { type: 'string' } },
  });
  buildRelease(values).then(
    (addon) => console.log(path.relative(process.cwd(), addon)),
    (error) => {
      console.error(`build:release: ${error.message}`);
      process.exitCode = 1;
    },
  );
}
