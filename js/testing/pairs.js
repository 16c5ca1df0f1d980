'use strict';

// Key pairs that are safe to export. In Node.js 20 a pair shares a lock with the job that has made it,
// which the garbage collector takes to free the job: if it comes by while a key is written as JWK, under
// the same lock, the process stands still for good. Keys that were read from bytes share no lock.

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
 * As `crypto.generateKeyPair`, as a promise.
 * @param {string} type
 * @param {object} options
 */
async function makePair(type, options) {
  return read(await generateKeyPair(type, { ...options, ...AS_BYTES }));
}

/**
 * As `crypto.generateKeyPairSync`.
 * @param {string} type
 * @param {object} options
 */
function makePairSync(type, options) {
  return read(generateKeyPairSync(type, { ...options, ...AS_BYTES }));
}

module.exports = { makePair, makePairSync };
