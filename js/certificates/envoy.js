'use strict';

// Envoy's `x-forwarded-client-cert`:
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert
//
//   element *( "," element ), each of them key "=" value *( ";" key "=" value )
//
// Each proxy appends an element. The last element is from the handshake of the nearest proxy. The elements
// before it came with its request (APPEND_FORWARD), which anybody can send. Only the last element is used.
//
// Envoy writes the names in a certificate, `URI` and `DNS`, as they are there: a certificate for the URI
// `x,Cert="…"` adds an element, and so does one for `"x",Cert="…"`, which looks quoted. A header with `Cert` or
// `Chain` after such a name, or after an unknown key, is refused: Envoy writes them before `URI` and `DNS`.
// `Subject` may come before them, as Envoy quotes and escapes it.

const { MALFORMED, NONE, pemOfChain, pemOfEscapedPem } = require('./pem.js');

const QUOTE = '"';

/**
 * The certificate of the last element; none where that element has neither `Cert` nor `Chain`.
 * @param {string} header
 */
function pemOfXfcc(header) {
  let cert;
  let chain;
  let named = false;
  for (let at = 0; at < header.length; ) {
    const pair = readPair(header, at);
    if (pair === undefined) return MALFORMED;
    const { key, value, end } = pair;
    switch (key) {
      case 'cert':
        if (named || cert !== undefined) return MALFORMED;
        cert = value;
        break;
      case 'chain':
        if (named || chain !== undefined) return MALFORMED;
        chain = value;
        break;
      case 'by':
      case 'hash':
      case 'subject':
        break;
      default:
        named = true;
    }
    if (header[end] === ',') {
      cert = undefined;
      chain = undefined;
    }
    at = end + 1;
    // A separator at the end.
    if (at === header.length) return MALFORMED;
  }
  if (cert !== undefined) return pemOfEscapedPem(cert);
  return chain === undefined ? NONE : pemOfChain(chain);
}

/**
 * The pair that starts at `start`; `end` is where its separator is, or the header's end.
 * @param {string} header
 * @param {number} start
 */
function readPair(header, start) {
  const equals = header.indexOf('=', start);
  const key = header.slice(start, equals).trim().toLowerCase();
  if (equals < 0 || !/^[a-z]{1,16}$/.test(key)) return undefined;
  const from = equals + 1;
  if (header[from] !== QUOTE) {
    const end = separator(header, from);
    return { key, value: header.slice(from, end), end };
  }
  const close = closingQuote(header, from + 1);
  if (close < 0) return undefined;
  const end = close + 1;
  if (end < header.length && header[end] !== ';' && header[end] !== ',') return undefined;
  // Escapes are not resolved: the values of `Cert` and `Chain` have no characters that need one.
  return { key, value: header.slice(from + 1, close), end };
}

/**
 * Where the next `;` or `,` is, or the end.
 * @param {string} header
 * @param {number} from
 */
function separator(header, from) {
  for (let at = from; at < header.length; at += 1) {
    if (header[at] === ';' || header[at] === ',') return at;
  }
  return header.length;
}

/**
 * The index of the closing quote, or -1. A backslash escapes the next character.
 * @param {string} header
 * @param {number} from
 */
function closingQuote(header, from) {
  for (let at = from; at < header.length; at += 1) {
    if (header[at] === '\\') at += 1;
    else if (header[at] === QUOTE) return at;
  }
  return -1;
}

module.exports = { pemOfXfcc };
