'use strict';

// npm run build:release: the addon as it is published.
//
//   npm run build:release                          for this machine, into js/
//   npm run build:release -- --out DIR             into DIR; the tests' addon in js/ stays
//   npm run build:release -- --target TARGET       for another platform; the release workflow uses it
//
// On Linux with glibc the addon is built against glibc 2.17 (tools/sysroot.js) and checked for newer symbols
// (tools/symbols.js). The loader is written beside the addon, and debug files into debug/.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { addonName, platforms } = require('./platforms');
const { host } = require('./sbom');
const { checkSymbols } = require('./symbols');
const { TOOLCHAINS, muslEnvironment, sysrootEnvironment } = require('./sysroot');

const ROOT = path.join(__dirname, '..');

/** No cargo features: `panic-injection` is for tests only. */
const NAPI = ['build', '--platform', '--release', '--js', 'binding.js', '--dts', 'binding.d.ts'];

/** Files with debug information that cargo writes beside the library. */
const DEBUG_FILES = /(\.so\.dwp|\.dylib\.dSYM|\.pdb)$/;

function napi(args, env) {
  const directory = path.join(ROOT, 'node_modules', '@napi-rs', 'cli');
  const { bin } = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const { status, error } = spawnSync(
    process.execPath,
    [path.join(directory, bin.napi), ...args],
    // The command's output is progress: stdout is for the result.
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
  // The oldest macOS that Node.js 18 supports on x64; the first macOS for arm64.
  if (target === 'x86_64-apple-darwin') return { MACOSX_DEPLOYMENT_TARGET: '10.15' };
  if (target === 'aarch64-apple-darwin') return { MACOSX_DEPLOYMENT_TARGET: '11.0' };
  return {};
}

/** Copies the debug files and the unstripped addon: a debugger needs both. */
function keepDebugFiles(addon, target, out) {
  const built = path.join(
    process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'),
    target,
    'release',
  );
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  for (const name of fs.readdirSync(built).filter((known) => DEBUG_FILES.test(known))) {
    // gdb looks for LIBRARY.dwp beside the library.
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
