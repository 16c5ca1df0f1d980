'use strict';

// The test runners and bundlers of readers, as tools/downloads.js has them.

const fs = require('node:fs');
const path = require('node:path');

const { environment, run } = require('../programs.js');

const root = path.join(__dirname, '..', '..', '..');

/** Which download each is in, and what of it is run. */
const TOOLS = {
  vitest: { from: 'vitest', bin: 'vitest/vitest.mjs' },
  jest: { from: 'jest', bin: 'jest/bin/jest.js' },
  esbuild: {
    from: 'bundlers',
    bin: `@esbuild/${process.platform}-${process.arch}/${process.platform === 'win32' ? 'esbuild.exe' : 'bin/esbuild'}`,
    native: true,
  },
  webpack: { from: 'bundlers', bin: 'webpack-cli/bin/cli.js' },
  rollup: { from: 'bundlers', bin: 'rollup/dist/bin/rollup' },
  vite: { from: 'bundlers', bin: 'vite/bin/vite.js' },
};

/** One for all who ask at the same time. */
const downloads = new Map();

function download(name) {
  if (!downloads.has(name)) downloads.set(name, downloadApart(name));
  return downloads.get(name);
}

// By another process, as it blocks: the tenants of other snippets are in this one.
async function downloadApart(name) {
  const script = `
    const { download } = require(${JSON.stringify(path.join(root, 'tools', 'downloads.js'))});
    process.stdout.write(download(process.argv[1]));`;
  const { status, output } = await run(process.execPath, ['-e', script, name]);
  if (status !== 0) throw new Error(output);
  return output;
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
  const { from, bin, native } = TOOLS[tool];
  const directory = await download(from);
  const program = path.join(directory, 'node_modules', bin);
  const project = fs.mkdtempSync(path.join(directory, 'project-'));
  installPackage(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  const options = { cwd: project, env: environment({ NO_COLOR: '1', CI: '1' }) };
  const use = (...args) =>
    native ? run(program, args, options) : run(process.execPath, [program, ...args], options);
  return { project, use };
}

module.exports = { createProject, installPackage };
