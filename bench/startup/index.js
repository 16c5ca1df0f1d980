'use strict';

// npm run bench -- --only startup: the time from the first line of a program to its first validated token, with
// keys from loopback. The start of Node.js is not included.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { conditions } = require('../support/machine.js');
const { alternate } = require('../support/stats.js');
const { startTenant } = require('../support/tenant.js');
const { AUDIENCE, createKey, issue } = require('../support/tokens.js');
const { names } = require('./child.js');

const CHILD = path.join(__dirname, 'child.js');
const ROUNDS = { full: 31, quick: 3 };
const COUNT_MODULES = `require(${JSON.stringify(path.join(__dirname, '..', '..'))});
console.log(Object.keys(require.cache).length);`;

/** A module that loads empty ones, as many as this package has: what finding and compiling so many takes. */
async function emptyModules(directory) {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', COUNT_MODULES]);
  const names = Array.from({ length: Number(stdout) - 1 }, (_, index) => `./${index}.js`);
  for (const name of names) fs.writeFileSync(path.join(directory, name), "'use strict';\n");
  const file = path.join(directory, 'index.js');
  fs.writeFileSync(file, names.map((name) => `require('${name}');\n`).join(''));
  return file;
}

async function run({ quick, progress }) {
  const rounds = ROUNDS[quick ? 'quick' : 'full'];
  const figures = { ...conditions(), rounds };
  const key = createKey('RS256');
  const tenant = await startTenant([key]);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-startup-'));
  try {
    progress('startup');
    const modules = await emptyModules(directory);
    const terms = { ...tenant.terms(key), audience: AUDIENCE, modules };
    const task = JSON.stringify({ terms, token: issue(key, terms.issuer, 1024) });
    const env = { ...process.env, BENCH_STARTUP: task };
    // A machine's own certificates, which are read at start, are not what is compared.
    for (const name of ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']) delete env[name];
    // The first run warms up the file cache.
    for (const name of names) await promisify(execFile)(process.execPath, [CHILD, name], { env });
    figures.values = await alternate(names, rounds, async (name) => {
      const { stdout } = await promisify(execFile)(process.execPath, [CHILD, name], { env });
      return JSON.parse(stdout);
    });
  } finally {
    await tenant.close();
    fs.rmSync(directory, { recursive: true });
  }
  return figures;
}

module.exports = { run };
