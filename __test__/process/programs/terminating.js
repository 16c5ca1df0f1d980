'use strict';

// Workers that are terminated amid their work, while this thread validates.

const fs = require('node:fs');
const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');
const { randomOf } = require('../../support/random.js');

const TERMINATED = path.join(__dirname, 'terminated.js');

module.exports = async ({ input, say }) => {
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const count = (directory) => {
    try {
      return fs.readdirSync(directory).length;
    } catch {
      return 0;
    }
  };
  const held = () => ({ threads: count('/proc/self/task'), descriptors: count('/proc/self/fd') });
  const { next: random } = randomOf(input.seed);

  const client = new MonoCloudBackendNodeClient({ ...input.options, jwksCacheDuration: 0.05 });
  const judged = { validations: 0, acceptedWrongly: 0, refusedWrongly: 0 };
  const judge = async () => {
    for (const token of [...input.good, 'opaque']) {
      judged.validations += 1;
      await client.validateAccessToken(token).catch(() => {
        judged.refusedWrongly += 1;
      });
    }
    for (const token of input.bad) {
      judged.validations += 1;
      await client.validateAccessToken(token).then(
        () => {
          judged.acceptedWrongly += 1;
        },
        () => {},
      );
    }
  };
  await judge();

  const codes = {};
  const failures = [];
  let left = input.terminations;
  const slot = async () => {
    while (left > 0) {
      left -= 1;
      const worker = new Worker(TERMINATED, { workerData: input });
      worker.on('error', (error) => failures.push(String(error.stack)));
      const exit = once(worker, 'exit');
      // Before it has begun, while it loads the addon, and amid its work.
      await pause(random() * input.longest);
      await worker.terminate();
      const [code] = await exit;
      codes[code] = (codes[code] ?? 0) + 1;
    }
  };
  const round = async (terminations) => {
    left = terminations;
    let busy = true;
    const judging = (async () => {
      while (busy) {
        await judge();
        await pause(5);
      }
    })();
    await Promise.all(Array.from({ length: input.atATime }, slot));
    busy = false;
    await judging;
  };
  const settled = async (before) => {
    for (const deadline = Date.now() + 20_000; ; await pause(50)) {
      globalThis.gc();
      const now = held();
      const back = now.threads <= before.threads && now.descriptors <= before.descriptors;
      if (back || Date.now() > deadline) return { ...now, rss: process.memoryUsage.rss() };
    }
  };

  const third = Math.ceil(input.terminations / 3);
  await round(third);
  // What a first worker leaves behind for good, a thread pool say, is there by now. Sockets of the
  // validations here are kept for a while: leave room for the two tenants'.
  const first = await settled({ threads: Infinity, descriptors: Infinity });
  // One of a pool's may come late, too. How many sockets are kept depends on how many requests were under
  // way at once, and that on what else the machine does; what is leaked, on how many were terminated.
  const sockets = Math.floor((input.terminations - third) / 3);
  const before = { threads: held().threads + 4, descriptors: first.descriptors + sockets };
  await round(input.terminations - third);
  const last = await settled(before);
  await judge();
  say({ first, last, before, codes, failures, judged });
};
