'use strict';

// npm run bench -- --only bare: this package with new RS256 tokens, on one thread, called from JavaScript;
// compared with verification of the same signatures by aws-lc-rs alone (bare.rs).

const { spawn, spawnSync } = require('node:child_process');
const { createPublicKey } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { cargoFlags } = require('../tools/test.js');
const { start } = require('./support/child.js');
const { ROOT, conditions } = require('./support/machine.js');
const { spread } = require('./support/markdown.js');
const { alternate, ratios, summary } = require('./support/stats.js');
const { startTenant } = require('./support/tenant.js');
const tokens = require('./support/tokens.js');
const { OURS } = require('./micro');

const BARE = 'bare';
const BYTES = 1024;
const ROUNDS = 21;
const PER_ROUND = 256;
const WARM_UP = 2048;

/** Compiles bare.rs and returns the executable's path. */
function build() {
  const args = ['bench', ...cargoFlags(), '--bench', BARE, '--no-run', '--message-format', 'json'];
  const { error, status, stdout } = spawnSync('cargo', args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error || status !== 0) throw new Error('cargo could not build bench/bare.rs');
  const messages = stdout.trim().split('\n').map(JSON.parse);
  return messages.find(({ target, executable }) => executable && target.name === BARE).executable;
}

/** Starts bare.rs with a key and JWTs in files; `time` measures a range of them, in microseconds. */
function startBare(executable, alg, key, file) {
  const child = spawn(executable, [alg, key, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async time(from, count) {
      child.stdin.write(`${from} ${count}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('bench/bare.rs ended');
      return Number(value) / 1000;
    },
    close: () => child.stdin.end(),
  };
}

async function run({ progress }) {
  progress('bare: compiling');
  const executable = build();
  progress('bare');
  const figures = { ...conditions(), rounds: ROUNDS };
  const key = tokens.createKey('RS256');
  const tenant = await startTenant([key]);
  const terms = tenant.terms(key);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-bare-'));
  const [der, file] = ['key', 'pool'].map((name) => path.join(directory, name));
  fs.writeFileSync(der, createPublicKey(key.pem).export({ type: 'spki', format: 'der' }));
  await tokens.writePool(file, WARM_UP + ROUNDS * PER_ROUND, () =>
    tokens.issueAsync(key, terms.issuer, BYTES),
  );
  const bare = startBare(executable, 'RS256', der, file);
  const ours = start(path.join(__dirname, 'micro', 'child.js'), { execArgv: ['--expose-gc'] });
  const times = {
    [BARE]: bare.time,
    [OURS]: async (from, count) => (await ours.call('unseen', from, count, 1)).wall,
  };
  try {
    await ours.call('create', OURS, terms);
    await ours.call('load', file);
    for (const time of Object.values(times)) await time(0, WARM_UP);
    figures.values = await alternate(Object.keys(times), ROUNDS, (name, round) =>
      times[name](WARM_UP + round * PER_ROUND, PER_ROUND),
    );
  } finally {
    bare.close();
    await ours.close();
    await tenant.close();
    fs.rmSync(directory, { recursive: true });
  }
  return { ...figures, ratio: summary(ratios(figures.values[OURS], figures.values[BARE])) };
}

const section = ({ values, ratio, rounds }) => `## A new RS256 token on one thread

The signature alone, by aws-lc-rs with a key that was parsed once, from Rust: ${spread(summary(values[BARE]))} µs. The
whole validation by this package, from JavaScript: ${spread(summary(values[OURS]))} µs. That is ${spread(ratio)} times as
long; medians and quartiles of ${rounds} rounds.
`;

module.exports = { build, run, section, startBare };
