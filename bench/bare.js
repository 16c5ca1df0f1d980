'use strict';

// npm run bench -- --only bare: this package with new tokens, on one thread, called from JavaScript; compared with
// verification of the same signatures by aws-lc-rs alone (bare.rs), and by the OpenSSL of Node.js alone. And with seen
// tokens, compared with SHA-256 of the token alone.

const { spawn, spawnSync } = require('node:child_process');
const { createPublicKey, verify } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { cargoFlags } = require('../tools/test.js');
const { start } = require('./support/child.js');
const { ROOT, conditions } = require('./support/machine.js');
const { spread, table } = require('./support/markdown.js');
const { alternate, ratios, summary } = require('./support/stats.js');
const { startTenant } = require('./support/tenant.js');
const tokens = require('./support/tokens.js');
const { OURS } = require('./micro');

const BARE = 'bare';
const OPENSSL = 'OpenSSL';
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
const SEEN = [
  ['ES256', 512],
  ['RS256', 1024],
  ['RS256', 4096],
  ['RS256', 8192],
];
const SEEN_MS = 10;
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

/** A public key as bare.rs reads it. */
function publicBytes(alg, pem) {
  const key = createPublicKey(pem);
  if (alg === 'RS256') return key.export({ type: 'spki', format: 'der' });
  const { x, y } = key.export({ format: 'jwk' });
  const [first, second] = [x, y ?? ''].map((text) => Buffer.from(text, 'base64url'));
  return alg === 'EdDSA' ? first : Buffer.concat([Buffer.from([4]), first, second]);
}

/** `time` measures `crypto.verify` of a range of the JWTs in a file, in microseconds. */
function openssl(alg, pem, file) {
  const signed = fs
    .readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((token) => {
      const at = token.lastIndexOf('.');
      return [Buffer.from(token.slice(0, at)), Buffer.from(token.slice(at + 1), 'base64url')];
    });
  const hash = alg === 'EdDSA' ? null : 'sha256';
  const key = { key: createPublicKey(pem), dsaEncoding: 'ieee-p1363' };
  return (from, count) => {
    const begun = process.hrtime.bigint();
    for (const [input, signature] of signed.slice(from, from + count)) {
      if (!verify(hash, input, key, signature)) throw new Error('OpenSSL refused a signature');
    }
    return Number(process.hrtime.bigint() - begun) / 1000 / count;
  };
}

/**
 * Calls `use` with a directory, this package's process for these terms, and a function that starts bare.rs, and ends
 * both processes.
 */
async function withPrograms(executable, terms, use) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-bare-'));
  const ours = start(path.join(__dirname, 'micro', 'child.js'), { execArgv: ['--expose-gc'] });
  const started = [];
  const startOne = (...args) => {
    started.push(startBare(executable, ...args));
    return started.at(-1);
  };
  try {
    await ours.call('create', OURS, terms);
    return await use({ directory, ours, startOne });
  } finally {
    for (const bare of started) bare.close();
    await ours.close();
    fs.rmSync(directory, { recursive: true });
  }
}

/** A new token, and its signature alone. */
const measure = (executable, key, terms) =>
  withPrograms(executable, terms, async ({ directory, ours, startOne }) => {
    const [bytes, file] = ['key', 'pool'].map((name) => path.join(directory, name));
    fs.writeFileSync(bytes, publicBytes(key.alg, key.pem));
    await tokens.writePool(file, WARM_UP + ROUNDS * PER_ROUND, () =>
      tokens.issueAsync(key, terms.issuer, BYTES),
    );
    await ours.call('load', file);
    const times = {
      [BARE]: startOne(key.alg, bytes, file).time,
      [OPENSSL]: openssl(key.alg, key.pem, file),
      [OURS]: async (from, count) => (await ours.call('unseen', from, count, 1)).wall,
    };
    for (const time of Object.values(times)) await time(0, WARM_UP);
    const values = await alternate(Object.keys(times), ROUNDS, (name, round) =>
      times[name](WARM_UP + round * PER_ROUND, PER_ROUND),
    );
    const to = (name) => summary(ratios(values[OURS], values[name]));
    return { alg: key.alg, values, toBare: to(BARE), toOpenssl: to(OPENSSL) };
  });

/** A seen token, and SHA-256 of it alone. */
const measureSeen = (executable, key, bytes, terms) =>
  withPrograms(executable, terms, async ({ directory, ours, startOne }) => {
    const file = path.join(directory, 'token');
    const token = tokens.issue(key, terms.issuer, bytes);
    fs.writeFileSync(file, `${token}\n`.repeat(PER_ROUND));
    const hash = startOne('SHA-256', file, file);
    const calls = await ours.call('calibrate', token, SEEN_MS, 1);
    const times = {
      [BARE]: () => hash.time(0, PER_ROUND),
      [OURS]: async () => (await ours.call('seen', token, calls, 1)).wall,
    };
    const values = await alternate(Object.keys(times), ROUNDS, (name) => times[name]());
    const toBare = summary(ratios(values[OURS], values[BARE]));
    return { alg: key.alg, kib: bytes / 1024, values, toBare };
  });

async function run({ progress }) {
  progress('bare: compiling');
  const executable = build();
  const figures = { ...conditions(), rounds: ROUNDS, cases: [], seen: [] };
  const keys = ALGORITHMS.map((alg) => tokens.createKey(alg));
  const tenant = await startTenant(keys);
  try {
    for (const key of keys) {
      progress(`bare: ${key.alg}`);
      figures.cases.push(await measure(executable, key, tenant.terms(key)));
    }
    for (const [alg, bytes] of SEEN) {
      progress(`bare: seen ${alg}, ${bytes} bytes`);
      const key = keys.find((each) => each.alg === alg);
      figures.seen.push(await measureSeen(executable, key, bytes, tenant.terms(key)));
    }
  } finally {
    await tenant.close();
  }
  return figures;
}

const section = ({ cases, seen, rounds }) => `## A new token and its signature alone

The signature alone, by aws-lc-rs with a key that was parsed once, from Rust; the same by OpenSSL, with \`crypto.verify\`
of Node.js; and the whole validation by this package, from JavaScript. One thread each; microseconds, medians and quartiles
of ${rounds} rounds.

${table(
  ['', 'aws-lc-rs', 'OpenSSL', 'this package', 'to aws-lc-rs', 'to OpenSSL'],
  cases.map(({ alg, values, toBare, toOpenssl }) => [
    alg,
    ...[BARE, OPENSSL, OURS].map((name) => spread(summary(values[name]))),
    spread(toBare),
    spread(toOpenssl),
  ]),
)}

A seen token is found by its SHA-256, which is computed of every token, so that no token is kept. The hash alone, by the
same crate from Rust, and the whole validation:

${table(
  ['', 'SHA-256', 'this package', 'to SHA-256'],
  seen.map(({ alg, kib, values, toBare }) => [
    `${alg}, ${kib} KiB`,
    ...[BARE, OURS].map((name) => spread(summary(values[name]))),
    spread(toBare),
  ]),
)}

Profiles (2026-11-25, \`perf record -e cpu-clock node --perf-basic-prof bench/profiled.js seen\`, and \`new\`, grouped by hand; \`new\` beside other
work, without what signed the tokens, as far as names tell):

- Of a seen ES256 token of half a KiB: 31 % SHA-256, 23 % JavaScript and promises, 22 % the rest of the core, 12 % V8 and
  Node-API for the arguments and the result, 6 % clocks, 1 % the kernel.
- Of a new RS256 token of 1 KiB: 64 % its signature, 14 % V8, of which 6 % makes the claims, 5 % allocation and copies, 4 %
  reading JSON in the core, 3 % each Node-API, SHA-256 of the token and the kernel, 2 % each base64 and the rest of the core.
`;

module.exports = { build, run, section, startBare };
