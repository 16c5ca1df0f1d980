'use strict';

// What came with a token and proves that its sender holds it: a client certificate (RFC 8705), a DPoP proof
// (RFC 9449).

/** @import { GivenPossession, GivenProof } from '../binding.js' */

const { readOptions } = require('./options-reader.js');
const { refusal } = require('./options.js');

const { freeze } = Object;

/**
 * The option `dpop` of a method: whether a proof is needed, or the proof itself and what it is for.
 * @param {unknown} given
 * @param {Function} from
 * @returns {{ proof: GivenProof | undefined, required: unknown }}
 */
function readDpop(given, from) {
  if (typeof given !== 'object' || given === null) return { proof: undefined, required: given };
  const names = /** @type {const} */ (['proof', 'method', 'url', 'scheme', 'required']);
  const record = readOptions(given, names, { what: '"dpop"', from, name: 'dpop' });
  const { method, url, scheme = 'DPoP' } = record;
  if (scheme !== 'DPoP' && scheme !== 'Bearer') {
    throw refusal('"dpop.scheme" must be "DPoP" or "Bearer"', from);
  }
  if (typeof method !== 'string' || typeof url !== 'string') {
    throw refusal('"dpop.method" and "dpop.url" must be strings', from);
  }
  return {
    proof: proofOf(record.proof, method, url, scheme === 'Bearer'),
    required: record.required,
  };
}

/**
 * @param {unknown} header the `DPoP` header; what is no string is no proof that could be read
 * @param {string} method
 * @param {string} url
 * @param {boolean} besideBearer
 * @returns {GivenProof}
 */
function proofOf(header, method, url, besideBearer) {
  const proof = header === undefined || typeof header === 'string' ? (header ?? '') : 'malformed';
  return freeze({ __proto__: null, proof, method, url, besideBearer });
}

/**
 * What came with a token; `undefined` where nothing did. No prototype: a native call reads each member.
 * @param {unknown} certificate
 * @param {GivenProof | undefined} proof
 * @returns {GivenPossession | undefined}
 */
function possessionOf(certificate, proof) {
  if (certificate === undefined && proof === undefined) return undefined;
  return freeze({ __proto__: null, certificate: certificateText(certificate), proof });
}

/**
 * The client certificate of a request. A value of another type is one that the core finds malformed.
 * @param {unknown} certificate
 */
function certificateText(certificate) {
  return certificate === undefined || typeof certificate === 'string' ? certificate : 'malformed';
}

module.exports = { possessionOf, proofOf, readDpop };
