'use strict';

// The machine and the versions of a measurement.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

function versionOf(dependency) {
  // Read as a file: not every package exports its manifest.
  const manifest = path.join(ROOT, 'node_modules', dependency, 'package.json');
  return JSON.parse(fs.readFileSync(manifest, 'utf8')).version;
}

/** The title of a contender, such as `jwks-rsa 4.1.0 + jsonwebtoken 9.0.3`; this package without arguments. */
function titleOf(packages) {
  if (packages.length === 0) return `this package ${require('../../package.json').version}`;
  return packages.map((dependency) => `${dependency} ${versionOf(dependency)}`).join(' + ');
}

function machine() {
  const cpus = os.cpus();
  return `${cpus.length} × ${cpus[0].model.trim()}, ${os.type()} ${os.arch()}`;
}

const load = () =>
  os
    .loadavg()
    .map((average) => average.toFixed(1))
    .join(', ');

/** The conditions of a part. `load` is the system's load before the part starts. */
function conditions() {
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    node: process.version,
    openssl: process.versions.openssl,
    machine: machine(),
    kernel: os.release(),
    memory: `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`,
    load: load(),
  };
}

module.exports = { ROOT, conditions, load, machine, titleOf, versionOf };
