'use strict';

// Downloads programs that tests and tools run and that are no development dependencies: other versions of
// Node.js, package managers, other runtimes, bundlers. They come from npm, once, into .cache/.

const fs = require('node:fs');
const path = require('node:path');
const { isDeepStrictEqual } = require('node:util');
const { npm } = require('./npm');

const CACHE = path.join(__dirname, '..', '.cache');

/** Exact versions: a new release changes nothing here until somebody edits this table. */
const TOOLS = {
  pnpm: { pnpm: '12.21.0' },
  'yarn-classic': { yarn: '1.22.22' },
  yarn: { '@yarnpkg/cli-dist': '4.18.1' },
  bun: { bun: '1.4.5' },
  deno: { deno: '2.9.6' },
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
  next: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
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
  // With a package.json of its own: npm would otherwise install into the nearest project above. Install
  // scripts are allowed because some packages fetch or link their executable in one.
  const allowScripts = Object.fromEntries(Object.keys(dependencies).map((each) => [each, true]));
  const manifest = { private: true, allowScripts, dependencies };
  if (isInstalled(directory, manifest)) return directory;
  // Installed into a temporary directory and renamed: other processes never see a partial installation.
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
    // Another process was faster, or an older version is there.
    if (isInstalled(directory, manifest)) return;
    if (!fs.existsSync(directory)) throw error;
    fs.rmSync(directory, { recursive: true, force: true });
    fs.renameSync(made, directory);
  }
}

/** Tries twice: a network error may be temporary. */
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
    // npm writes this file last.
    fs.statSync(path.join(directory, 'node_modules', '.package-lock.json'));
    return isDeepStrictEqual(found, manifest);
  } catch {
    return false;
  }
}

/** The file of a downloaded package's command: a script for Node.js, or an executable. */
function commandOf(directory, name, command = name.split('/').pop()) {
  const home = path.join(directory, 'node_modules', name);
  const { bin } = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8'));
  return path.join(home, typeof bin === 'string' ? bin : bin[command]);
}

/** The Node.js executable of a major version. */
function nodeOf(major) {
  const directory = download(`node-${major}`, { node: major });
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return path.join(directory, 'node_modules', 'node', 'bin', name);
}

/** The Deno executable. The npm command `deno` is a Node.js script that would outlive it. */
function denoProgram() {
  const name = process.platform === 'win32' ? 'deno.exe' : 'deno';
  return path.join(download('deno'), 'node_modules', 'deno', name);
}

module.exports = { CACHE, commandOf, denoProgram, download, nodeOf };
