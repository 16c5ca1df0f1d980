'use strict';

// The option `resourceMetadata`: what an API publishes about itself (RFC 9728 §2).

/** @import { Place } from './stack.js' */

const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('./options-reader.js');
const { withStack } = require('./stack.js');

const { isArray } = Array;
const { freeze } = Object;

const NAME = 'resourceMetadata';
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** The options with one URL, and those with a list of strings. */
const URLS = /** @type {const} */ ([
  'resource',
  'resourceDocumentation',
  'resourcePolicyUri',
  'resourceTosUri',
]);
const LISTS = /** @type {const} */ (['authorizationServers', 'scopesSupported']);
const NAMES = /** @type {const} */ ([...URLS, ...LISTS, 'resourceName']);

/** A character that can stand neither in a scope (RFC 6749 §3.3) nor in an attribute of a challenge. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * @typedef {Readonly<{
 *   resource: string,
 *   resourceName?: string,
 *   resourceDocumentation?: string,
 *   resourcePolicyUri?: string,
 *   resourceTosUri?: string,
 *   authorizationServers?: readonly string[],
 *   scopesSupported?: readonly string[],
 *   url: string,
 * }>} ResourceMetadata `url`: where the document is (RFC 9728 §3.1)
 */

/**
 * @param {unknown} given
 * @param {Function} from
 * @returns {ResourceMetadata | undefined}
 */
function readResourceMetadata(given, from) {
  if (given === undefined) return undefined;
  const record = readOptions(given, NAMES, { what: `"${NAME}"`, from, name: NAME });
  /** @type {Record<string, unknown> & { __proto__: null }} */
  const metadata = { __proto__: null };
  for (const name of URLS) metadata[name] = readUrl(record[name], name, from);
  for (const name of LISTS) metadata[name] = readList(record[name], name, from);
  const { resourceName } = record;
  if (resourceName !== undefined && (typeof resourceName !== 'string' || resourceName === '')) {
    throw refusal('resourceName', 'must be a string that is not empty', from);
  }
  metadata.resourceName = resourceName;
  if (metadata.resource === undefined) throw refusal('resource', 'is required', from);
  metadata.url = urlOf(/** @type {string} */ (metadata.resource), from);
  // Each member was read by its rule.
  return freeze(/** @type {ResourceMetadata} */ (/** @type {unknown} */ (metadata)));
}

/**
 * The URL of the document: the well-known path comes before that of the resource.
 * @param {string} resource
 * @param {Function} from
 */
function urlOf(resource, from) {
  const { origin, pathname, username, password } = new URL(resource);
  if (/[?#]/.test(resource) || username !== '' || password !== '') {
    throw refusal('resource', 'must be a URL without query, fragment or user info', from);
  }
  return origin + WELL_KNOWN + pathname.replace(/\/$/, '');
}

/**
 * @param {unknown} given
 * @param {string} name
 * @param {Function} from
 */
function readUrl(given, name, from) {
  if (given === undefined || isUrl(given)) return given;
  throw refusal(name, 'must be an https: URL (http: for loopback hosts only)', from);
}

/** @param {unknown} text */
function isUrl(text) {
  // Characters that a URL leaves out or encodes would make the text another one than the URL.
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text) || /["\\<>]/.test(text))
    return false;
  try {
    const { protocol, hostname } = new URL(text);
    return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
  } catch {
    return false;
  }
}

/**
 * @param {unknown} given
 * @param {(typeof LISTS)[number]} name
 * @param {Function} from
 */
function readList(given, name, from) {
  if (given === undefined) return undefined;
  const list = [];
  try {
    if (!isArray(given)) throw new TypeError();
    for (let index = 0; index < given.length; index += 1) {
      const text = given[index];
      const isGood = name === 'scopesSupported' ? SCOPE.test(text) : isUrl(text);
      if (typeof text !== 'string' || !isGood) throw new TypeError();
      list[index] = text;
    }
  } catch {
    const what = name === 'scopesSupported' ? 'scopes' : 'https: URLs';
    throw refusal(name, `must be a list of ${what}`, from);
  }
  return freeze(list);
}

/**
 * @param {string} name
 * @param {string} rule
 * @param {Place} from
 */
function refusal(name, rule, from) {
  return withStack(new MonoCloudValidationError(`"${NAME}.${name}" ${rule}`), from);
}

module.exports = { readResourceMetadata };
