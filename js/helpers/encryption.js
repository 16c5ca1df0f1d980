'use strict';

// Encryption of text with a secret, in the format of the vendor's packages:
//
//   base64url( salt, 16 bytes ‖ IV, 12 bytes ‖ AES-256-GCM ciphertext ‖ tag, 16 bytes )
//
// The key is derived with PBKDF2-SHA-256. One program may write a session cookie with the vendor's package and
// another read it with this one, or the reverse, so the format has no version and no iteration count:
// decryption tries 310,000 iterations, then 100,000. Text of the wrong form is refused without a derivation.
// The derivation runs on libuv's threads.

const { Buffer } = require('node:buffer');
const { webcrypto } = require('node:crypto');
const { MonoCloudValidationError } = require('../errors.js');

const { subtle } = webcrypto;

/** Iterations for encryption and decryption, then those for decryption only. */
const ITERATIONS = [310_000, 100_000];

const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MIN_BYTES = SALT_BYTES + IV_BYTES + TAG_BYTES;

/** Much more than a cookie or a session store holds. */
const MAX_TEXT_BYTES = 1_048_576;
const MAX_ENCRYPTED_LENGTH = 4 * Math.ceil((MIN_BYTES + MAX_TEXT_BYTES) / 3);

/**
 * @param {string} data
 * @param {string} secret
 */
async function encrypt(data, secret) {
  requireSecret(secret);
  if (typeof data !== 'string') throw new MonoCloudValidationError('"data" must be a string');
  // UTF-8 has at least one byte for each UTF-16 code unit.
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
  // A missing secret is a mistake in the program: it throws. A bad cookie gives `undefined`.
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
    // A byte order mark is part of the text.
    if (text !== undefined) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
  }
  return undefined;
}

/**
 * The bytes of a text of the right form: base64 or base64url, with or without padding.
 * @param {unknown} encrypted
 */
function decode(encrypted) {
  if (typeof encrypted !== 'string' || encrypted.length > MAX_ENCRYPTED_LENGTH) return undefined;
  const [, digits] = /^([A-Za-z0-9+/_-]+)={0,2}$/.exec(encrypted) ?? [];
  if (digits === undefined || digits.length % 4 === 1) return undefined;
  const bytes = Buffer.from(digits, 'base64url');
  return bytes.length < MIN_BYTES ? undefined : bytes;
}

/**
 * The decrypted bytes; `undefined` where the GCM tag does not match.
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
