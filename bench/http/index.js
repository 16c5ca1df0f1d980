'use strict';

// npm run bench -- --only http: the cost of a guard for a server. Express and Fastify; one token, and 20,000
// distinct ones; a handler that ignores the claims, and one that reads them.
//
// Each round has new processes, so that no token was seen before. The contenders take turns. Other packages take part
// in every fourth round only, as they take many times as long.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { start } = require('../support/child.js');
const { conditions } = require('../support/machine.js');
const { turns } = require('../support/stats.js');
const { startTenant } = require('../support/tenant.js');
const tokens = require('../support/tokens.js');
const { EMPTY, NONE, OURS, guards } = require('./guards.js');
const { STAGES } = require('./stages.js');
const { CORES, load, requireWrk } = require('./wrk.js');

const BYTES = 1024;
const SERVER = path.join(__dirname, 'server.js');
const OWN = [NONE, EMPTY, OURS];
const RIVALS = ['fastify-jwt-jwks, cache', 'express-oauth2-jwt-bearer'];

const PLANS = {
  full: {
    rounds: 15,
    every: 4,
    handlers: ['ignores', 'reads'],
    warm: 10_000,
    distinct: 20_000,
    seconds: 1,
  },
  quick: { rounds: 1, every: 1, handlers: ['reads'], warm: 5_000, distinct: 5_000, seconds: 1 },
};

/** The status of one request. */
async function statusOf(port, token) {
  const headers = token && { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
  await response.arrayBuffer();
  return response.status;
}

/** Fails unless the guard admits the good token, and refuses bad tokens and a request without one. */
async function check(port, name, { good, bad }) {
  const refuse = (what) => {
    throw new Error(`${name}: ${what}`);
  };
  if ((await statusOf(port, good)) !== 200) refuse('refuses a good token');
  if (name === NONE || name === EMPTY || name in STAGES) return;
  for (const [what, token] of Object.entries({ ...bad, 'none at all': undefined })) {
    if ((await statusOf(port, token)) < 400) refuse(`takes a token with ${what}`);
  }
}

/** The figures of one load, with the server's processor time and delays. */
async function measureLoad(server, port, file, how) {
  await server.call('begin');
  const { requests, rate, p50, p99 } = await load(port, file, how);
  const { cpu, delayP99, delayMax } = await server.call('end');
  return { rate, p50, p99, cpu: cpu / requests, delayP99, delayMax };
}

/** The loads of a round, in order. `first` sends each token for the first time, `again` a second time. */
const phasesOf = (files, { distinct, seconds }) => ({
  one: [files.one, { seconds }],
  first: [files.many, { limit: distinct }],
  again: [files.many, { seconds }],
});

/**
 * One round: all servers are started and warmed up, then take turns with each load, so that compared figures
 * are measured within seconds.
 */
async function round({ framework, handler, terms, files, samples, plan }, names) {
  const servers = new Map(names.map((name) => [name, start(SERVER, { core: CORES.server })]));
  const results = Object.fromEntries(names.map((name) => [name, {}]));
  try {
    const ports = new Map();
    for (const [name, server] of servers) {
      const port = await server.call('listen', framework, name, terms, handler);
      ports.set(name, port);
      await check(port, name, samples);
      await load(port, files.warm, { limit: plan.warm });
    }
    for (const [phase, [file, how]] of Object.entries(phasesOf(files, plan))) {
      for (const name of names) {
        if (name in STAGES && phase !== 'one') continue;
        results[name][phase] = await measureLoad(servers.get(name), ports.get(name), file, how);
      }
    }
  } finally {
    await Promise.all([...servers.values()].map((server) => server.close()));
  }
  return results;
}

async function run({ quick, progress }) {
  const plan = PLANS[quick ? 'quick' : 'full'];
  const { rounds, distinct } = plan;
  const figures = { ...conditions(), rounds, distinct, groups: [] };
  const key = tokens.createKey('RS256');
  const tenant = await startTenant([key]);
  const terms = tenant.terms(key);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-http-'));
  const pool = async (name, count) => {
    const file = path.join(directory, name);
    await tokens.writePool(file, count, () => tokens.issueAsync(key, terms.issuer, BYTES));
    return file;
  };
  try {
    progress(`http: ${distinct} tokens`);
    const files = {
      warm: await pool('warm', 1),
      one: await pool('one', 1),
      many: await pool('many', distinct),
    };
    const samples = {
      good: tokens.issue(key, terms.issuer, BYTES),
      bad: tokens.badTokens(key, terms.issuer, BYTES),
    };
    for (const framework of Object.keys(guards)) {
      const all = Object.keys(guards[framework]);
      const names = quick ? all.filter((name) => [...OWN, ...RIVALS].includes(name)) : all;
      for (const handler of plan.handlers) {
        const hasStages = framework === 'fastify' && handler === plan.handlers[0];
        const stages = hasStages ? Object.keys(STAGES) : [];
        const always = [...names.filter((name) => OWN.includes(name)), ...stages];
        const values = Object.fromEntries([...names, ...stages].map((name) => [name, []]));
        for (let number = 0; number < rounds; number += 1) {
          progress(`http: ${framework}, handler ${handler} the claims, round ${number + 1}`);
          const settings = { framework, handler, terms, files, samples, plan };
          const some = number % plan.every === 0 ? Object.keys(values) : always;
          const results = await round(settings, turns(some, number));
          for (const name of some) values[name].push({ number, ...results[name] });
        }
        figures.groups.push({ framework, handler, values });
      }
    }
  } finally {
    await tenant.close();
    fs.rmSync(directory, { recursive: true });
  }
  return figures;
}

module.exports = { requires: requireWrk, run };
