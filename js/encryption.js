'use strict';

// Text under a secret, as the vendor's packages write and read it:
//
//   base64url( salt, 16 bytes ‖ IV, 12 bytes ‖ AES-256-GCM ciphertext ‖ its tag, 16 bytes )
//
// with a key from PBKDF2-SHA-256. A session cookie is often written by one program and read by another,
// of which one may still be on the vendor's package, so the layout stays theirs to the byte, in both
// directions: a version in front would be the end of theirs. Nothing in the bytes says how many iterations the key took,
// then, and a text that doesn't open with 310,000 is tried with 100,000 before it is given up. For
// rubbish that is a third more work, not double; what can't be anything is told without any. The work is
// done on libuv's threads, never on this one.

const { Buffer } = require('node:buffer');
const { webcrypto } = require('node:crypto');
const { MonoCloudValidationError } = require('./errors.js');

const { subtle } = webcrypto;

/** What is written, then what else is read. */
const ITERATIONS = [310_000, 100_000];

const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const LEAST_BYTES = SALT_BYTES + IV_BYTES + TAG_BYTES;

/** Far more than cookies and stores hold, and little to have in memory. */
const MAX_TEXT_BYTES = 1_048_576;
const MAX_ENCRYPTED_LENGTH = 4 * Math.ceil((LEAST_BYTES + MAX_TEXT_BYTES) / 3);

/**
 * @param {string} data
 * @param {string} secret
 */
async function encrypt(data, secret) {
  requireSecret(secret);
  if (typeof data !== 'string') throw new MonoCloudValidationError('"data" must be a string');
  // No encoding of a string is shorter than the string.
  const text = data.length <= MAX_TEXT_BYTES ? new TextEncoder().encode(data) : undefined;
  if (text === undefined || text.length > MAX_TEXT_BYTES) {
    throw new MonoCloudValidationError(`"data" must have at most ${MAX_TEXT_BYTES} bytes`);
  }
  const salt = webcrypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const iv = webcrypto.getRandomValues(new Uint8Array(IV_BYTES));
  const key = await derive(await importSecret(secret), salt, ITERATIONS[0]);
  const ciphertext = await subtle.encrypt({ name: 'AES-GCM', iv }, key, text);
  return Buffer.concat([salt, iv, new Uint8Array(ciphertext)]).toString('base64url');
}

/**
 * @param {string | null | undefined} encrypted
 * @param {string} secret
 */
async function decrypt(encrypted, secret) {
  // A secret that is missing is a mistake of the program. It must not look like a visitor's bad cookie.
  requireSecret(secret);
  const bytes = decode(encrypted);
  if (bytes === undefined) return undefined;
  const salt = bytes.subarray(0, SALT_BYTES);
  const iv = bytes.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
  const ciphertext = bytes.subarray(SALT_BYTES + IV_BYTES);
  const base = await importSecret(secret);
  for (const iterations of ITERATIONS) {
    const key = await derive(base, salt, iterations);
    const text = await open(key, iv, ciphertext);
    // A BOM is part of the text: what went in comes out.
    if (text !== undefined) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
  }
  return undefined;
}

/**
 * The bytes, if there can be a text in them. Read as `atob` reads: either alphabet, with padding or without.
 * @param {unknown} encrypted
 */
function decode(encrypted) {
  if (typeof encrypted !== 'string' || encrypted.length > MAX_ENCRYPTED_LENGTH) return undefined;
  const [, digits] = /^([A-Za-z0-9+/_-]+)={0,2}$/.exec(encrypted) ?? [];
  if (digits === undefined || digits.length % 4 === 1) return undefined;
  const bytes = Buffer.from(digits, 'base64url');
  return bytes.length < LEAST_BYTES ? undefined : bytes;
}

/**
 * GCM compares the tag in constant time, and gives nothing away before it has.
 * @param {webcrypto.CryptoKey} key
 * @param {Uint8Array} iv
 * @param {Uint8Array} ciphertext
 */
async function open(key, iv, ciphertext) {
  try {
    return await subtle.decrypt({ name: 'AES-GCM', iv }, key, ciphertext);
  } catch {
    return undefined;
  }
}

/** @param {unknown} secret */
function requireSecret(secret) {
  if (typeof secret !== 'string' || secret === '') {
    throw new MonoCloudValidationError('"secret" must be a non-empty string');
  }
}

/** @param {string} secret */
function importSecret(secret) {
  const bytes = new TextEncoder().encode(secret);
  return subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveKey']);
}

/**
 * @param {webcrypto.CryptoKey} base
 * @param {Uint8Array} salt
 * @param {number} iterations
 */
function derive(base, salt, iterations) {
  const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  const use = { name: 'AES-GCM', length: 256 };
  return subtle.deriveKey(algorithm, base, use, false, ['encrypt', 'decrypt']);
}

module.exports = { decrypt, encrypt };
