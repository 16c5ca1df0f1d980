'use strict';

// The test runners and bundlers of readers: from npm into .cache/, once, as they are too large to be
// dependencies of this repository for the sake of a few snippets.

const fs = require('node:fs');
const path = require('node:path');

const { environment, run } = require('./programs.js');

const root = path.join(__dirname, '..', '..', '..');
const home = path.join(root, '.cache', 'runners');

/** Each at one version, so that a release of theirs can't change what is tested here unasked. */
const TOOLS = {
  vitest: { packages: ['vitest@4.1.12'], bin: 'vitest/vitest.mjs' },
  jest: { packages: ['jest@30.5.2'], bin: 'jest/bin/jest.js' },
  esbuild: {
    packages: ['esbuild@0.28.2'],
    bin: `@esbuild/${process.platform}-${process.arch}/${process.platform === 'win32' ? 'esbuild.exe' : 'bin/esbuild'}`,
    native: true,
  },
  webpack: { packages: ['webpack@5.112.2', 'webpack-cli@7.2.3'], bin: 'webpack-cli/bin/cli.js' },
  rollup: {
    packages: [
      'rollup@4.68.7',
      '@rollup/plugin-commonjs@29.0.3',
      '@rollup/plugin-json@6.1.0',
      '@rollup/plugin-node-resolve@16.0.3',
    ],
    bin: 'rollup/dist/bin/rollup',
  },
  vite: { packages: ['vite@8.3.8'], bin: 'vite/bin/vite.js' },
};

/** One installation of each for all who ask at the same time. */
const installing = new Map();

function install(tool) {
  if (!installing.has(tool)) installing.set(tool, installAnew(tool));
  return installing.get(tool);
}

// Without blocking: the tenants of other snippets are in this process.
async function installAnew(tool) {
  const { packages, bin } = TOOLS[tool];
  const directory = path.join(home, packages.join('+').replaceAll(/[^\w.@+-]/g, '-'));
  const program = path.join(directory, 'node_modules', bin);
  if (fs.existsSync(program)) return { directory, program };
  // Elsewhere first: an installation that was interrupted leaves nothing behind that looks like one.
  fs.mkdirSync(home, { recursive: true });
  const made = fs.mkdtempSync(path.join(home, 'new-'));
  fs.writeFileSync(path.join(made, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-package-lock', '--no-audit', '--no-fund', ...packages];
  const shell = process.platform === 'win32';
  const { status, output } = await run('npm', args, { cwd: made, shell });
  if (status !== 0) throw new Error(`could not install ${packages.join(', ')} from npm: ${output}`);
  fs.rmSync(directory, { recursive: true, force: true });
  fs.renameSync(made, directory);
  return { directory, program };
}

/**
 * Puts this package into `directory` as npm does it, as files and with the addon in the platform's own
 * package: runners and bundlers treat what is linked as a part of the project.
 */
function installPackage(directory) {
  const scope = path.join(directory, 'node_modules', '@monocloud');
  const installed = path.join(scope, 'backend-node');
  const isAddon = (file) => file.endsWith('.node');
  fs.mkdirSync(installed, { recursive: true });
  fs.cpSync(path.join(root, 'package.json'), path.join(installed, 'package.json'));
  fs.cpSync(path.join(root, 'js'), path.join(installed, 'js'), {
    recursive: true,
    filter: (file) => !isAddon(file),
  });
  const { version } = require('../../../package.json');
  for (const addon of fs.readdirSync(path.join(root, 'js')).filter(isAddon)) {
    const [, platform] = addon.split('.');
    const own = path.join(scope, `backend-node-${platform}`);
    const manifest = { name: `@monocloud/backend-node-${platform}`, version, main: addon };
    fs.mkdirSync(own);
    fs.writeFileSync(path.join(own, 'package.json'), JSON.stringify(manifest));
    fs.cpSync(path.join(root, 'js', addon), path.join(own, addon));
  }
}

/**
 * A project of its own, with this package, below where the tool is installed.
 * @returns {Promise<{ project: string, use: (...args: string[]) => Promise<{ status: number, output: string }> }>}
 */
async function createProject(tool) {
  const { directory, program } = await install(tool);
  const project = fs.mkdtempSync(path.join(directory, 'project-'));
  installPackage(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  const options = { cwd: project, env: environment({ NO_COLOR: '1', CI: '1' }) };
  const use = (...args) =>
    TOOLS[tool].native
      ? run(program, args, options)
      : run(process.execPath, [program, ...args], options);
  return { project, use };
}

module.exports = { createProject, installPackage };
