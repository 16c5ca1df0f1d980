'use strict';

// One of several processes, or threads of one, that send the same proofs. Both sides of a proof are made here: Ed25519
// signs without randomness, so that the same number and moment give the same bytes wherever they are signed.
//
// A message is `{ from, to, issuedAt }`; the answer is one letter a number: `p` passed, `r` was refused as a replay.

const { createPrivateKey } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createRedisReplayStore } = require('@monocloud/backend-node/redis');
const { replayLibraries } = require('../../support/redis.js');
const { METHOD, TARGET, proofOf } = require('../support.js');

const AT_ONCE = 16;

async function main({ options, token, key, jwk, redis, maxAge }, channel) {
  const holder = {
    alg: 'EdDSA',
    jwk,
    pair: { privateKey: createPrivateKey({ key, format: 'jwk' }) },
  };
  let close = async () => {};
  const dpop = { mode: 'required', maxAge };
  if (redis !== undefined) {
    const library = replayLibraries.find(({ name }) => name === redis.library);
    const connected = await library.connect(redis.server);
    dpop.replayStore = createRedisReplayStore(connected.client);
    close = connected.close;
  }
  const client = new MonoCloudBackendNodeClient({ ...options, dpop });

  async function letterOf(number, issuedAt) {
    const claims = { jti: `${issuedAt} ${number}`, iat: issuedAt };
    const request = { proof: proofOf(holder, token, { claims }), method: METHOD, url: TARGET };
    try {
      await client.validateAccessToken(token, { dpop: request });
      return 'p';
    } catch (error) {
      if (error.reason === 'dpop_proof_replayed') return 'r';
      throw error;
    }
  }

  async function send({ from, to, issuedAt }) {
    const letters = [];
    let next = from;
    const sender = async () => {
      while (next < to) {
        const number = next;
        next += 1;
        letters[number - from] = await letterOf(number, issuedAt);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
    return letters.join('');
  }

  channel.on('message', async (message) => {
    if (message === 'end') {
      await close();
      channel.end();
      return;
    }
    try {
      channel.send({ letters: await send(message) });
    } catch (error) {
      channel.send({ error: String(error.stack) });
    }
  });
  channel.send({ ready: true });
}

if (parentPort === null) {
  process.once('message', (data) =>
    main(data, {
      on: (_name, listener) => process.on('message', listener),
      send: (message) => process.send(message),
      end: () => process.disconnect(),
    }),
  );
} else {
  main(workerData, {
    on: (_name, listener) => parentPort.on('message', listener),
    send: (message) => parentPort.postMessage(message),
    end: () => parentPort.close(),
  });
}
