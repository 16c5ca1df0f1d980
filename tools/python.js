'use strict';

// node tools/python.js NAME ARGUMENTS…: runs a command that PyPI has as a wheel, at the version and with the
// digest of tools/requirements.txt, from a virtual environment in .cache/python.
// `programOf` does the same for other requirements.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { CACHE } = require('./downloads');

const REQUIREMENTS = path.join(__dirname, 'requirements.txt');
const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

function install(directory, requirements) {
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
    [...pip, '--only-binary=:all:', '--require-hashes', '-r', requirements],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
}

const programIn = (directory, name) =>
  process.platform === 'win32'
    ? path.join(directory, 'Scripts', `${name}.exe`)
    : path.join(directory, 'bin', name);

/**
 * An executable of a virtual environment in .cache/, which is made first if it is missing or of other versions.
 * @param {string} name of the executable
 * @param {{ environment?: string, requirements?: string }} [options] a name in .cache/, and a file for pip
 */
function programOf(name, { environment = 'python', requirements = REQUIREMENTS } = {}) {
  const directory = path.join(CACHE, environment);
  const stamp = path.join(directory, 'requirements.txt');
  const wanted = fs.readFileSync(requirements, 'utf8');
  if (!fs.existsSync(stamp) || fs.readFileSync(stamp, 'utf8') !== wanted) {
    install(directory, requirements);
    fs.writeFileSync(stamp, wanted);
  }
  return programIn(directory, name);
}

function main([name, ...args]) {
  try {
    const { status, error } = spawnSync(programOf(name), args, { stdio: 'inherit' });
    if (error) throw error;
    process.exitCode = status ?? 1;
  } catch (error) {
    console.error(`python: ${error.message}`);
    process.exitCode = 1;
  }
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { programOf };
