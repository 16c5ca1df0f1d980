'use strict';

// The size of the published addon, without symbols.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ROOT } = require('./support/machine.js');

const ADDON = /^binding\..*\.node$/;

async function run() {
  const directory = path.join(ROOT, 'js');
  const addon = fs.readdirSync(directory).find((name) => ADDON.test(name));
  if (addon === undefined) throw new Error('no addon; npm run build:release makes it');
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-addon-'));
  try {
    const file = path.join(directory, addon);
    const stripped = path.join(scratch, addon);
    const { error, status } = spawnSync('strip', ['-o', stripped, file]);
    if (error || status !== 0) throw new Error('strip is missing; apt-get install binutils');
    return { addon, bytes: fs.statSync(file).size, stripped: fs.statSync(stripped).size };
  } finally {
    fs.rmSync(scratch, { recursive: true });
  }
}

const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(2);

const section = ({ addon, bytes, stripped }) => `## The addon

\`${addon}\`: ${mebibytes(bytes)} MiB, stripped ${mebibytes(stripped)} MiB.
`;

module.exports = { run, section };
