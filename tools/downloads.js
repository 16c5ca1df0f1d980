'use strict';

// What tests and tools run besides what package.json names: other versions of Node.js, package managers,
// other runtimes, bundlers. From npm, into .cache/, once.

const fs = require('node:fs');
const path = require('node:path');
const { isDeepStrictEqual } = require('node:util');
const { npm } = require('./npm');

const CACHE = path.join(__dirname, '..', '.cache');

/** Each at one version, so that a release of theirs can't change what is tested here unasked. */
const TOOLS = {
  pnpm: { pnpm: '12.21.0' },
  'yarn-classic': { yarn: '1.22.22' },
  yarn: { '@yarnpkg/cli-dist': '4.18.1' },
  bun: { bun: '1.4.5' },
  deno: { deno: '2.9.6' },
  'typescript-oldest': { typescript: '5.0.4' },
  'typescript-latest': { typescript: '7.0.2' },
  bundlers: {
    '@rollup/plugin-commonjs': '29.0.3',
    '@rollup/plugin-json': '6.1.0',
    '@rollup/plugin-node-resolve': '16.0.3',
    '@rollup/plugin-terser': '1.0.2',
    '@vercel/ncc': '0.45.0',
    '@vercel/webpack-asset-relocator-loader': '1.11.0',
    esbuild: '0.28.2',
    'node-loader': '2.1.0',
    rollup: '4.68.7',
    vite: '8.3.8',
    webpack: '5.112.2',
    'webpack-cli': '7.2.3',
  },
  vitest: { vitest: '4.1.12' },
  jest: { jest: '30.5.2' },
};

/**
 * @param {string} name of the directory in .cache/
 * @param {Record<string, string>} [dependencies] as a package.json has them
 * @returns {string} a directory in whose node_modules they are
 */
function download(name, dependencies = TOOLS[name]) {
  const directory = path.join(CACHE, name);
  // A package of its own: npm would take the nearest one above for the project otherwise. Scripts are
  // what fetches or links the executables of some of them.
  const allowScripts = Object.fromEntries(Object.keys(dependencies).map((each) => [each, true]));
  const manifest = { private: true, allowScripts, dependencies };
  if (isInstalled(directory, manifest)) return directory;
  // Elsewhere first: another process may want the same, and an interrupted one leaves nothing behind.
  const made = `${directory}.${process.pid}`;
  try {
    install(made, manifest);
    putInPlace(made, directory, manifest);
  } finally {
    fs.rmSync(made, { recursive: true, force: true });
  }
  return directory;
}

function putInPlace(made, directory, manifest) {
  try {
    fs.renameSync(made, directory);
  } catch (error) {
    // Another process was first, and may use it already; or what is there is of another version.
    if (isInstalled(directory, manifest)) return;
    if (!fs.existsSync(directory)) throw error;
    fs.rmSync(directory, { recursive: true, force: true });
    fs.renameSync(made, directory);
  }
}

/** With another try: what fails over a network may not fail again. */
function install(directory, manifest) {
  for (let attempt = 1; ; attempt += 1) {
    fs.rmSync(directory, { recursive: true, force: true });
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, 'package.json'), JSON.stringify(manifest));
    try {
      npm(['install', '--no-package-lock', '--no-audit', '--no-fund'], { cwd: directory });
      return;
    } catch (error) {
      const what = Object.entries(manifest.dependencies).map((each) => each.join('@'));
      if (attempt === 2) {
        throw new Error(`could not install ${what.join(', ')} from npm: ${error.message}`);
      }
    }
  }
}

function isInstalled(directory, manifest) {
  try {
    const found = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
    // npm writes the latter last.
    fs.statSync(path.join(directory, 'node_modules', '.package-lock.json'));
    return isDeepStrictEqual(found, manifest);
  } catch {
    return false;
  }
}

/** The file of a downloaded package's command, which Node.js runs, or the system where it is a program. */
function commandOf(directory, name, command = name.split('/').pop()) {
  const home = path.join(directory, 'node_modules', name);
  const { bin } = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8'));
  return path.join(home, typeof bin === 'string' ? bin : bin[command]);
}

/** That major's executable of Node.js. */
function nodeOf(major) {
  const directory = download(`node-${major}`, { node: major });
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return path.join(directory, 'node_modules', 'node', 'bin', name);
}

/** Deno itself: its command is a program of Node.js, which it outlives. */
function denoProgram() {
  const name = process.platform === 'win32' ? 'deno.exe' : 'deno';
  return path.join(download('deno'), 'node_modules', 'deno', name);
}

module.exports = { CACHE, commandOf, denoProgram, download, nodeOf };
