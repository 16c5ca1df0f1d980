'use strict';

// Certificates as text. Here only the wrapping is looked at; whether the bytes are a certificate says
// the core (src/token/binding.rs).

/** No certificate came with the request. */
const NONE = '';

/** Something came that is no certificate. The core refuses it as such, where one is needed at all. */
const MALFORMED = 'malformed';

/** The longest text that is looked at, in characters: a chain of several certificates fits. */
const LONGEST = 64 * 1024;

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

const wrap = (base64) => `${BEGIN}\n${base64}\n${END}\n`;

/** DER bytes as PEM. */
function pemOfDer(der) {
  return wrap(der.toString('base64'));
}

/** Base64 of DER as PEM. Node.js skips what is no base64, so what it has read is compared. */
function pemOfBase64(base64) {
  const read = Buffer.from(base64, 'base64').toString('base64');
  return read !== '' && unpadded(read) === unpadded(base64) ? wrap(read) : MALFORMED;
}

function unpadded(base64) {
  if (base64.endsWith('==')) return base64.slice(0, -2);
  return base64.endsWith('=') ? base64.slice(0, -1) : base64;
}

/**
 * The first certificate of a PEM text, whose line ends may have become spaces. There has to be one,
 * or, where the proxy sends a `chain`, any number, and nothing besides: two headers that something has
 * joined are no chain.
 */
function pemOfPem(text, { chain = false } = {}) {
  const blocks = blocksOf(text);
  if (blocks === undefined || (blocks.length > 1 && !chain)) return MALFORMED;
  return pemOfBase64(blocks[0].replace(/[ \t\r\n]+/g, ''));
}

/** What is between the delimiters, for each certificate; `undefined` where there is anything else. */
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

/** The same for a text that was percent-encoded. `+` is itself: this is no form. */
function pemOfEscapedPem(text, options) {
  try {
    return pemOfPem(decodeURIComponent(text), options);
  } catch {
    return MALFORMED;
  }
}

module.exports = { LONGEST, MALFORMED, NONE, pemOfBase64, pemOfDer, pemOfEscapedPem, pemOfPem };
