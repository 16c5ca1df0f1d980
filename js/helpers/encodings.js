'use strict';

// Bytes and text, base64 and base64url.

const { Buffer } = require('node:buffer');
const { MonoCloudValidationError } = require('../errors.js');

/** @param {string} text */
function stringToArrayBuffer(text) {
  return new TextEncoder().encode(text);
}

/** @param {ArrayBuffer | Uint8Array} buffer */
function arrayBufferToString(buffer) {
  return new TextDecoder().decode(buffer);
}

/** @param {string} text */
function encodeBase64(text) {
  return Buffer.from(text).toString('base64');
}

/**
 * An `ArrayBuffer`, or a view of one.
 * @param {Uint8Array | ArrayBuffer} input
 */
function encodeBase64Url(input) {
  const bytes = ArrayBuffer.isView(input)
    ? Buffer.from(input.buffer, input.byteOffset, input.byteLength)
    : Buffer.from(input);
  return bytes.toString('base64url');
}

/** @param {string} input */
function decodeBase64Url(input) {
  try {
    return atob(fromB64Url(input.replace(/\s/g, '')));
  } catch {
    throw new MonoCloudValidationError('"input" must be base64url');
  }
}

/**
 * Strict: no padding, no white space, and unused bits are zero, so that each byte array has one encoding.
 * @param {string} input
 */
function decodeBase64UrlBytes(input) {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'base64url') : undefined;
  if (bytes === undefined || bytes.toString('base64url') !== input) {
    throw new MonoCloudValidationError('"input" must be base64url without padding');
  }
  // A copy: a Buffer may be a view of a shared memory pool.
  return new Uint8Array(bytes);
}

/** @param {string} input */
function decodeBase64UrlUtf8(input) {
  const bytes = decodeBase64UrlBytes(input);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MonoCloudValidationError('"input" must be base64url of UTF-8');
  }
}

/** @param {string} base64 */
function toB64Url(base64) {
  // A loop, because the time of `/=+$/` is quadratic in the length of a run of `=`.
  let end = base64.length;
  while (base64[end - 1] === '=') end -= 1;
  return base64.slice(0, end).replaceAll('+', '-').replaceAll('/', '_');
}

/** @param {string} base64url */
function fromB64Url(base64url) {
  const padding = '='.repeat((4 - (base64url.length % 4)) % 4);
  return base64url.replaceAll('-', '+').replaceAll('_', '/') + padding;
}

module.exports = {
  arrayBufferToString,
  decodeBase64Url,
  decodeBase64UrlBytes,
  decodeBase64UrlUtf8,
  encodeBase64,
  encodeBase64Url,
  fromB64Url,
  stringToArrayBuffer,
  toB64Url,
};
