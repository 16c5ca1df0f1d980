'use strict';

// The process of the load: it makes the proofs of a round, and then sends each once over a few connections.

const { createHash, randomUUID } = require('node:crypto');
const net = require('node:net');
const { once } = require('node:events');
const { makeKey, sign } = require('../../__test__/support/tokens.js');
const { serve } = require('../support/child.js');
const { quantile } = require('../support/stats.js');

const CONNECTIONS = 16;
const DEADLINE_MS = 60_000;

const holder = makeKey('ES256');
const { kty, crv, x, y } = holder.jwk;
const jwk = { kty, crv, x, y };

/** A proof by this process's key. */
function proofOf(token, url) {
  const ath = createHash('sha256').update(token).digest('base64url');
  const iat = Math.floor(Date.now() / 1000);
  return sign(holder, {
    header: { typ: 'dpop+jwt', alg: 'ES256', jwk, kid: undefined },
    claims: { jti: randomUUID(), htm: 'GET', htu: url, iat, ath },
  });
}

/** One connection, which sends a request when the last one was answered; tells how long each took. */
async function connection(port, next, times) {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('no answer')));
  await once(socket, 'connect');
  try {
    for (let request = next(); request !== undefined; request = next()) {
      const begun = process.hrtime.bigint();
      socket.write(request);
      let answer = '';
      while (!isWhole(answer)) answer += (await once(socket, 'data'))[0].toString('latin1');
      times.push(Number(process.hrtime.bigint() - begun) / 1000);
      if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(answer.slice(0, 400));
    }
  } finally {
    socket.destroy();
  }
}

/** Whether a response is there to its end. */
function isWhole(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /content-length: (\d+)/i.exec(text)?.[1] ?? 0;
  return text.length >= end + 4 + Number(length);
}

let requests = [];

serve({
  jkt: () => createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url'),

  point: () =>
    Buffer.concat([
      Buffer.from([4]),
      ...[x, y].map((part) => Buffer.from(part, 'base64url')),
    ]).toString('base64url'),

  proofs: (token, url, count) => Array.from({ length: count }, () => proofOf(token, url)),

  prepare(token, port, count) {
    const host = `127.0.0.1:${port}`;
    requests = Array.from(
      { length: count },
      () =>
        `GET / HTTP/1.1\r\nHost: ${host}\r\nAuthorization: DPoP ${token}\r\nDPoP: ${proofOf(token, `http://${host}/`)}\r\n\r\n`,
    );
  },

  /** Sends what was prepared. Latencies in microseconds. */
  async send(port) {
    const times = [];
    const start = process.hrtime.bigint();
    const next = () => requests.pop();
    await Promise.all(Array.from({ length: CONNECTIONS }, () => connection(port, next, times)));
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    return {
      rate: times.length / seconds,
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
    };
  },
});
