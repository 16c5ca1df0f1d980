'use strict';

// The documented classes (contract §3).

/**
 * @import { AccessTokenClaims, ClientStats, Explanation, IntrospectOptions, IssuerMetadata, Jwks, JwtClaims, ValidateJwtAccessTokenOptions } from '../index.d.ts'
 * @import { GivenPossession, Outcome } from './binding.js'
 * @import { OwnMethods } from './core/methods.js'
 * @import { RouteRequirements } from './core/requirements.js'
 * @import { Place } from './core/stack.js'
 * @import { Verdict } from './core/verdict.js'
 */

const { Core } = require('./core/core.js');
const { errorOf, toError } = require('./core/failure.js');
const { outcomesBy } = require('./core/methods.js');
const { readClientOptions, toJson } = require('./core/options.js');
const { WITH_KEYS, readCall } = require('./core/requirements.js');
const { traceOf, withStack } = require('./core/stack.js');
const { claimsOf, isAdmitted, isVerdict } = require('./core/verdict.js');
const { MonoCloudTokenError, MonoCloudValidationError } = require('./errors.js');

const { freeze } = Object;
const { parse } = JSON;

/** Loaded when it is needed: explanations are a tenth of the package's start-up time. */
const explaining = () => require('./explain/index.js');

/** In place of a tenant domain: the subclass's constructor, which reads the environment, is calling. */
const FROM_ENVIRONMENT = Symbol('options and environment');

const CORE = Symbol('core');

/**
 * The core of a client; `undefined` where a value is no client. A proxy's trap may throw.
 * @param {unknown} value
 * @returns {Core | undefined}
 */
function findCore(value) {
  try {
    const core = /** @type {{ [CORE]?: unknown } | null | undefined} */ (value)?.[CORE];
    return Core.is(core) ? core : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The same, and of an object of the program's own nothing is read.
 * @param {unknown} value
 */
function findOwnCore(value) {
  try {
    return value instanceof MonoCloudOidcBackendClient ? findCore(value) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {unknown} client
 * @param {Function} [from]
 */
function coreOf(client, from = coreOf) {
  const core = findCore(client);
  if (core !== undefined) return core;
  throw withStack(new MonoCloudValidationError('The method must be called on a client'), from);
}

/**
 * The claims of a verdict, or its error thrown. `from`: where the error's stack begins.
 * @template {AccessTokenClaims} T what the caller takes them for; that is not checked
 * @param {Verdict} verdict
 * @param {Place} from
 * @param {GivenPossession} [possession]
 */
function conclude(verdict, from, possession) {
  if (isAdmitted(verdict)) return /** @type {T} */ (claimsOf(verdict));
  throw errorOf(verdict, from, possession?.certificate);
}

/**
 * @param {unknown} accessToken
 * @param {Function} from
 */
function tokenText(accessToken, from) {
  if (typeof accessToken === 'string' && accessToken.trim() !== '') return accessToken;
  const message = 'Access token must be a valid non-empty string';
  throw withStack(new MonoCloudValidationError(message), from);
}

/**
 * The issuer whose document is asked for, where a client has several.
 * @param {unknown} issuer
 * @param {Function} from
 */
function issuerName(issuer, from) {
  if (issuer === undefined || typeof issuer === 'string') return issuer;
  throw withStack(new MonoCloudValidationError('"issuer" must be a string'), from);
}

/**
 * @typedef {MonoCloudOidcBackendClient} OidcClient
 * @typedef {MonoCloudBackendNodeClient} Client
 */

class MonoCloudOidcBackendClient {
  /**
   * @param {string | symbol} tenantDomain
   * @param {unknown} audience
   * @param {unknown} [options]
   */
  constructor(tenantDomain, audience, options) {
    const backendNode = tenantDomain === FROM_ENVIRONMENT;
    const what = backendNode ? 'MonoCloudBackendNodeClient' : 'MonoCloudOidcBackendClient';
    const given = backendNode ? audience : options;
    const values = readClientOptions(given, { what, from: new.target });
    if (!backendNode) {
      values.set('tenantDomain', tenantDomain);
      values.set('audience', audience);
    }
    // A symbol that is not enumerable: neither a log nor a copy shows it.
    const value = new Core(backendNode, values, new.target);
    Object.defineProperty(this, CORE, { __proto__: null, value });
  }

  /**
   * @template {AccessTokenClaims} [T=AccessTokenClaims]
   * @param {string} accessToken
   * @param {ValidateJwtAccessTokenOptions} [options]
   * @returns {Promise<T>}
   */
  async validateJwtAccessToken(accessToken, options) {
    const from = own.validateJwtAccessToken;
    const token = tokenText(accessToken, from);
    const what = 'validateJwtAccessToken()';
    const { requirements, possession, jwks } = readCall(options, from, what, WITH_KEYS);
    const core = coreOf(this, from);
    const trace = traceOf(from);
    const keys = jwks === undefined ? undefined : toJson(jwks);
    const outcome = await jwtOutcome(this, core, token, requirements, possession, keys);
    return conclude(await core.verdictOn(outcome), trace, possession);
  }

  /**
   * @template {AccessTokenClaims} [T=AccessTokenClaims]
   * @param {string} accessToken
   * @param {IntrospectOptions} [options]
   * @returns {Promise<T>}
   */
  async introspectAccessToken(accessToken, options) {
    const from = own.introspectAccessToken;
    const token = tokenText(accessToken, from);
    const what = 'introspectAccessToken()';
    const { requirements, possession } = readCall(options, from, what);
    const core = coreOf(this, from);
    const trace = traceOf(from);
    const outcome = await opaqueOutcome(this, core, token, requirements, possession);
    return conclude(await core.verdictOn(outcome), trace, possession);
  }

  /**
   * @param {string} accessToken
   * @param {ValidateJwtAccessTokenOptions} [options]
   * @returns {Promise<Explanation>}
   */
  async explain(accessToken, options) {
    const from = own.explain;
    const token = tokenText(accessToken, from);
    const what = 'explain()';
    const { requirements, possession, jwks } = readCall(options, from, what, WITH_KEYS);
    const core = coreOf(this, from);
    const trace = traceOf(from);
    const given = jwks === undefined ? undefined : toJson(jwks);
    const keys = core.isIntrospected(token) ? undefined : (given ?? (await replacedKeys(this)));
    const ask = () => core.explain(token, requirements, possession, keys);
    const outcome = await (keys === undefined ? withMetadata(this, core, ask) : ask());
    if (typeof outcome === 'string') return explaining().explanation(outcome, token);
    throw withStack(toError(outcome), trace);
  }

  /**
   * @param {boolean} [forceRefresh]
   * @param {string} [issuer]
   * @returns {Promise<IssuerMetadata>}
   */
  async getMetadata(forceRefresh = false, issuer = undefined) {
    const from = own.getMetadata;
    const core = coreOf(this, from);
    const trace = traceOf(from);
    return documentOf(
      await core.document('metadata', Boolean(forceRefresh), issuerName(issuer, from)),
      trace,
    );
  }

  /**
   * @param {boolean} [forceRefresh]
   * @param {string} [issuer]
   * @returns {Promise<Jwks>}
   */
  async getJwks(forceRefresh = false, issuer = undefined) {
    const from = own.getJwks;
    const core = coreOf(this, from);
    const trace = traceOf(from);
    const name = issuerName(issuer, from);
    const ask = () => core.document('jwks', Boolean(forceRefresh), name);
    return documentOf(await withMetadata(this, core, ask), trace);
  }

  /** @returns {ClientStats} */
  stats() {
    const { native, counts, cache } = coreOf(this, own.stats).stats();
    const { heard, ...ofTenant } = native;
    const stats = { ...ofTenant, ...counts, cache };
    const clockOffsetSeconds = explaining().clockOffset(heard);
    return clockOffsetSeconds === undefined ? stats : { ...stats, clockOffsetSeconds };
  }

  /** @param {number} seconds */
  setClockSkew(seconds) {
    const from = own.setClockSkew;
    coreOf(this, from).setClock('clockSkew', seconds, from);
  }

  /** @param {number} seconds */
  setClockTolerance(seconds) {
    const from = own.setClockTolerance;
    coreOf(this, from).setClock('clockTolerance', seconds, from);
  }

  /**
   * @template {JwtClaims} [T=JwtClaims]
   * @param {string} jwt
   * @returns {T}
   */
  static decodeJwt(jwt) {
    /**
     * @param {string} message
     * @param {string} reason
     */
    const refuse = (message, reason) => {
      const error = new MonoCloudTokenError(message, undefined, reason);
      return withStack(error, MonoCloudOidcBackendClient.decodeJwt);
    };
    const payload = typeof jwt === 'string' ? jwt.split('.', 2)[1] : undefined;
    if (!payload) throw refuse('JWT does not contain payload', 'malformed_token');
    let claims;
    try {
      if (!/^[\w-]+$/.test(payload)) throw new TypeError();
      const bytes = Buffer.from(payload, 'base64url');
      claims = parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      throw refuse('Failed to parse JWT Payload', 'malformed_payload');
    }
    if (claims === null || typeof claims !== 'object' || Array.isArray(claims)) {
      throw refuse('JWT Payload must be a top level object', 'malformed_payload');
    }
    return claims;
  }
}

class MonoCloudBackendNodeClient extends MonoCloudOidcBackendClient {
  /** @param {unknown} [options] */
  constructor(options) {
    super(FROM_ENVIRONMENT, options);
  }

  /**
   * @template {AccessTokenClaims} [T=AccessTokenClaims]
   * @param {string} accessToken
   * @param {IntrospectOptions} [options]
   * @returns {Promise<T>}
   */
  async validateAccessToken(accessToken, options) {
    const from = own.validateAccessToken;
    const token = tokenText(accessToken, from);
    const what = 'validateAccessToken()';
    const { requirements, possession } = readCall(options, from, what);
    const core = coreOf(this, from);
    const verdict = judge(this, core, token, requirements, possession);
    if (isVerdict(verdict)) return conclude(verdict, from, possession);
    const trace = traceOf(from);
    return conclude(await verdict, trace, possession);
  }
}

/** The methods as they are defined here. A subclass, an instance or a test may have others. */
const own = freeze(
  /** @type {OwnMethods} */ ({
    ...methodsOf(MonoCloudOidcBackendClient.prototype),
    ...methodsOf(MonoCloudBackendNodeClient.prototype),
  }),
);

/** @param {object} prototype */
function methodsOf(prototype) {
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return Object.fromEntries(names.map((name) => [name, Reflect.get(prototype, name)]));
}

const { judge, jwtOutcome, opaqueOutcome, replacedKeys, withMetadata } = outcomesBy(own);

/**
 * @param {Outcome} outcome
 * @param {Place} trace
 */
function documentOf(outcome, trace) {
  if (typeof outcome === 'string') return parse(outcome);
  throw withStack(toError(outcome), trace);
}

module.exports = {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  /** @param {unknown} value */
  isClient: (value) => findCore(value) !== undefined,
  /** @param {unknown} client */
  publishedBy: (client) => findOwnCore(client)?.published,
  /** @param {unknown} client */
  hasNonces: (client) => findOwnCore(client)?.hasNonces === true,
  /** @param {unknown} client */
  checksAudience: (client) => findOwnCore(client)?.checksAudience,
  /** @param {unknown} client */
  tenantOf: (client) => findCore(client)?.tenantDomain,
  /** @param {unknown} client */
  dpopOf: (client) => findCore(client)?.dpop,
  /**
   * @param {unknown} client
   * @param {string | undefined} proof
   */
  nextNonceOf: (client, proof) => findCore(client)?.nextNonce(proof),
  /**
   * The verdict of a client's own `validateAccessToken`: at once where nothing has to be waited for.
   * @param {Client} client
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   */
  judge: (client, token, requirements, possession) =>
    judge(client, coreOf(client), token, requirements, possession),
  ownValidateAccessToken: own.validateAccessToken,
};
