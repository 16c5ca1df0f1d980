'use strict';

// The test runners of readers: from npm into .cache/, once, as they are too large to be dependencies of
// this repository for the sake of two snippets.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..', '..');
const home = path.join(root, '.cache', 'runners');

/** Each at one version, so that a release of theirs can't change what is tested here unasked. */
const RUNNERS = {
  vitest: { version: '4.1.12', bin: 'vitest/vitest.mjs' },
  jest: { version: '30.5.2', bin: 'jest/bin/jest.js' },
};

/** What of the package a program loads. */
const PACKAGE = ['js', 'package.json'];

function install(runner) {
  const { version, bin } = RUNNERS[runner];
  const directory = path.join(home, `${runner}-${version}`);
  const program = path.join(directory, 'node_modules', bin);
  if (fs.existsSync(program)) return { directory, program };
  // Elsewhere first: an installation that was interrupted leaves nothing behind that looks like one.
  fs.mkdirSync(home, { recursive: true });
  const made = fs.mkdtempSync(path.join(home, 'new-'));
  fs.writeFileSync(path.join(made, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-package-lock', '--no-audit', '--no-fund', `${runner}@${version}`];
  const shell = process.platform === 'win32';
  const { status, stderr } = spawnSync('npm', args, { cwd: made, encoding: 'utf8', shell });
  if (status !== 0) throw new Error(`could not install ${runner}@${version} from npm: ${stderr}`);
  fs.rmSync(directory, { recursive: true, force: true });
  fs.renameSync(made, directory);
  return { directory, program };
}

/**
 * A project of its own with this package installed as npm does it: as files, since a runner treats what
 * is linked as a part of the project.
 */
function createRunnerProject(runner) {
  const { directory, program } = install(runner);
  const project = fs.mkdtempSync(path.join(directory, 'project-'));
  const installed = path.join(project, 'node_modules', '@monocloud', 'backend-node');
  fs.mkdirSync(installed, { recursive: true });
  for (const name of PACKAGE) {
    fs.cpSync(path.join(root, name), path.join(installed, name), { recursive: true });
  }
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  return { project, program };
}

module.exports = { createRunnerProject };
