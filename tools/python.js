'use strict';

// node tools/python.js NAME ARGUMENTS…: runs a command that PyPI has as a wheel, at the version and with the
// digest of tools/requirements.txt, from a virtual environment in .cache/python.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { CACHE } = require('./downloads');

const REQUIREMENTS = path.join(__dirname, 'requirements.txt');
const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

function install(directory) {
  fs.rmSync(directory, { recursive: true, force: true });
  const { status } = spawnSync(PYTHON, ['-m', 'venv', directory], { stdio: 'ignore' });
  if (status !== 0) {
    throw new Error(
      `${PYTHON} -m venv failed. Install Python 3.9 or later with its venv module (on Debian: apt-get install python3-venv)`,
    );
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  execFileSync(
    programIn(directory, 'python'),
    [...pip, '--only-binary=:all:', '--require-hashes', '-r', REQUIREMENTS],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
}

const programIn = (directory, name) =>
  process.platform === 'win32'
    ? path.join(directory, 'Scripts', `${name}.exe`)
    : path.join(directory, 'bin', name);

/** The executable of that name, installed first if it is missing or of another version. */
function programOf(name) {
  const directory = path.join(CACHE, 'python');
  const stamp = path.join(directory, 'requirements.txt');
  const wanted = fs.readFileSync(REQUIREMENTS, 'utf8');
  if (!fs.existsSync(stamp) || fs.readFileSync(stamp, 'utf8') !== wanted) {
    install(directory);
    fs.writeFileSync(stamp, wanted);
  }
  return programIn(directory, name);
}

try {
  const [name, ...args] = process.argv.slice(2);
  const { status, error } = spawnSync(programOf(name), args, { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
} catch (error) {
  console.error(`python: ${error.message}`);
  process.exitCode = 1;
}
