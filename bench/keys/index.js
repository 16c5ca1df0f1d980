'use strict';

// node bench/keys [--quick | --latency]: whether valid tokens pass while the tenant rotates its keys, is slow or
// down, or while the API is flooded with bad tokens. Compares this package with four libraries, under the same
// faults at the same time. Takes six minutes, or one with --quick. Prints Markdown; a full run writes it to
// RESULTS.md. --latency: only the last table, with many more rounds.
//
// In each scenario, each contender has a process and a tenant of its own, so that contenders do not affect each
// other and requests are counted for each.

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { createCa, createServerCert } = require('../../__test__/support/certs.js');
const { sign: signToken } = require('../../__test__/support/tokens.js');
const { start } = require('../support/child.js');
const { contenders } = require('./contenders.js');
const { latencyOf } = require('./latency.js');
const { report, reportLatency } = require('./report.js');
const { VALID_PER_SECOND, describeScenarios } = require('./scenarios.js');
const { AUDIENCE, createKey } = require('../support/tokens.js');

const KEYS = 4;
const TOKENS_PER_KEY = 20;
const STAGGER = 0.2;

const names = Object.keys(contenders);
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const keys = Array.from({ length: KEYS }, (_, index) => createKey('RS256', `key-${index}`));

function sign(key, issuer) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: AUDIENCE, sub: 'user', jti: crypto.randomUUID(), iat };
  return signToken(key, { claims: { ...claims, exp: iat + 3600 } });
}

/** The environment without the machine's proxy and trust settings, and with the tenants' root certificate. */
function environment(rootFile) {
  const own = Object.entries(process.env).filter(
    ([name]) => !/proxy|^MONOCLOUD_|^SSL_CERT|^NODE_/i.test(name),
  );
  return { ...Object.fromEntries(own), NODE_EXTRA_CA_CERTS: rootFile };
}

class Bench {
  #tls;
  #env;
  #tenants;

  constructor(directory) {
    const ca = createCa();
    const { cert, key } = createServerCert(ca);
    const rootFile = path.join(directory, 'root.pem');
    fs.writeFileSync(rootFile, ca.cert);
    this.#tls = { cert, key };
    this.#env = environment(rootFile);
    this.#tenants = new Map(
      names.map((name) => [name, start(path.join(__dirname, 'tenants.js'), { env: this.#env })]),
    );
  }

  /** Starts a contender with a tenant of its own. */
  async startContender(name, { cacheSeconds, keys: published = [0] }) {
    const tenants = this.#tenants.get(name);
    const { id, issuer, jwksUri } = await tenants.call('open', this.#tls);
    const tenant = (call, ...args) => tenants.call(call, id, ...args);
    const publish = (indices) =>
      tenant(
        'publish',
        indices.map((index) => keys[index].jwk),
      );
    await publish(published);
    const load = start(path.join(__dirname, 'load.js'), { env: this.#env });
    const signed = keys.map((key) =>
      Array.from({ length: TOKENS_PER_KEY }, () => sign(key, issuer)),
    );
    const options = { issuer, jwksUri, audience: AUDIENCE, cacheSeconds };
    await load.call('create', name, options, signed);
    await load.call('use', published.at(-1));
    return { name, tenant, publish, load };
  }

  /** Runs one scenario with all contenders, and resolves to the figures of each. */
  async run(scenario, ready) {
    const all = [];
    for (const name of names) all.push(await this.startContender(name, scenario));
    const each = (work) => Promise.all(all.map(work));
    const world = {
      wait: sleep,
      publish: (indices) => each(({ publish }) => publish(indices)),
      fault: (fault) => each(({ tenant }) => tenant('fault', fault)),
      use: (index) => each(({ load }) => load.call('use', index)),
      enter: (phase) => each(({ load }) => load.call('enter', phase)),
      flood: (perSecond) => each(({ load }) => load.call('flood', perSecond)),
    };
    await ready();
    const begun = Date.now();
    if (scenario.before) await world.fault(scenario.before);
    // One after the other, so that no first request waits while another process starts.
    for (const { load } of all) {
      await load.call('enter', 'start');
      await load.call('valid', VALID_PER_SECOND);
      await sleep(STAGGER);
    }
    await sleep(1);
    if (!scenario.rows.start) await world.enter('main');
    await scenario.run(world);
    const seconds = (Date.now() - begun) / 1000;
    const requests = await each(({ tenant }) => tenant('requests'));
    const phases = await each(({ load }) => load.call('stop'));
    await each(({ load }) => load.close());
    const results = all.map(({ name }, index) => [
      name,
      { requests: requests[index], phases: phases[index] },
    ]);
    return { seconds, contenders: Object.fromEntries(results) };
  }

  /** Runs several scenarios at the same time, once all processes have started. */
  async runTogether(scenarios) {
    let missing = scenarios.length;
    let go;
    const all = new Promise((resolve) => {
      go = resolve;
    });
    const ready = () => {
      missing -= 1;
      if (missing === 0) go();
      return all;
    };
    return Promise.all(scenarios.map((scenario) => this.run(scenario, ready)));
  }

  async close() {
    await Promise.all([...this.#tenants.values()].map((process) => process.close()));
  }
}

/** The longest delay of an idle process on this machine, which no contender can avoid. */
function watchMachine() {
  let last = performance.now();
  let heldUp = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    heldUp = Math.max(heldUp, now - last - 25);
    last = now;
  }, 25);
  return () => {
    clearInterval(timer);
    return heldUp;
  };
}

async function allOf(bench, quick) {
  const { scenarios, stages } = describeScenarios(quick);
  const begun = Date.now();
  const progress = (what) => {
    console.error(`${Math.round((Date.now() - begun) / 1000)} s: ${what}`);
  };
  const results = {};
  const stopWatching = watchMachine();
  for (const stage of stages) {
    progress(stage.join(', '));
    const figures = await bench.runTogether(stage.map((name) => scenarios[name]));
    stage.forEach((name, index) => {
      results[name] = figures[index];
    });
  }
  const heldUp = stopWatching();
  progress('latency');
  const latency = await latencyOf(bench, quick ? [1, 2400] : [5, 4000]);
  return report({ quick, scenarios, results, latency, heldUp });
}

async function main() {
  const boolean = { type: 'boolean', default: false };
  const { values } = parseArgs({ options: { quick: boolean, latency: boolean } });
  const { quick, latency: latencyOnly } = values;
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-keys-'));
  const bench = new Bench(directory);
  try {
    const text = latencyOnly
      ? reportLatency(await latencyOf(bench, [12, 4000]))
      : await allOf(bench, quick);
    console.log(text);
    if (!quick && !latencyOnly) fs.writeFileSync(path.join(__dirname, 'RESULTS.md'), text);
  } finally {
    await bench.close();
    fs.rmSync(directory, { recursive: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
