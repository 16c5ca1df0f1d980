'use strict';

// The process of one contender.

const { serve } = require('../support/child.js');
const { copies, readPool } = require('../support/tokens.js');
const { contenders } = require('./contenders.js');

/** The most bytes in copies of one token, so that memory does not dominate the time. */
const COPIES_BYTES = 8 << 20;
const CALIBRATION = 128;

const NOTHING = { create: async () => ({ verify: async () => {} }) };

let subject;
let pool = [];

/** Microseconds per call: wall clock, and processor time of all threads. */
async function time(inputs, inFlight) {
  const verify = (inFlight > 1 && subject.many) || subject.verify;
  // Moves the prepared inputs out of the young generation, so that later collections skip them.
  global.gc({ type: 'minor' });
  global.gc({ type: 'minor' });
  let next = 0;
  const runner = async () => {
    while (next < inputs.length) await verify(inputs[next++]);
  };
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  if (inFlight === 1) await runner();
  else await Promise.all(Array.from({ length: inFlight }, runner));
  const took = Number(process.hrtime.bigint() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { wall: took / inputs.length, cpu: (user + system) / inputs.length };
}

const prepared = (tokens) => (subject.prepare ? tokens.map(subject.prepare) : tokens);

serve({
  /** Fails unless the contender accepts the good token and refuses the bad ones. */
  async create(name, terms, good, bad) {
    subject = await (contenders[name] ?? NOTHING).create(terms);
    if (good === undefined) return;
    const verify = async (token) => {
      for (const way of [subject.verify, subject.many ?? subject.verify]) {
        await way(prepared([token])[0]);
      }
    };
    await verify(good);
    for (const [what, token] of Object.entries(bad)) {
      const taken = await verify(token).then(
        () => true,
        () => false,
      );
      if (taken) throw new Error(`${name} takes a token with ${what}`);
    }
  },

  load(file) {
    pool = readPool(file);
  },

  /** The number of calls with a seen token that take about `ms`. */
  async calibrate(token, ms, inFlight) {
    for (let warm = 0; warm < 3; warm += 1) {
      await time(prepared(copies(token, CALIBRATION)), inFlight);
    }
    const { wall } = await time(prepared(copies(token, CALIBRATION)), inFlight);
    const most = Math.floor(COPIES_BYTES / token.length);
    return Math.max(CALIBRATION, Math.min(most, Math.round((ms * 1000) / wall)));
  },

  seen: (token, count, inFlight) => time(prepared(copies(token, count)), inFlight),

  unseen: (from, count, inFlight) => time(prepared(pool.slice(from, from + count)), inFlight),
});
