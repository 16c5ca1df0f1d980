'use strict';

// Key pairs that are safe to export. In Node.js 20 a pair shares a lock with the job that has made it,
// which the garbage collector takes to free the job: if it comes by while a key is written as JWK, under
// the same lock, the process stands still for good. Keys that were read from bytes share no lock.

const crypto = require('node:crypto');
const { promisify } = require('node:util');

const generateKeyPair = promisify(crypto.generateKeyPair);

const AS_BYTES = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
};

const read = ({ publicKey, privateKey }) => ({
  publicKey: crypto.createPublicKey({ key: publicKey, ...AS_BYTES.publicKeyEncoding }),
  privateKey: crypto.createPrivateKey({ key: privateKey, ...AS_BYTES.privateKeyEncoding }),
});

/** As `crypto.generateKeyPair`, as a promise. */
async function makePair(type, options) {
  return read(await generateKeyPair(type, { ...options, ...AS_BYTES }));
}

/** As `crypto.generateKeyPairSync`. */
function makePairSync(type, options) {
  return read(crypto.generateKeyPairSync(type, { ...options, ...AS_BYTES }));
}

module.exports = { makePair, makePairSync };
