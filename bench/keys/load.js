'use strict';

// The process of one contender in one scenario: an API that gets valid tokens at a constant rate, independent of
// its answers, and in a flood also tokens with unknown `kid`.

const { randomBytes } = require('node:crypto');
const { serve } = require('../support/child.js');
const { contenders } = require('./contenders.js');
const { encode: base64url } = require('../../__test__/support/tokens.js');

/** Milliseconds between two checks of how many tokens are due. */
const TICK = 25;
/** How long to wait for answers after the end, in milliseconds. */
const LONGEST_WAIT = 12_000;

const now = () => Number(process.hrtime.bigint()) / 1e6;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let verify;
let tokens;
let key;
let phase;
let timer;
let under = 0;
const phases = new Map();
const streams = [];

async function create(name, options, signed) {
  verify = await contenders[name].create(options);
  tokens = signed;
}

/** Calls `send` with the time at which each token was due, so that the delays of a busy process count. */
function stream(perSecond, send) {
  const begun = now();
  let sent = 0;
  const step = () => {
    // Computed once for each tick, so that an overloaded process still handles answers between ticks.
    const due = ((now() - begun) * perSecond) / 1000;
    for (; sent < due; sent += 1) send(sent, begun + (sent * 1000) / perSecond);
  };
  streams.push(step);
  timer ??= setInterval(() => {
    for (const each of streams) each();
  }, TICK);
}

async function sendValid(number, due) {
  const tally = phase;
  const mine = tokens[key];
  tally.sent += 1;
  under += 1;
  try {
    await verify(mine[number % mine.length]);
    tally.firstPassMs ??= now() - tally.begun;
    tally.lastPassMs = now() - tally.begun;
  } catch (error) {
    tally.refused += 1;
    const why = `${error.name}: ${error.reason ?? error.code ?? error.message.slice(0, 60)}`;
    tally.why[why] = (tally.why[why] ?? 0) + 1;
  }
  under -= 1;
  tally.longestMs = Math.max(tally.longestMs, now() - due);
}

async function sendUnknown(number) {
  const [, payload, signature] = tokens[key][number % tokens[key].length].split('.');
  const kid = randomBytes(16).toString('hex');
  try {
    await verify(`${base64url({ alg: 'RS256', typ: 'at+jwt', kid })}.${payload}.${signature}`);
    phase.forged += 1;
  } catch {}
}

function enter(name) {
  if (!phases.has(name)) {
    const begun = now();
    phases.set(name, { begun, sent: 0, refused: 0, longestMs: 0, forged: 0, why: {} });
  }
  phase = phases.get(name);
}

serve({
  create,
  enter,
  /** Selects the key of the following tokens. */
  use(index) {
    key = index;
  },
  valid: (perSecond) => stream(perSecond, sendValid),
  flood: (perSecond) => stream(perSecond, sendUnknown),
  async stop() {
    clearInterval(timer);
    for (const end = now() + LONGEST_WAIT; under > 0 && now() < end; ) await sleep(50);
    if (under > 0) {
      phase.refused += under;
      phase.why['no answer'] = under;
    }
    return Object.fromEntries(phases);
  },
  /** Sends tokens at a constant rate, and resolves to `[began, took]` of each, in milliseconds. */
  async measure(perSecond, ms) {
    const samples = [];
    const one = async (number) => {
      const begun = now();
      // The time of a refusal counts, too. Refusals are counted elsewhere.
      await Promise.resolve(verify(tokens[0][number % tokens[0].length])).catch(() => {});
      samples.push([begun, now() - begun]);
    };
    const first = now();
    for (let sent = 0; now() < first + ms; await sleep(1)) {
      // One at a time, so that no token waits for another. Tokens that are late are left out.
      const due = ((now() - first) * perSecond) / 1000;
      if (sent < due) void one(sent);
      sent = Math.max(sent + (sent < due), Math.floor(due));
    }
    await sleep(300);
    return samples;
  },
});
