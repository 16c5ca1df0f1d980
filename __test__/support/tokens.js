'use strict';

// Tokens made by hand, byte by byte where a test wants it: a small signer over node:crypto that never
// refuses anything, and a clock to set.

const crypto = require('node:crypto');
const http = require('node:http');
const { once } = require('node:events');

const { makePairSync } = require('../../js/testing/pairs.js');
const RSA_2048 = require('../fixtures/rsa-2048.json');
const { ALGORITHMS } = require('./algorithms.js');

/** RSA pairs of 2048 bits that are there already: to make one takes 0.2 s of a core. */
const ready = RSA_2048.map((jwk) => () => ({
  privateKey: crypto.createPrivateKey({ key: jwk, format: 'jwk' }),
  publicKey: crypto.createPublicKey({ key: jwk, format: 'jwk' }),
}));

/** A pair of keys that can sign with `alg`, and that nothing else in this process has. */
function makePair(alg, { modulusLength = 2048, publicExponent } = {}) {
  const { type, options } = ALGORITHMS[alg];
  const usual = type === 'rsa' && modulusLength === 2048 && publicExponent === undefined;
  const pair = usual ? ready.shift()?.() : undefined;
  return pair ?? makePairSync(type, { ...options, modulusLength, publicExponent });
}

const pairs = new Map();

/**
 * A pair of keys that can sign with `alg`, the same for all algorithms of RSA and for each curve: an RSA pair takes
 * 0.1 s. Another `owner` has others.
 */
function sharedPair(alg, owner = '') {
  const { type, options } = ALGORITHMS[alg];
  const name = [owner, type, options.namedCurve].join();
  if (!pairs.has(name)) pairs.set(name, makePair(alg));
  return pairs.get(name);
}

/**
 * A key: `jwk` is what an issuer publishes of it. `members` are added to that, or replace what is
 * there; `undefined` removes.
 */
function makeKey(alg, { pair = makePair(alg), ...members } = {}) {
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg };
  return { alg, pair, jwk: { ...jwk, ...members } };
}

/** The same key with other members in its JWK. */
const republish = (key, members) => ({ ...key, jwk: { ...key.jwk, ...members } });

/** The public part only, as in a set. */
const setOf = (...keys) => ({ keys: keys.map((key) => key.jwk ?? key) });

const encode = (value) =>
  (Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  ).toString('base64url');

/** The bare signature of some text, by a key and for an algorithm that it need not be meant for. */
function signatureOf(key, input, alg = key.alg) {
  const { digest, how } = ALGORITHMS[alg];
  return crypto.sign(digest, Buffer.from(input), { key: key.pair.privateKey, ...how });
}

/**
 * A token. Header and claims are objects, or the exact text or bytes of them. Of an object's header
 * `alg`, `typ` and `kid` are there unless it says otherwise; `undefined` removes.
 *
 * @param {object} key one of {@link makeKey}
 * @param {object} parts
 * @param {(part: { header: string, payload: string, signature: string }) => object} [parts.spoil]
 *   changes the encoded header and payload before they are signed
 */
function sign(key, { header = {}, claims = {}, alg = key.alg, signature, spoil } = {}) {
  const whole =
    typeof header === 'string' || Buffer.isBuffer(header)
      ? header
      : { alg, typ: 'at+jwt', kid: key.jwk.kid, ...header };
  const parts = { header: encode(whole), payload: encode(claims) };
  Object.assign(parts, spoil?.(parts));
  const input = `${parts.header}.${parts.payload}`;
  return `${input}.${signature ?? encode(signatureOf(key, input, alg))}`;
}

/** A plain HTTP server on loopback that answers as `handler(request, response)` says. */
async function startServer(handler) {
  const server = http.createServer(handler);
  // A test that fails before it closes its server must not hang the run.
  server.on('connection', (socket) => socket.unref());
  server.unref();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.closeAllConnections?.();
      server.close();
      await once(server, 'close');
    },
  };
}

const METADATA = '/.well-known/openid-configuration';

/** Runs `work` with the clock at `seconds` since 1970; it stands still until `work` has settled. */
async function at(seconds, work) {
  const { now } = Date;
  Date.now = () => seconds * 1000;
  try {
    return await work();
  } finally {
    Date.now = now;
  }
}

module.exports = {
  METADATA,
  at,
  encode,
  makeKey,
  makePair,
  republish,
  setOf,
  sharedPair,
  sign,
  signatureOf,
  startServer,
};
