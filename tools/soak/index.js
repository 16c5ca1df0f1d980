'use strict';

// npm run soak: makes millions of validations while keys rotate and the tenant fails, compares each answer with
// the expected one, and samples the process's memory, descriptors and handles.
//
//   npm run soak                       200,000 validations, 10,000 refusals over HTTP
//   npm run soak -- --long             10 million and a million
//   npm run soak -- --full             caches that are always full
//   npm run soak -- --hours=2          few validations, spread over two hours, with idle pauses
//   npm run soak -- --validations=N --refusals=N --seed=N
//
// Memory is steady if the median of the last third is at most 5 % above that of the second third, sampled after a
// forced garbage collection. The first third is the warm-up. `--slack=MIB` allows more in a short run, in which
// one thread's page table can be over 5 %.

const { fork, spawnSync } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const { prepare } = require('../prepare.js');
const { generator } = require('../random.js');
const { mixer } = require('./mix.js');
const { judge, sample } = require('./watch.js');

const MIB_SHARE = 0.05;
const AT_ONCE = 50;
const SAMPLES = 60;
const OUTAGES = ['error', 'reset', 'silent', 'rubbish'];
/** The share of an epoch's validations, or of its time, that is made while the tenant is down. */
const AWAY_SHARE = 0.3;
/** The share of a slow epoch's time without a request. */
const IDLE_SHARE = 0.3;

function readArguments(args) {
  const flag = { type: 'boolean', default: false };
  const number = { type: 'string' };
  const options = {
    long: flag,
    json: flag,
    full: flag,
    hours: number,
    validations: number,
    refusals: number,
    epochs: number,
    slack: number,
    seed: number,
  };
  const { long, json, full, ...given } = parseArgs({ args, options }).values;
  const standard = {
    hours: 0,
    validations: 200_000,
    refusals: 10_000,
    epochs: given.hours === undefined ? 16 : 60,
    slack: 0,
    seed: Date.now() % 2 ** 32,
    ...(long && { validations: 10_000_000, refusals: 1_000_000, epochs: 200 }),
  };
  const read = Object.entries(given).map(([name, value]) => [name, Number(value)]);
  const wrong = read.find(([, value]) => !(value >= 0));
  if (wrong !== undefined) throw new Error(`--${wrong[0]} must be a number`);
  return { json, full, ...standard, ...Object.fromEntries(read) };
}

/** Starts the tenant's process and returns functions that command it. */
async function startTenant() {
  const child = fork(path.join(__dirname, 'tenant.js'), { execArgv: [] });
  const waiting = new Map();
  let last = 0;
  const first = new Promise((resolve) => waiting.set(0, resolve));
  child.on('message', ({ id, value }) => {
    waiting.get(id)?.(value);
    waiting.delete(id);
  });
  const command = (name, more) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      child.send({ id: last, command: name, ...more });
    });
  return { ...(await first), command, close: () => child.disconnect() };
}

/** Counts wrong answers and keeps the first few. */
class Verdicts {
  counts = { inputs: 0, acceptedWrongly: 0, refusedWrongly: 0, undocumented: 0 };
  kinds = {};
  examples = [];

  #wrong(what, kind, error) {
    this.counts[what] += 1;
    const { name, reason, message } = error ?? {};
    if (this.examples.length < 10) this.examples.push({ what, kind, name, reason, message });
  }

  async check(work, { kind, accept, maybe }, isDocumented) {
    this.counts.inputs += 1;
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
    let error;
    try {
      await work();
    } catch (thrown) {
      error = thrown;
    }
    if (error === undefined) {
      if (!accept && !maybe) this.#wrong('acceptedWrongly', kind);
      return;
    }
    if (!isDocumented(error)) this.#wrong('undocumented', kind, error);
    if (accept && !maybe) this.#wrong('refusedWrongly', kind, error);
  }
}

async function soak(settings) {
  const root = path.join(__dirname, '..', '..');
  const { MonoCloudAuthBaseError, MonoCloudBackendNodeClient } = require(root);
  const { createMemoryCache } = require(path.join(root, 'js', 'redis'));
  const isDocumented = (error) => error instanceof MonoCloudAuthBaseError;

  const tenant = await startTenant();
  const random = generator(settings.seed);
  const next = mixer(random);
  const verdicts = new Verdicts();
  const slowly = settings.hours > 0;
  const small = settings.full || slowly;
  const options = {
    ...tenant.options,
    clientId: 'soak',
    clientSecret: 'soak',
    // Short, so that documents are refreshed in the background all the time; in a slow run, short enough for
    // several refreshes ahead in each epoch, and shorter than its idle pause.
    jwksCacheDuration: slowly ? 10 : 1,
    metadataCacheDuration: slowly ? 15 : 1,
    // Long enough for a busy machine.
    responseTimeout: 4000,
    // Small enough to fill during the warm-up: a cache that is still filling looks like a leak.
    verifiedTokensBytes: small ? 2 ** 14 : 2 ** 20,
    maxTokenBytes: 8192,
  };
  // With a cache, opaque tokens and keys that the tenant has withdrawn are accepted until their entries end, as
  // documented.
  const clients = [
    { share: 0.7, client: new MonoCloudBackendNodeClient(options) },
    { share: 0.15, client: new MonoCloudBackendNodeClient({ ...options, fetcher: fetch }) },
    {
      share: 0.15,
      caches: true,
      client: new MonoCloudBackendNodeClient({
        ...options,
        cache: createMemoryCache({ maxEntries: small ? 100 : 2000 }),
      }),
    },
  ];
  const pickClient = () => {
    let at = random();
    return (
      clients.find(({ share }) => {
        at -= share;
        return at < 0;
      }) ?? clients[0]
    );
  };
  const requirement = { scopes: [tenant.scope] };

  let pool;
  let retired = [];
  let away = 'none';
  const one = () => {
    const entry = next(pool);
    const { client, caches } = pickClient();
    // While the tenant is down, a token that needs it fails unless its answer is cached.
    if (entry.kind === 'opaque' && away !== 'none') Object.assign(entry, { accept: false });
    const maybe = caches && (entry.kind === 'opaque' || entry.kind === 'retired');
    const work = () => client.validateAccessToken(entry.token, requirement);
    return verdicts.check(work, { ...entry, maybe }, isDocumented);
  };
  const run = async (count) => {
    for (let left = count; left > 0; left -= AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, one));
    }
  };

  /** A few validations at a time, with pauses of up to two seconds. */
  const trickle = async (seconds) => {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
      await Promise.all(Array.from({ length: 1 + Math.floor(random() * 8) }, one));
      await sleep(random() * 2000);
    }
  };

  /** New keys and tokens. Once it resolves, each client has fetched the keys. */
  const turnOver = async () => {
    const keepOld = random() < 0.3;
    if (!keepOld && pool) retired = pool.good.slice(0, 50);
    await tenant.command('rotate', { keepOld });
    pool = { ...(await tenant.command('mint', { count: 500 })), retired };
    for (const { client } of clients) await client.getJwks(true);
  };

  /** Waits until the tenant answers each client again: after a fault a client backs off. */
  const untilWell = async () => {
    for (const { client } of clients) {
      for (const deadline = Date.now() + 60_000; ; ) {
        const well = await Promise.all([
          client.introspectAccessToken(pool.opaque[0]).catch(() => undefined),
          client.getJwks(true).catch(() => undefined),
        ]);
        if (well.every(Boolean)) break;
        if (Date.now() > deadline) throw new Error('never well again');
        await sleep(50);
      }
    }
  };

  const samples = [];
  const each = Math.ceil(settings.validations / settings.epochs);
  const inOutage = Math.floor(each * AWAY_SHARE);
  const slices = Math.max(1, Math.round(SAMPLES / settings.epochs));
  const epochSeconds = (settings.hours * 3600) / settings.epochs;

  /** The part of an epoch in which the tenant answers. */
  const whileWell = async (epoch) => {
    if (slowly) {
      await trickle(epochSeconds * (1 - AWAY_SHARE - IDLE_SHARE));
      await sleep(epochSeconds * IDLE_SHARE * 1000);
      samples.push(await sample());
      return;
    }
    for (let slice = 0; slice < slices; slice += 1) {
      await run(Math.ceil((each - inOutage) / slices));
      if ((epoch * slices + slice) % Math.ceil((settings.epochs * slices) / SAMPLES) === 0) {
        samples.push(await sample());
      }
    }
  };

  /** The part of an epoch in which the tenant fails. */
  const whileAway = () => {
    if (slowly) return trickle(epochSeconds * AWAY_SHARE);
    // With a silent tenant, concurrent requests time out together.
    return run(away === 'silent' ? Math.min(inOutage, AT_ONCE) : inOutage);
  };

  const begun = process.hrtime.bigint();
  for (let epoch = 0; epoch < settings.epochs; epoch += 1) {
    await turnOver();
    await whileWell(epoch);
    away = OUTAGES[epoch % OUTAGES.length];
    await tenant.command('outage', { kind: away });
    await whileAway();
    await tenant.command('outage', { kind: 'none' });
    away = 'none';
    await untilWell();
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;

  const refusing = await refuse(settings.refusals, tenant, options, pool, random);
  tenant.close();
  return { verdicts, seconds, held: judge(samples), refusing };
}

/** A guarded API that receives only bad tokens. */
async function refuse(count, tenant, options, pool, random) {
  const { protectApi } = require('../../js/express/index.js');
  const app = require('express')();
  app.get('/', protectApi(options)({ scopes: [tenant.scope] }), (_, response) => response.json({}));
  const server = http.createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const next = mixer(random);
  const bad = () => {
    for (;;) {
      const { kind, token } = next(pool);
      if (!['good', 'opaque', 'inactive', 'unscoped'].includes(kind)) {
        if (!token.includes('\u0000')) return token;
      }
    }
  };
  const samples = [];
  const statuses = {};
  const begun = process.hrtime.bigint();
  const rounds = 30;
  for (let round = 0; round < rounds; round += 1) {
    const tokens = Array.from({ length: 500 }, bad);
    const requests = Math.ceil(count / rounds);
    const { port } = server.address();
    const counted = await tenant.command('refuseMe', { port, requests, tokens });
    for (const [status, number] of Object.entries(counted)) {
      statuses[status] = (statuses[status] ?? 0) + number;
    }
    samples.push(await sample());
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  server.close();
  server.closeAllConnections?.();
  return { statuses, seconds, held: judge(samples) };
}

/** The faults of a run, as text. */
function faultsOf({ verdicts, held, refusing }, { slack }) {
  const faults = verdicts.examples.map((example) => JSON.stringify(example));
  for (const [where, windows] of [
    ['validating', held],
    ['refusing', refusing.held],
  ]) {
    for (const [name, [, before, after]] of Object.entries(windows)) {
      const memory = name === 'rss' || name === 'heap';
      // The numbers of kept sockets and pool threads vary a little.
      const most = memory ? before * (1 + MIB_SHARE) + slack : before + 4;
      if (after > most) faults.push(`${where}: ${name} grew from ${before} to ${after}`);
    }
  }
  const others = Object.keys(refusing.statuses).filter((status) => status !== '401');
  if (others.length > 0) faults.push(`answers to bad tokens: ${JSON.stringify(refusing.statuses)}`);
  return faults;
}

function print({ verdicts, seconds, held, refusing }, faults, { seed }) {
  const { inputs, acceptedWrongly, refusedWrongly, undocumented } = verdicts.counts;
  const rate = Math.round(inputs / seconds);
  const refused = Object.values(refusing.statuses).reduce((a, b) => a + b, 0);
  console.log(`seed ${seed}: ${inputs} validations in ${seconds.toFixed(0)} s (${rate} a second)`);
  console.table({ acceptedWrongly, refusedWrongly, undocumentedErrors: undocumented });
  console.table(verdicts.kinds);
  console.log(`${refused} refusals over HTTP in ${refusing.seconds.toFixed(0)} s:`);
  console.table(refusing.statuses);
  const show = (windows) =>
    Object.fromEntries(
      Object.entries(windows).map(([name, [warmUp, before, after]]) => [
        name,
        { 'warm-up': round(warmUp), 'second third': round(before), 'last third': round(after) },
      ]),
    );
  console.log('Held while validating, and while refusing (MiB, or a number):');
  console.table(show(held));
  console.table(show(refusing.held));
  console.log(faults.length === 0 ? 'All as it must be.' : faults.join('\n'));
}

const round = (value) => Math.round(value * 10) / 10;

async function main(args) {
  if (globalThis.gc === undefined) {
    prepare();
    const node = [...process.execArgv, '--expose-gc', __filename, ...args];
    return spawnSync(process.execPath, node, { stdio: 'inherit' }).status ?? 1;
  }
  const settings = readArguments(args);
  const result = await soak(settings);
  const faults = faultsOf(result, settings);
  if (settings.json) {
    const { verdicts, refusing, held, seconds } = result;
    const { counts } = verdicts;
    console.log(JSON.stringify({ counts, refusing, held, seconds, faults, seed: settings.seed }));
  } else {
    print(result, faults, settings);
  }
  return faults.length === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
