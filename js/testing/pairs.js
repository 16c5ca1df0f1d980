'use strict';

// Key pairs that are safe to export. In Node.js 20 a generated pair shares a lock with its generation job. The
// garbage collector takes the lock to free the job; if it runs while a key is exported as JWK, which holds the
// lock, the process deadlocks. Keys that are imported from DER have no such lock.

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

/** `crypto.generateKeyPair` as a promise. */
async function makePair(type, options) {
  return read(await generateKeyPair(type, { ...options, ...AS_BYTES }));
}

/** `crypto.generateKeyPairSync`. */
function makePairSync(type, options) {
  return read(crypto.generateKeyPairSync(type, { ...options, ...AS_BYTES }));
}

module.exports = { makePair, makePairSync };
