'use strict';

// Key pairs that are safe to export. In Node.js 20 a generated pair shares a lock with its generation job. The
// garbage collector takes the lock to free the job; if it runs while a key is exported as JWK, which holds the
// lock, the process deadlocks. Keys that are imported from DER have no such lock.

const crypto = require('node:crypto');
const { promisify } = require('node:util');

/**
 * Node.js declares both functions once for each type of keys.
 * @typedef {{ publicKey: Buffer, privateKey: Buffer }} BytesOfPair
 * @typedef {(type: string, options: object) => BytesOfPair} GenerateSync
 * @typedef {(type: string, options: object) => Promise<BytesOfPair>} Generate
 */

const generateKeyPair = /** @type {Generate} */ (
  /** @type {unknown} */ (promisify(crypto.generateKeyPair))
);
const generateKeyPairSync = /** @type {GenerateSync} */ (
  /** @type {unknown} */ (crypto.generateKeyPairSync)
);

/** @typedef {{ publicKey: crypto.KeyObject, privateKey: crypto.KeyObject }} Pair */

const AS_BYTES = /** @type {const} */ ({
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
});

/**
 * @param {{ publicKey: Buffer, privateKey: Buffer }} pair
 * @returns {Pair}
 */
const read = ({ publicKey, privateKey }) => ({
  publicKey: crypto.createPublicKey({ key: publicKey, ...AS_BYTES.publicKeyEncoding }),
  privateKey: crypto.createPrivateKey({ key: privateKey, ...AS_BYTES.privateKeyEncoding }),
});

/**
 * `crypto.generateKeyPair` as a promise.
 * @param {string} type
 * @param {object} options
 */
async function makePair(type, options) {
  return read(await generateKeyPair(type, { ...options, ...AS_BYTES }));
}

/**
 * `crypto.generateKeyPairSync`.
 * @param {string} type
 * @param {object} options
 */
function makePairSync(type, options) {
  return read(generateKeyPairSync(type, { ...options, ...AS_BYTES }));
}

module.exports = { makePair, makePairSync };
