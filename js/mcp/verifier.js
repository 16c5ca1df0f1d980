'use strict';

// The verifier that the MCP SDK's bearer middleware calls.

/**
 * @import { AccessTokenClaims, AccessTokenValidator } from '../../index.d.ts'
 * @import { McpAuthInfo } from './index.d.ts'
 */

const { checksAudience, publishedBy } = require('../client.js');
const { readOptions } = require('../core/options-reader.js');
const { refusal } = require('../core/options.js');
const { readRoute } = require('../core/requirements.js');
const { claimsOf, isAdmitted, verdictOnClaims } = require('../core/verdict.js');
const { MonoCloudTokenError, MonoCloudValidationError } = require('../errors.js');
const { bearerToken } = require('../http/bearer.js');

const { isArray } = Array;

/**
 * @typedef {new (message: string) => Error} ErrorClass
 * @typedef {Record<'InsufficientScopeError' | 'InvalidTokenError' | 'ServerError', ErrorClass>} SdkErrors
 */

/**
 * `createTokenVerifier` with the SDK's errors as the program has them: the SDK exists twice, for `import` and for
 * `require`, and its middleware knows the errors of its own copy alone.
 * @param {() => SdkErrors | Promise<SdkErrors>} loadErrors
 */
function verifierBy(loadErrors) {
  /**
   * @param {AccessTokenValidator} client
   * @param {unknown} [options]
   */
  return function createTokenVerifier(client, options) {
    const where = { what: 'createTokenVerifier()', from: createTokenVerifier };
    const { requiredScopes } = readOptions(options, ['requiredScopes'], where);
    const scopes = scopesOf(requiredScopes, 'requiredScopes', createTokenVerifier);
    requireAudience(client, createTokenVerifier);
    return {
      /** @param {string} token */
      async verifyAccessToken(token) {
        try {
          const claims = await claimsFor(client, token, scopes);
          const info = infoOf(claims, token);
          // They may be in another claim than `scope`.
          info.scopes = [...new Set([...info.scopes, ...scopes])];
          const resource = resourceOf(client, claims.aud);
          return resource === undefined ? info : { ...info, resource };
        } catch (error) {
          throw sdkError(error, await loadErrors());
        }
      },
    };
  };
}

/**
 * A list of scopes, by the rules of a route.
 * @param {unknown} given
 * @param {string} name
 * @param {Function} from
 * @returns {readonly string[]}
 */
function scopesOf(given, name, from) {
  try {
    return readRoute({ scopes: given }, from).requirements.native.scopes ?? [];
  } catch {
    throw refusal(`"${name}" must be an array of strings`, from);
  }
}

/**
 * An MCP server must accept only tokens that were issued for it (RFC 8707 §2).
 * @param {unknown} client
 * @param {Function} from
 */
function requireAudience(client, from) {
  const method = /** @type {{ validateAccessToken?: unknown } | undefined} */ (client)
    ?.validateAccessToken;
  if (typeof method !== 'function') {
    throw refusal('"client" must have a method validateAccessToken', from);
  }
  if (checksAudience(client) === false) {
    throw refusal('"audience" must not be false for an MCP server', from);
  }
}

/**
 * @param {AccessTokenValidator} client
 * @param {string} token
 * @param {readonly string[]} scopes
 */
async function claimsFor(client, token, scopes) {
  const verdict = verdictOnClaims(await client.validateAccessToken(token, { scopes: [...scopes] }));
  const claims = isAdmitted(verdict) ? claimsOf(verdict) : undefined;
  if (claims !== undefined) return claims;
  throw new MonoCloudTokenError('The client returned no claims');
}

/**
 * @param {AccessTokenClaims} claims
 * @param {string} token
 * @returns {McpAuthInfo}
 */
function infoOf(claims, token) {
  const { scope, client_id: clientId = claims.azp, exp } = claims;
  return {
    token,
    clientId: typeof clientId === 'string' ? clientId : '',
    scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [],
    ...(typeof exp === 'number' && { expiresAt: exp }),
    extra: { claims },
  };
}

/**
 * `AuthInfo` of a request that one of this package's guards has admitted.
 * @param {AccessTokenClaims} claims
 * @param {unknown} [authorization] the header
 */
function authInfoOf(claims, authorization) {
  return infoOf(claims, bearerToken(authorization) ?? '');
}

/**
 * The resource that a token is for (RFC 8707): the client's own, where `aud` names it, with or without a slash at its
 * end.
 * @param {unknown} client
 * @param {unknown} aud
 */
function resourceOf(client, aud) {
  const resource = publishedBy(client)?.metadata.resource;
  /** @param {unknown} text */
  const bare = (text) => (typeof text === 'string' ? text.replace(/\/$/, '') : undefined);
  const audiences = isArray(aud) ? aud : [aud];
  const isNamed = resource !== undefined && audiences.some((one) => bare(one) === bare(resource));
  return isNamed ? new URL(resource) : undefined;
}

/**
 * The error that makes the SDK answer 401, 403 or 500. Its message is sent to the client.
 * @param {unknown} error
 * @param {SdkErrors} errors
 */
function sdkError(error, { InsufficientScopeError, InvalidTokenError, ServerError }) {
  if (error instanceof MonoCloudTokenError && error.code === 'insufficient_scope') {
    return new InsufficientScopeError('The access token lacks a scope that is required');
  }
  if (error instanceof MonoCloudTokenError || error instanceof MonoCloudValidationError) {
    return new InvalidTokenError('The access token is not valid');
  }
  return new ServerError('The access token could not be validated');
}

module.exports = { authInfoOf, scopesOf, verifierBy };
