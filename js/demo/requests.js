'use strict';

// A request to one of the demo's APIs over a real socket, and the explanation of its token. Both are what a program
// gets: the guard of the API answers, and `client.explain()` walks the rules.

/**
 * @import { Explanation, ValidateJwtAccessTokenOptions } from '../../index.d.ts'
 * @import { Api } from './apis.js'
 * @import { Timeline } from './events.js'
 * @import { World } from './world.js'
 */

const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const { text } = require('node:stream/consumers');
const { CERTIFICATE_HEADER, MAX_HEADERS } = require('./apis.js');
const { REQUEST_HEADER } = require('./events.js');
const { ROUTES } = require('./scenarios.js');

const TIMEOUT_MS = 30_000;

/**
 * @typedef {{ to: keyof typeof ROUTES, token?: string, authorization?: string, proof?: string, certificate?: string }} Given
 * @typedef {{ status: number, body: string, challenge: string | null }} Answered
 * @typedef {Given & {
 *   api: string,
 *   url: string,
 *   answer?: Answered,
 *   unsent?: string,
 *   reason?: string,
 *   explanation?: Omit<Explanation, 'error'>,
 *   curl?: string,
 * }} Exchange `unsent`: why no HTTP client would send it
 */

/**
 * @param {string} url
 * @param {Record<string, string>} headers
 * @returns {Promise<Answered>}
 */
async function get(url, headers) {
  const options = { headers, agent: false, maxHeaderSize: MAX_HEADERS };
  const request = http.get(url, options);
  request.setTimeout(TIMEOUT_MS, () => request.destroy());
  const [response] = await once(request, 'response');
  const challenge = response.headers['www-authenticate'] ?? null;
  return { status: response.statusCode, body: await text(response), challenge };
}

/** @param {Given} given */
function headersOf({ token, proof, certificate, ...given }) {
  const scheme = proof === undefined ? 'Bearer' : 'DPoP';
  const { authorization = token === undefined ? undefined : `${scheme} ${token}` } = given;
  return {
    ...(authorization !== undefined && { Authorization: authorization }),
    ...(proof !== undefined && { DPoP: proof }),
    ...(certificate !== undefined && { [CERTIFICATE_HEADER]: encodeURIComponent(certificate) }),
  };
}

/**
 * The request for a POSIX shell. A single-quoted text has no other special character than its own quote.
 * @param {string} url
 * @param {Record<string, string>} headers
 */
function curlOf(url, headers) {
  const lines = Object.entries(headers).map(
    ([name, value]) => `-H '${`${name}: ${value}`.replaceAll("'", "'\\''")}'`,
  );
  return [`curl -i ${url}`, ...lines].join(' \\\n  ');
}

/**
 * @param {{ world: World, timeline: Timeline }} demo
 * @param {Api} api
 * @param {Given} given
 * @returns {Promise<Exchange>}
 */
async function exchange({ world, timeline }, { name, url: origin }, given, explained = true) {
  const url = `${origin}/api${given.to}`;
  const headers = headersOf(given);
  const about = { ...given, api: name, url };
  /** @type {ValidateJwtAccessTokenOptions} */
  const route = {
    ...ROUTES[given.to],
    clientCertificate: given.certificate,
    dpop: given.proof === undefined ? undefined : { proof: given.proof, method: 'GET', url },
  };
  // RFC 9110 §5.5: only these can be in a field.
  if (!Object.values(headers).every((value) => /^[\t\x20-\x7e]*$/.test(value))) {
    const unsent = 'It has characters that no HTTP client sends in a header';
    return { ...about, unsent, explanation: await explain(world, given.token, route) };
  }
  const id = randomUUID();
  const { sent, reason } = await timeline.reasonOf(id, () =>
    get(url, { ...headers, [REQUEST_HEADER]: id }),
  );
  // After the request, which is the one that fetches keys.
  const explanation = explained ? await explain(world, given.token, route) : undefined;
  return { ...about, answer: sent, reason, explanation, curl: curlOf(url, headers) };
}

/**
 * @param {World} world
 * @param {string | undefined} token
 * @param {ValidateJwtAccessTokenOptions} route
 */
async function explain({ client }, token, route) {
  if (token === undefined || token.trim() === '') return undefined;
  // Errors have stacks, which are for nobody here.
  const { error: _, ...explanation } = await client.explain(token, route);
  return explanation;
}

module.exports = { exchange };
