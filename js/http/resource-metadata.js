'use strict';

// The metadata document of a protected resource and its URL (RFC 9728 §3).

/**
 * @import { Published } from '../core/core.js'
 * @import { Parts } from './guard.js'
 * @import { Answer, Headers } from '../core/challenge.js'
 */

const { publishedBy } = require('../client.js');
const { refusal } = require('../core/options.js');

const { stringify } = JSON;

/**
 * @typedef {{ status: number, headers: Headers, body: string }} Served
 * @typedef {(method: string | undefined, target: string | undefined) => Served | undefined} MetadataAnswers
 * what is answered to a request by its method and its target before any router has shortened it; `undefined`
 * where the target is another URL
 */

/**
 * A browser may read the document from any origin: it is public, and no credentials come with the request.
 * @type {Headers}
 */
const CORS = [
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Allow-Methods', 'GET, HEAD, OPTIONS'],
  ['Access-Control-Allow-Headers', '*'],
];

/**
 * The document. It says only what the guard does.
 * @param {Published} published
 * @param {Parts} parts
 */
function documentOf({ metadata, issuers, checksCertificates, dpop }, parts) {
  const { authorizationServers = issuers, scopesSupported } = metadata;
  const readsCertificates = parts.certificateResolver !== undefined && checksCertificates;
  // A member that is `undefined` is left out, and an empty list must be (RFC 9728 §3.2).
  return stringify({
    resource: metadata.resource,
    authorization_servers: authorizationServers.length > 0 ? authorizationServers : undefined,
    scopes_supported: scopesSupported?.length ? scopesSupported : undefined,
    // Where a `tokenResolver` looks is not known here.
    bearer_methods_supported: parts.tokenResolver === undefined ? ['header'] : undefined,
    resource_name: metadata.resourceName,
    resource_documentation: metadata.resourceDocumentation,
    resource_policy_uri: metadata.resourcePolicyUri,
    resource_tos_uri: metadata.resourceTosUri,
    tls_client_certificate_bound_access_tokens: readsCertificates ? true : undefined,
    dpop_signing_alg_values_supported: dpop.isChecked ? dpop.algorithms : undefined,
    dpop_bound_access_tokens_required: dpop.isRequired ? true : undefined,
  });
}

/**
 * @param {Parts} parts
 * @param {Function} from
 * @returns {MetadataAnswers}
 */
function metadataAnswers(parts, from) {
  const published = publishedBy(parts.client);
  if (published === undefined) {
    throw refusal('"resourceMetadata" is required for protect.metadata()', from);
  }
  const body = documentOf(published, parts);
  const { pathname } = new URL(published.metadata.url);
  return function answerTo(method, target) {
    const path = target?.split('?', 1)[0].replace(/\/$/, '');
    if (path !== pathname) return undefined;
    if (method === 'OPTIONS') return { status: 204, headers: CORS, body: '' };
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, headers: [...CORS, ['Allow', 'GET, HEAD, OPTIONS']], body: '' };
    }
    /** @type {Headers} */
    const headers = [
      ...CORS,
      ['Content-Type', 'application/json'],
      ['Cache-Control', 'max-age=300'],
    ];
    return { status: 200, headers, body };
  };
}

/**
 * An answer whose challenges name the document's URL (RFC 9728 §5.1).
 * @param {Answer} answer
 * @param {string | undefined} url
 */
function withResourceMetadata(answer, url) {
  if (url === undefined) return answer;
  for (const header of answer.headers) {
    const [name, value] = header;
    if (name !== 'WWW-Authenticate') continue;
    header[1] =
      typeof value === 'string' ? withUrl(value, url) : value.map((one) => withUrl(one, url));
  }
  return answer;
}

/**
 * @param {string} challenge
 * @param {string} url
 */
function withUrl(challenge, url) {
  // A challenge without parameters has none to be separated from by a comma.
  return `${challenge}${challenge.includes('=') ? ', ' : ' '}resource_metadata="${url}"`;
}

module.exports = { metadataAnswers, withResourceMetadata };
