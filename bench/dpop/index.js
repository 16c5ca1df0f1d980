'use strict';

// npm run bench -- --only dpop: requests with a seen RS256 token and a fresh ES256 proof each, through this package and
// through express-oauth2-jwt-bearer, with Express; and a call of this package with such a proof, compared with the
// verification of its signature by aws-lc-rs alone (../bare.rs). Marks: at most half of the other's processor time,
// and 1.5 times the bare signature.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createTestTenant } = require('../../js/testing');
const bare = require('../bare.js');
const { CORES } = require('../http/wrk.js');
const { start } = require('../support/child.js');
const { conditions, titleOf } = require('../support/machine.js');
const { digits, spread, table } = require('../support/markdown.js');
const { alternate, median, ratios, summary } = require('../support/stats.js');
const { NONE, OURS, RIVAL } = require('./names.js');

const SERVER = path.join(__dirname, 'server.js');
const LOAD = path.join(__dirname, 'load.js');
const PLANS = {
  full: { rounds: 21, requests: 2_000, calls: 1_000 },
  quick: { rounds: 3, requests: 500, calls: 200 },
};
const CONTENDERS = [NONE, OURS, RIVAL];
const WARM_ROUNDS = 3;
const BARE = 'aws-lc-rs alone';
const CALL = 'a call';
const REQUEST = { method: 'GET', url: 'https://api.example.com/orders' };

async function overHttp({ rounds, requests }, loader, token, settings) {
  const servers = {};
  const ports = {};
  for (const name of CONTENDERS) {
    servers[name] = start(SERVER, { core: CORES.server });
    ports[name] = await servers[name].call('listen', name, settings);
  }
  const measure = async (name) => {
    // The proofs are made before, so that making them is not measured.
    await loader.call('prepare', token, ports[name], requests);
    await servers[name].call('begin');
    const latency = await loader.call('send', ports[name]);
    return { ...latency, cpu: (await servers[name].call('end')) / requests };
  };
  try {
    await alternate(CONTENDERS, WARM_ROUNDS, measure);
    return await alternate(CONTENDERS, rounds, measure);
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.close()));
  }
}

/** Microseconds of a call, and of the signature of the same proofs alone. */
async function calls({ rounds, calls: perRound }, loader, token, settings, executable) {
  const proofs = await loader.call('proofs', token, REQUEST.url, (rounds + WARM_ROUNDS) * perRound);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-dpop-'));
  const [key, file] = ['key', 'proofs'].map((name) => path.join(directory, name));
  fs.writeFileSync(key, Buffer.from(await loader.call('point'), 'base64url'));
  fs.writeFileSync(file, proofs.join('\n'));
  const signature = bare.startBare(executable, 'ES256', key, file);
  const ours = start(SERVER, { core: CORES.server });
  const measure = (name, round) => {
    const from = round * perRound;
    return name === BARE
      ? signature.time(from, perRound)
      : ours.call('time', token, proofs.slice(from, from + perRound), REQUEST);
  };
  try {
    await ours.call('create', settings);
    const values = await alternate([CALL, BARE], rounds + WARM_ROUNDS, measure);
    return Object.fromEntries(
      Object.entries(values).map(([name, times]) => [name, times.slice(WARM_ROUNDS)]),
    );
  } finally {
    signature.close();
    await ours.close();
    fs.rmSync(directory, { recursive: true });
  }
}

async function run({ quick, progress }) {
  const plan = PLANS[quick ? 'quick' : 'full'];
  progress('dpop: compiling');
  const executable = bare.build();
  const figures = { ...conditions(), ...plan };
  const tenant = await createTestTenant({ algorithms: ['RS256'] });
  const loader = start(LOAD, { core: CORES.load });
  try {
    const { tenantDomain, audience } = tenant;
    const settings = { tenantDomain, audience };
    const jkt = await loader.call('jkt');
    const token = await tenant.issueToken({ jkt, expiresIn: 7_200, scopes: ['orders:read'] });
    progress('dpop: over HTTP');
    const values = await overHttp(plan, loader, token, settings);
    progress('dpop: against the signature alone');
    const times = await calls(plan, loader, token, settings, executable);
    return { ...figures, values, times };
  } finally {
    await loader.close();
    await tenant.close();
  }
}

const of = ({ values }, name, figure) => values[name].map((round) => round[figure]);
const toRival = (figures, figure) =>
  summary(ratios(of(figures, OURS, figure), of(figures, RIVAL, figure)));
const toSignature = ({ times }) => summary(ratios(times[CALL], times[BARE]));

const section = (figures) => `## DPoP: a fresh proof with a seen token

Express 5; each request has the same RS256 token and an ES256 proof of its own, over 16 connections. ${figures.rounds} rounds of
${digits(figures.requests)} requests; medians, and for ratios their quartiles.

${table(
  ['', 'requests/s', 'processor time, µs', 'p50, µs', 'p99, µs'],
  [
    ...[
      [NONE, NONE],
      [titleOf([]), OURS],
      [titleOf([RIVAL]), RIVAL],
    ].map(([title, name]) => [
      title,
      ...['rate', 'cpu', 'p50', 'p99'].map((figure) => digits(median(of(figures, name, figure)))),
    ]),
    [
      'ratio of the two',
      ...['rate', 'cpu', 'p50', 'p99'].map((figure) => spread(toRival(figures, figure))),
    ],
  ],
)}

${RIVAL} looks for no replay. The whole call of this package, from JavaScript: ${spread(summary(figures.times[CALL]))} µs. The ES256
signature of the same proofs, by aws-lc-rs with a key that was parsed once, from Rust: ${spread(summary(figures.times[BARE]))} µs. That
is ${spread(toSignature(figures))} times as long.
`;

module.exports = { run, section, toRival, toSignature };
