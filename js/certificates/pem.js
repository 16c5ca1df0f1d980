'use strict';

// Certificates as text. Here only the wrapping is looked at; whether the bytes are a certificate says
// the core (src/token/binding.rs).

// Captured when the module is loaded, because a program can replace the globals later.
const { Buffer } = require('node:buffer');
const decodePercents = decodeURIComponent;

/** No certificate came with the request. */
const NONE = '';

/** Something came that is no certificate. The core refuses it as such, where one is needed at all. */
const MALFORMED = 'malformed';

/** The longest text that is looked at, in characters: a chain of several certificates fits. */
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
 * Base64 of DER as PEM. Node.js skips what is no base64, so what it has read is compared.
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
 * The certificate of a PEM text, whose line ends may have become spaces. There has to be exactly one,
 * and nothing besides: two headers that something has joined are no chain.
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
 * What is between the delimiters, for each certificate; `undefined` where there is anything else.
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
 * The same for a text that was percent-encoded.
 * @param {string} text
 */
function pemOfEscapedPem(text) {
  const pem = unescaped(text);
  return pem === undefined ? MALFORMED : pemOfPem(pem);
}

/**
 * The first certificate of a percent-encoded text that may have more of them.
 * @param {string} text
 */
function pemOfChain(text) {
  const pem = unescaped(text);
  const blocks = pem === undefined ? undefined : blocksOf(pem);
  return blocks === undefined ? MALFORMED : pemOfBlock(blocks[0]);
}

/**
 * `undefined` where a text is not percent-encoded UTF-8. `+` is itself: this is no form.
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
