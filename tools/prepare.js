'use strict';

// Installs npm packages and builds the addon, where they are missing or outdated. `npm start` and `npm test` begin
// with it. Imports only builtins of Node.js, because node_modules may not exist yet.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..');

// The sources of the addon.
const SOURCES = ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs'];

// Returns the npm commands that it ran: none if everything was up to date.
function prepare({ root = ROOT, log = (line) => console.error(line), run = runNpm } = {}) {
  const steps = [];
  const step = (why, args) => {
    if (why !== undefined) {
      log(`prepare: npm ${args.join(' ')} (${why})`);
      run(root, args);
      steps.push(args.join(' '));
    }
  };
  step(whyInstall(root), [
    fs.existsSync(path.join(root, 'package-lock.json')) ? 'ci' : 'install',
    // Development dependencies are needed even if NODE_ENV is `production`.
    '--include=dev',
    '--no-audit',
    '--no-fund',
  ]);
  const build = whyBuild(root);
  if (build !== undefined && run === runNpm) {
    needRust();
  }
  step(build, ['run', 'build']);
  if (build !== undefined) {
    stamp(root);
  }
  return steps;
}

function whyInstall(root) {
  // npm writes this file last, so it is missing after an interrupted installation.
  const installed = modified(path.join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) {
    return 'node_modules is missing or incomplete';
  }
  const lock = modified(path.join(root, 'package-lock.json'));
  return lock > installed ? 'package-lock.json is newer than node_modules' : undefined;
}

function whyBuild(root) {
  const addon = newest(addons(root).map((file) => ({ file, time: modified(file) })));
  if (addon === undefined) {
    return 'the native addon is missing; the first build takes some minutes';
  }
  for (const name of ['binding.js', 'binding.d.ts']) {
    if (!fs.existsSync(path.join(root, 'js', name))) {
      return `js/${name} is missing`;
    }
  }
  const source = newest(SOURCES.flatMap((name) => tree(path.join(root, name))));
  return source !== undefined && source.time > addon.time
    ? `${path.relative(root, source.file)} is newer than the native addon`
    : undefined;
}

// The addons of this platform. A checkout on a shared disk may have those of others, too.
function addons(root) {
  const directory = path.join(root, 'js');
  const prefix = `binding.${process.platform}-${process.arch}`;
  return list(directory)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.node'))
    .map((name) => path.join(directory, name));
}

// Sets the addon's time to now. Cargo may keep the old file, and a copy may keep the old time; without this, the
// addon would be rebuilt in each run.
function stamp(root) {
  const now = new Date();
  for (const file of addons(root)) {
    fs.utimesSync(file, now, now);
  }
}

// A file, or a directory and all in it. A directory's time changes when a file is removed.
function tree(file) {
  const time = modified(file);
  return time === undefined
    ? []
    : [{ file, time }, ...list(file).flatMap((name) => tree(path.join(file, name)))];
}

function newest(entries) {
  return entries.reduce((a, b) => (a !== undefined && a.time >= b.time ? a : b), undefined);
}

// Milliseconds, or undefined if there is no such file.
function modified(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

function list(directory) {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}

function needRust() {
  if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).error !== undefined) {
    throw new Error('the native addon has to be built, and Rust is missing: https://rustup.rs');
  }
}

function runNpm(root, args) {
  // Under `npm start`, npm_execpath is npm's script: Node.js runs it without PATH, shell or npm.cmd.
  const script = process.env.npm_execpath;
  const [command, first] = script?.endsWith('npm-cli.js')
    ? [process.execPath, [script]]
    : ['npm', []];
  const { status, error } = spawnSync(command, [...first, ...args], {
    cwd: root,
    // npm's output is progress: stdout is for the caller's result.
    stdio: ['ignore', process.stderr, process.stderr],
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (error !== undefined || status !== 0) {
    throw new Error(`npm ${args.join(' ')} failed${error === undefined ? '' : `: ${error.code}`}`);
  }
}

module.exports = { prepare };

if (require.main === module) {
  try {
    if (prepare().length === 0) {
      console.error('prepare: packages and native addon are up to date');
    }
  } catch (error) {
    console.error(`prepare: ${error.message}`);
    process.exitCode = 1;
  }
}
