'use strict';

// The documented classes (contract §3) over the native core.

const { ClaimsCache, areTokensOwn, entryEnd } = require('./cache.js');
const { MonoCloudTokenError, MonoCloudValidationError } = require('./errors.js');
const { publish } = require('./channels.js');
const native = require('./native.js');
const {
  describe,
  describeAll,
  json,
  nativeRoute,
  readEnvironment,
  readOptions,
} = require('./options.js');
const { toError, traceOf, unwrap, withStack } = require('./outcome.js');

const FUNCTIONS = ['fetcher', 'metadataResolver', 'jwksResolver'];

/** What a token is asked when only its being genuine matters. */
const NO_ROUTE = { validateCertificateBinding: false };

/** Refusals that are about the route and not about the token. */
const ROUTE_REASONS = new Set([
  'missing_scopes',
  'missing_groups',
  'certificate_missing',
  'certificate_missing_resumed_session',
  'certificate_malformed',
  'certificate_mismatch',
  'token_not_bound',
  'unsupported_confirmation',
]);

/** In place of a tenant domain: the call is the subclass's own, and reads the environment. */
const FROM_ENVIRONMENT = Symbol('options and environment');

const CORE = Symbol('core');

/** What a client keeps to itself: the native half, the caller's functions, and the cache. */
class Core {
  /** Tokens that are being looked at because the cache had nothing: each once, however many ask. */
  #misses = new Map();
  counts = { accepted: 0, refused: 0 };

  constructor(backendNode, values, type) {
    this.functions = Object.fromEntries(FUNCTIONS.map((name) => [name, values.get(name)]));
    const options = describeAll(values);
    const environment = readEnvironment(backendNode);
    const built = native.createClient(backendNode, options, environment, this.functions);
    if (built.kind !== undefined) throw withStack(toError(built), type);
    this.native = built;
    this.introspectsJwts = built.introspectsJwts;
    const cache = backendNode ? values.get('cache') : undefined;
    this.cache = cache && new ClaimsCache(cache, built.cacheTimeout);
  }

  /** An outcome, at once where nothing has to be fetched, else a promise of it. */
  jwt(token, route, jwks) {
    return native.call((ticket) => this.native.validateJwt(ticket, token, now(), route, jwks));
  }

  /** The same for a token that the tenant has to be asked about. */
  introspect(token, route) {
    return native.call((ticket) => this.native.introspect(ticket, token, now(), route));
  }

  document(name, force) {
    return native.call((ticket) => this.native.document(ticket, name, force));
  }

  /** An outcome by way of the cache. */
  async cached(token, route, introspected, validate) {
    const patience = this.cache.patience();
    const hit = await this.cache.get(token, patience);
    if (hit !== undefined) {
      const { claims } = hit;
      if (introspected ? claims?.active === undefined : areTokensOwn(claims, token)) {
        const text = json(claims);
        // Without `exp` an entry counts only for as long as the user has said.
        const mayLackExp = introspected && this.native.introspectionCacheDuration !== null;
        const failure = this.#recheck(text, route, mayLackExp);
        if (!failure) return text;
        if (ROUTE_REASONS.has(failure.reason)) return failure;
      }
      // Stale, or not what we put there.
      await this.cache.delete(token, patience);
    }
    const outcome = await this.#miss(token, introspected, validate, patience);
    if (typeof outcome !== 'string') return outcome;
    return this.#recheck(outcome, route, introspected) ?? outcome;
  }

  #recheck(text, route, mayLackExp) {
    return this.native.recheck(text, now(), route, mayLackExp) ?? undefined;
  }

  /** Validates a token for itself, whatever the route asks, and puts what came out into the cache. */
  async #miss(token, introspected, validate, patience) {
    const under = this.#misses.get(token);
    if (under !== undefined) return under;
    const work = (async () => {
      const outcome = await validate();
      if (typeof outcome === 'string') {
        const claims = JSON.parse(outcome);
        const cap = this.native.introspectionCacheDuration ?? undefined;
        const end = entryEnd(claims, introspected, cap, now());
        if (end !== undefined) await this.cache.set(token, claims, end, patience);
      }
      return outcome;
    })();
    this.#misses.set(token, work);
    try {
      return await work;
    } finally {
      this.#misses.delete(token);
    }
  }

  setClock(name, seconds, from) {
    const failure = this.native.setClock(name, describe(name, seconds));
    if (failure) throw withStack(toError(failure), from);
  }

  adoptMetadata(document, from) {
    const failure = this.native.adoptMetadata(json(document));
    if (failure) throw withStack(toError(failure), from);
  }
}

/** Counts how a validation ended, and says so to those who listen: the reason, never the token. */
function tally(core, outcome) {
  if (typeof outcome === 'string') {
    core.counts.accepted += 1;
    return outcome;
  }
  core.counts.refused += 1;
  const { code, reason } = outcome;
  const message = () => ({ tenantDomain: core.native.tenantDomain, code, reason });
  if (outcome.kind === 'token') publish('refused', message);
  if (reason === 'unknown_key') publish('unknownKey', message);
  return outcome;
}

/**
 * The value of an outcome. `from` is where the call came from: the public function whose caller's
 * line begins an error's stack, or, once that function has waited for something, its trace.
 */
function settle(outcome, from, core, options) {
  const end = (ended, origin) =>
    unwrap(core ? tally(core, ended) : ended, origin, options?.clientCertificate);
  if (!(outcome instanceof Promise)) return end(outcome, from);
  const trace = typeof from === 'function' ? traceOf(from) : from;
  return outcome.then((late) => end(late, trace));
}

function tokenText(accessToken, from) {
  if (typeof accessToken === 'string' && accessToken.trim() !== '') return accessToken;
  const message = 'Access token must be a valid non-empty string';
  throw withStack(new MonoCloudValidationError(message), from);
}

/** Whole seconds since 1970, by the clock that a user's test may have set. */
function now() {
  return Math.floor(Date.now() / 1000);
}

/** Exactly three parts between dots. */
function isCompact(token) {
  const first = token.indexOf('.');
  const second = first < 0 ? -1 : token.indexOf('.', first + 1);
  return second >= 0 && token.indexOf('.', second + 1) < 0;
}

class MonoCloudOidcBackendClient {
  constructor(tenantDomain, audience, options) {
    const backendNode = tenantDomain === FROM_ENVIRONMENT;
    const values = readOptions(backendNode ? audience : options, new.target);
    if (!backendNode) {
      values.set('tenantDomain', tenantDomain);
      values.set('audience', audience);
    }
    // Under a symbol and not enumerable, so that neither a log nor a copy shows it.
    Object.defineProperty(this, CORE, { value: new Core(backendNode, values, new.target) });
  }

  async validateJwtAccessToken(accessToken, options) {
    const from = base.validateJwtAccessToken;
    const outcome = validateJwt(this, tokenText(accessToken, from), options, from);
    return settle(outcome, from, this[CORE], options);
  }

  async introspectAccessToken(accessToken, options) {
    const from = base.introspectAccessToken;
    const outcome = introspect(this, tokenText(accessToken, from), options, from);
    return settle(outcome, from, this[CORE], options);
  }

  async getMetadata(forceRefresh = false) {
    return settle(this[CORE].document('metadata', Boolean(forceRefresh)), base.getMetadata);
  }

  async getJwks(forceRefresh = false) {
    const from = base.getJwks;
    const ask = () => this[CORE].document('jwks', Boolean(forceRefresh));
    return settle(withMetadata(this, from, ask), from);
  }

  stats() {
    const { counts, cache, native } = this[CORE];
    return { ...JSON.parse(native.stats()), ...counts, cache: { ...cache?.counts } };
  }

  setClockSkew(seconds) {
    this[CORE].setClock('clockSkew', seconds, base.setClockSkew);
  }

  setClockTolerance(seconds) {
    this[CORE].setClock('clockTolerance', seconds, base.setClockTolerance);
  }

  static decodeJwt(jwt) {
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
      claims = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      throw refuse('Failed to parse JWT Payload', 'malformed_payload');
    }
    if (claims === null || typeof claims !== 'object' || Array.isArray(claims)) {
      throw refuse('JWT Payload must be a top level object', 'malformed_payload');
    }
    return claims;
  }
}

const base = MonoCloudOidcBackendClient.prototype;
// As they were at first: a subclass or a test may put its own in their place, and that one counts.
const { getJwks, getMetadata, introspectAccessToken, validateJwtAccessToken } = base;

function validateJwt(client, token, options, from) {
  const core = client[CORE];
  const route = nativeRoute(options, from);
  const jwks = options?.jwks ?? undefined;
  if (jwks !== undefined) return core.jwt(token, route, json(jwks));
  if (client.getJwks !== getJwks) {
    return Promise.resolve(client.getJwks()).then((keys) => core.jwt(token, route, json(keys)));
  }
  return withMetadata(client, from, () => core.jwt(token, route));
}

function introspect(client, token, options, from) {
  const route = nativeRoute(options, from);
  return withMetadata(client, from, () => client[CORE].introspect(token, route));
}

/** Goes on once the metadata of a replaced `getMetadata`, if there is one, has been handed over. */
function withMetadata(client, from, go) {
  if (client.getMetadata === getMetadata) return go();
  const trace = traceOf(from);
  return Promise.resolve(client.getMetadata()).then((metadata) => {
    client[CORE].adoptMetadata(metadata, trace);
    return go();
  });
}

class MonoCloudBackendNodeClient extends MonoCloudOidcBackendClient {
  constructor(options) {
    super(FROM_ENVIRONMENT, options);
  }

  async validateAccessToken(accessToken, options) {
    const from = MonoCloudBackendNodeClient.prototype.validateAccessToken;
    const token = tokenText(accessToken, from);
    const core = this[CORE];
    const introspected = core.introspectsJwts || !isCompact(token);
    if (introspected && this.introspectAccessToken !== introspectAccessToken) {
      return this.introspectAccessToken(token, options);
    }
    if (!introspected && this.validateJwtAccessToken !== validateJwtAccessToken) {
      return this.validateJwtAccessToken(token, options);
    }
    const validate = introspected ? introspect : validateJwt;
    if (core.cache === undefined) {
      return settle(validate(this, token, options, from), from, core, options);
    }
    const fresh = () => validate(this, token, NO_ROUTE, from);
    const outcome = core.cached(token, nativeRoute(options, from), introspected, fresh);
    return settle(outcome, from, core, options);
  }
}

module.exports = { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient };
