'use strict';

// The checks. Each may depend on those before it. They call a client, as the API's own requests do.

/**
 * @import { ExplanationStep, ValidateJwtAccessTokenOptions } from '../../index.d.ts'
 * @import { OidcClient } from '../client.js'
 * @import { Exchange } from '../explain/advice.js'
 */

const { randomBytes } = require('node:crypto');
const { duration, exchangeAdvice } = require('../explain/advice.js');
const { readVariables } = require('./environment.js');

/**
 * @typedef {{ kid: string | null, kty: unknown, algorithms?: string[], skipped?: string, why?: string }} ShownKey
 * @typedef {{
 *   variables?: { name: string, value: string }[],
 *   keys?: ShownKey[],
 *   steps?: ExplanationStep[],
 *   [member: string]: unknown,
 * }} Details
 * @typedef {{ kid: string | null, kty: unknown, algorithms: string[], skipped: string | null }} DescribedKey by the core
 * @typedef {{ reason?: string, details?: Details }} More
 * @typedef {Error & Exchange & { code?: string, errorDescription?: string }} Thrown an error of this package, or of a subclass
 * @typedef {{ name: string, message: string, advice?: string } & More} About
 * @typedef {About & { status: 'ok' | 'warning' | 'failed' | 'skipped' }} Check
 */

/** @type {(name: string, message: string, more?: More) => Check} */
const ok = (name, message, more) => ({ name, status: 'ok', message, ...more });
/** @type {(name: string, message: string, advice?: string, more?: More) => Check} */
const warning = (name, message, advice, more) => ({
  name,
  status: 'warning',
  message,
  advice,
  ...more,
});
/** @type {(name: string, message: string, advice?: string, more?: More) => Check} */
const failed = (name, message, advice, more) => ({
  name,
  status: 'failed',
  message,
  advice,
  ...more,
});
/** @type {(name: string, message: string) => Check} */
const skipped = (name, message) => ({ name, status: 'skipped', message });

/**
 * Why a key of the tenant is not used, by the core's word for it.
 * @type {Record<string, string>}
 */
const UNUSABLE = {
  malformed: 'it is no JWK, or names a member twice',
  unsupported_key_type: 'its "kty" is none that verifies access tokens',
  unsupported_curve: 'its "crv" is none of P-256, P-384, P-521 and Ed25519',
  not_for_signatures: '"use" or "key_ops" say that it is for something else',
  unsupported_algorithm: 'its "alg" is not accepted, or does not go with the key',
  weak_or_oversized: 'it is under 2048 bits or over 8192, or weak in another way',
  invalid_key: 'its numbers are no key',
};

/**
 * A failed check from an error of this package.
 * @param {string} name
 * @param {Thrown} error
 * @param {string} [advice]
 */
function failure(name, error, advice) {
  const reason = error.reason ?? error.error ?? error.code;
  const described = error.errorDescription ? ` (${JSON.stringify(error.errorDescription)})` : '';
  return failed(name, error.message + described, advice, { reason });
}

/**
 * @param {Record<string, string | undefined>} environment
 * @param {string[]} names
 * @param {boolean} given
 */
function checkEnvironment(environment, names, given) {
  const { variables, warnings, others } = readVariables(environment, names);
  const beside = others.length === 0 ? '' : `; ${others.join(', ')} set, too`;
  const found =
    variables.length === 0
      ? `no MONOCLOUD_BACKEND_ variable is set${given ? '; options are given' : ''}`
      : `${variables.length} variable${variables.length === 1 ? '' : 's'}`;
  const checks = [ok('environment', found + beside, { details: { variables } })];
  return checks.concat(warnings.map((text) => warning('environment', text)));
}

/**
 * The client that the user's module exports, or a new one from its options and the environment.
 * @param {unknown} given
 * @returns {{ client?: OidcClient, checks: Check[] }}
 */
function checkConfiguration(given) {
  const { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient } = require('../client.js');
  const { MonoCloudAuthBaseError } = require('../errors.js');
  if (given instanceof MonoCloudOidcBackendClient) {
    return { client: given, checks: [ok('configuration', 'a client is given')] };
  }
  try {
    const client = new MonoCloudBackendNodeClient(given);
    return { client, checks: [ok('configuration', 'all that is set can be used')] };
  } catch (error) {
    if (!(error instanceof MonoCloudAuthBaseError)) throw error;
    return { checks: [failure('configuration', error)] };
  }
}

/**
 * The issuers of a client, by name where there are several; `undefined` is the only one.
 * @param {OidcClient} client
 * @returns {(string | undefined)[]}
 */
function issuersOf(client) {
  return client.stats().issuers?.map(({ issuer }) => issuer) ?? [undefined];
}

/**
 * @param {OidcClient} client
 * @param {string | undefined} named
 */
async function checkDiscovery(client, named) {
  const start = performance.now();
  try {
    const metadata = await client.getMetadata(true, named);
    const took = Math.round(performance.now() - start);
    const { issuer, jwks_uri, introspection_endpoint } = metadata;
    const details = { issuer, jwks_uri, introspection_endpoint };
    return [ok('discovery', `${JSON.stringify(issuer)} answers in ${took} ms`, { details })];
  } catch (error) {
    const thrown = /** @type {Thrown} */ (error);
    return [failure('discovery', thrown, exchangeAdvice(thrown))];
  }
}

/** Seconds by which two clocks may differ: the header `Date` has whole seconds, and responses take time. */
const CLOCK_GRAIN = 5;

/** @param {OidcClient} client */
function checkClock(client) {
  const { clockOffsetSeconds: offset } = client.stats();
  if (offset === undefined) return [skipped('clock', 'the tenant does not say what time it is')];
  if (Math.abs(offset) <= CLOCK_GRAIN) return [ok('clock', "agrees with the tenant's")];
  const way = offset > 0 ? 'ahead of' : 'behind';
  const message = `${duration(Math.abs(offset))} ${way} the tenant's`;
  return [warning('clock', message, 'let NTP set it', { details: { offsetSeconds: offset } })];
}

/**
 * @param {OidcClient} client
 * @param {string | undefined} issuer
 */
async function checkKeys(client, issuer) {
  const { describeKeys } = require('../core/bridge.js');
  let described;
  try {
    described = describeKeys(JSON.stringify(await client.getJwks(true, issuer)));
  } catch (error) {
    const thrown = /** @type {Thrown} */ (error);
    return [failure('keys', thrown, exchangeAdvice(thrown))];
  }
  // A subclass may override `getJwks` and return something that is no key set.
  if (typeof described !== 'string') return [failed('keys', described.message)];
  /** @type {DescribedKey[]} */
  const keys = JSON.parse(described);
  const details = {
    keys: keys.map(({ kid, kty, algorithms, skipped: reason }) =>
      reason === null
        ? { kid, kty, algorithms }
        : { kid, kty, skipped: reason, why: UNUSABLE[reason] },
    ),
  };
  const usable = keys.filter(({ skipped: reason }) => reason === null).length;
  const counts = `${usable} usable, ${keys.length - usable} not`;
  if (usable === 0) {
    const advice = 'no JWT can be verified: have the tenant publish a key for RS256 or ES256, say';
    return [failed('keys', counts, advice, { details })];
  }
  const names = keys.filter(({ skipped: reason }) => reason === null).map(({ kid }) => kid);
  const checks = [ok('keys', counts, { details })];
  if (usable > 1 && names.includes(null)) {
    const message = 'a key has no "kid", and there are others';
    checks.push(warning('keys', message, 'have the tenant give each a "kid" of its own'));
  }
  return checks;
}

/**
 * Introspects a random token. A tenant that accepts the client's credentials answers that it is inactive.
 * @param {OidcClient} client
 */
async function checkIntrospection(client) {
  const name = 'introspection';
  const {
    MonoCloudOPError,
    MonoCloudTokenError,
    MonoCloudValidationError,
  } = require('../errors.js');
  try {
    await client.introspectAccessToken(`doctor-${randomBytes(16).toString('hex')}`);
    const advice = 'every opaque token is let in: see what answers at the introspection endpoint';
    return [failed(name, 'the tenant calls a token active that was just made up', advice)];
  } catch (error) {
    if (error instanceof MonoCloudTokenError && error.code === 'inactive_token') {
      return [ok(name, "the tenant takes this client's credentials")];
    }
    if (error instanceof MonoCloudValidationError && /^clientId is required/.test(error.message)) {
      return [skipped(name, 'no clientId: opaque tokens are refused, and JWTs need none')];
    }
    if (error instanceof MonoCloudTokenError) {
      const advice =
        'the tenant calls a token active that was just made up: see what answers there';
      return [failure(name, error, advice)];
    }
    const thrown = /** @type {Thrown} */ (error);
    const isOurs = error instanceof MonoCloudOPError || thrown.reason !== undefined;
    return [failure(name, thrown, isOurs ? exchangeAdvice(thrown) : undefined)];
  }
}

/**
 * @param {OidcClient} client
 * @param {string | undefined} token
 * @param {ValidateJwtAccessTokenOptions} route
 */
async function checkToken(client, token, route) {
  if (token === undefined) return [];
  if (token === '') return [failed('token', 'there is none', 'give one after --token')];
  const explained = await client.explain(token, route);
  const { steps, status, kind } = explained;
  const details = { kind, status, steps };
  if (explained.ok) return [ok('token', 'passes', { details })];
  const error = /** @type {Thrown} a token that is refused has one */ (explained.error);
  const reason = error.reason ?? error.error;
  const message = `${status}: ${error.message}`;
  return [failed('token', message, explained.clockAdvice, { reason, details })];
}

/**
 * Runs the checks. Without an addon or a client, those that need them are left out.
 * @param {{
 *   environment: Record<string, string | undefined>,
 *   options?: unknown,
 *   token?: string,
 *   route: ValidateJwtAccessTokenOptions,
 * }} given
 */
async function runChecks({ environment, options, token, route }) {
  let names;
  try {
    ({ environmentNames: names } = require('../core/bridge.js'));
  } catch (error) {
    // The message of a load error has the remedy.
    const { message, code } = /** @type {Thrown} */ (error);
    return [failed('addon', message, undefined, { reason: code })];
  }
  const checks = checkEnvironment(environment, names, options !== undefined);
  const configuration = checkConfiguration(options);
  checks.push(...configuration.checks);
  const { client } = configuration;
  if (client === undefined) return checks;
  const issuers = issuersOf(client);
  for (const issuer of issuers) checks.push(...(await checkDiscovery(client, issuer)));
  checks.push(...checkClock(client));
  for (const issuer of issuers) {
    const found = await checkKeys(client, issuer);
    /**
     * Of several issuers each result says whose it is.
     * @param {Check} check
     * @returns {Check}
     */
    const named = ({ message, ...rest }) => ({ ...rest, message: `${issuer}: ${message}` });
    checks.push(...(issuer === undefined ? found : found.map(named)));
  }
  checks.push(...(await checkIntrospection(client)));
  checks.push(...(await checkToken(client, token, route)));
  return checks;
}

module.exports = { runChecks };
