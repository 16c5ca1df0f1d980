'use strict';

// Replay (RFC 9449 §11.1): many processes with one Redis, and many threads with the memory of their process, are sent
// each proof twice. The first time it passes, the second time it never does, also where both come at once.
//
// `DPOP_PROOFS=1000000 node --test __test__/dpop/replay.test.js` sends a million; `npm test` some thousands.

const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { noRedis, replayLibraries, startRedis } = require('../support/redis.js');
const { holderOf, publicJwk, seconds, startBinder } = require('./support.js');

const PROOFS = Number(process.env.DPOP_PROOFS ?? 2_000);
const MANY = 8;
/** Proofs of one moment: all are sent twice before they are too old. */
const CHUNK = Math.min(20_000, PROOFS / 2);
const MAX_AGE = 30;
const TIMEOUT_MS = 3_600_000;
const PROGRAM = path.join(__dirname, 'programs', 'replayer.js');

const holder = holderOf('EdDSA');
let issuer;
before(async () => {
  issuer = await startBinder();
});
after(() => issuer?.close());

/** Eight replayers, each with `send(message)` and its answer. */
async function startAll(start) {
  return Promise.all(
    Array.from({ length: MANY }, async () => {
      const { emitter, post, end } = start();
      const next = async () => {
        const [message] = await once(emitter, 'message');
        if (message.error !== undefined) throw new Error(message.error);
        return message;
      };
      assert.deepEqual(await next(), { ready: true });
      return {
        async send(message) {
          post(message);
          return (await next()).letters;
        },
        end,
      };
    }),
  );
}

const dataWith = (more) => ({
  options: issuer.options,
  token: issuer.boundTo(holder, { exp: seconds() + TIMEOUT_MS / 1000 }),
  key: holder.pair.privateKey.export({ format: 'jwk' }),
  jwk: publicJwk(holder),
  maxAge: MAX_AGE,
  ...more,
});

const threads = () => {
  const data = dataWith();
  return startAll(() => {
    const worker = new Worker(PROGRAM, { workerData: data });
    return {
      emitter: worker,
      post: (message) => worker.postMessage(message),
      async end() {
        worker.postMessage('end');
        await once(worker, 'exit');
      },
    };
  });
};

const processes = (redis) => {
  const data = dataWith({ redis });
  return startAll(() => {
    const child = fork(PROGRAM, { stdio: 'inherit' });
    child.send(data);
    return {
      emitter: child,
      post: (message) => child.send(message),
      async end() {
        child.send('end');
        await once(child, 'exit');
      },
    };
  });
};

/** Sends every proof of a chunk once and then, by another replayer, once more. */
async function sendTwice(replayers, from) {
  const issuedAt = seconds();
  const share = Math.ceil(CHUNK / MANY);
  const sendAll = async (shift) => {
    const answers = Array.from({ length: MANY }, (_, i) => {
      const message = { from: from + i * share, to: from + (i + 1) * share, issuedAt };
      return replayers[(i + shift) % MANY].send(message);
    });
    return (await Promise.all(answers)).join('');
  };
  return [await sendAll(0), await sendAll(3)];
}

/** The same share to two of them at the same moment. */
async function sendAtOnce(replayers, from) {
  const issuedAt = seconds();
  const share = Math.ceil(CHUNK / (MANY / 2));
  const answers = await Promise.all(
    replayers.map((replayer, i) => {
      const half = i % (MANY / 2);
      return replayer.send({ from: from + half * share, to: from + (half + 1) * share, issuedAt });
    }),
  );
  return [answers.slice(0, MANY / 2).join(''), answers.slice(MANY / 2).join('')];
}

async function sendEverything(replayers) {
  let sent = 0;
  for (let chunk = 0; sent < PROOFS; chunk += 1) {
    const atOnce = chunk % 2 === 1;
    const [first, second] = atOnce
      ? await sendAtOnce(replayers, sent)
      : await sendTwice(replayers, sent);
    if (!atOnce) {
      assert.match(first, /^p+$/, 'the first time a proof passes');
      assert.match(second, /^r+$/, 'the second time it does not');
    }
    assert.equal(first.length, second.length);
    for (let i = 0; i < first.length; i += 1) {
      assert.notEqual(first[i], second[i], `proof ${sent + i} passed twice, or never`);
    }
    sent += first.length;
  }
  return sent;
}

async function judge(replayers) {
  try {
    assert.ok((await sendEverything(replayers)) >= PROOFS);
  } finally {
    await Promise.all(replayers.map(({ end }) => end()));
  }
}

describe(`${PROOFS} proofs, each sent twice`, { timeout: TIMEOUT_MS }, () => {
  it(`to ${MANY} threads of a process`, async () => {
    await judge(await threads());
  });

  // The other libraries: __test__/redis/replay-store.test.js.
  const library = replayLibraries.at(-1);
  it(`to ${MANY} processes with one Redis`, { skip: noRedis }, async (t) => {
    const { port, url, close } = await startRedis();
    t.after(close);
    await judge(await processes({ library: library.name, server: { port, url } }));
  });
});
