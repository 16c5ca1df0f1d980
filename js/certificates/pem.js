'use strict';

// PEM and its encodings in headers. Only the encoding is checked here; the core (src/token/binding.rs) parses
// the certificate.

// Captured when the module is loaded, because a program can replace the globals later.
const { Buffer } = require('node:buffer');
const decodePercents = decodeURIComponent;

/** The request has no certificate. */
const NONE = '';

/** Text that is no certificate. The core refuses it where a certificate is needed. */
const MALFORMED = 'malformed';

/** The longest text that is read, in characters. A chain of several certificates fits. */
const LONGEST = 64 * 1024;

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** @param {string} base64 */
const wrap = (base64) => `${BEGIN}\n${base64}\n${END}\n`;

/**
 * DER bytes as PEM.
 * @param {Buffer} der
 */
function pemOfDer(der) {
  return wrap(der.toString('base64'));
}

/**
 * Base64 of DER as PEM. Node.js skips invalid characters, so the decoded bytes are encoded and compared.
 * @param {string} base64
 */
function pemOfBase64(base64) {
  const read = Buffer.from(base64, 'base64').toString('base64');
  return read !== '' && unpadded(read) === unpadded(base64) ? wrap(read) : MALFORMED;
}

/** @param {string} base64 */
function unpadded(base64) {
  if (base64.endsWith('==')) return base64.slice(0, -2);
  return base64.endsWith('=') ? base64.slice(0, -1) : base64;
}

/**
 * The certificate of a PEM text, in which spaces may have replaced line ends. The text must be exactly one
 * certificate: several may be several headers that were joined.
 * @param {string} text
 */
function pemOfPem(text) {
  const blocks = blocksOf(text);
  return blocks?.length === 1 ? pemOfBlock(blocks[0]) : MALFORMED;
}

/** @param {string} block */
function pemOfBlock(block) {
  return pemOfBase64(block.replace(/[ \t\r\n]+/g, ''));
}

/**
 * The base64 of each certificate; `undefined` where the text has anything but certificates.
 * @param {string} text
 */
function blocksOf(text) {
  const blocks = [];
  let rest = text.trim();
  do {
    const end = rest.indexOf(END);
    if (!rest.startsWith(BEGIN) || end < 0) return undefined;
    blocks.push(rest.slice(BEGIN.length, end));
    rest = rest.slice(end + END.length).trimStart();
  } while (rest !== '');
  return blocks;
}

/**
 * The certificate of a percent-encoded PEM text.
 * @param {string} text
 */
function pemOfEscapedPem(text) {
  const pem = unescaped(text);
  return pem === undefined ? MALFORMED : pemOfPem(pem);
}

/**
 * The first certificate of a percent-encoded chain.
 * @param {string} text
 */
function pemOfChain(text) {
  const pem = unescaped(text);
  const blocks = pem === undefined ? undefined : blocksOf(pem);
  return blocks === undefined ? MALFORMED : pemOfBlock(blocks[0]);
}

/**
 * Decodes percent-encoded UTF-8; `undefined` where that fails. `+` is a plus sign, as in a URI.
 * @param {string} text
 */
function unescaped(text) {
  try {
    return decodePercents(text);
  } catch {
    return undefined;
  }
}

module.exports = {
  LONGEST,
  MALFORMED,
  NONE,
  pemOfBase64,
  pemOfChain,
  pemOfDer,
  pemOfEscapedPem,
  pemOfPem,
};
