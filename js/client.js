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
  member,
  readEnvironment,
  readOptions,
} = require('./options.js');
const { refuse, toError, traceOf, withStack } = require('./outcome.js');
const { Prepared, UNBOUND, certificateOf, routeOf } = require('./routes.js');
const { Templates } = require('./templates.js');

const FUNCTIONS = ['fetcher', 'metadataResolver', 'jwksResolver'];

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

/** Loaded when somebody asks: it is a tenth of a start, and most programs never do. */
const explaining = () => require('./explain/index.js');

/** In place of a trace that nobody will look at. */
const UNTRACED = {};

/** In place of a tenant domain: the call is the subclass's own, and reads the environment. */
const FROM_ENVIRONMENT = Symbol('options and environment');

const CORE = Symbol('core');

/** What a client keeps to itself: the native half, the caller's functions, and the cache. */
class Core {
  /** Tokens that are being looked at because the cache had nothing: each once, however many ask. */
  #misses = new Map();
  /** The native functions for tokens, by route. */
  gates = new WeakMap();
  counts = { accepted: 0, refused: 0, seenBefore: 0 };

  constructor(backendNode, values, type) {
    this.functions = Object.fromEntries(FUNCTIONS.map((name) => [name, values.get(name)]));
    const options = describeAll(values);
    const environment = readEnvironment(backendNode);
    const built = native.createClient(backendNode, options, environment, this.functions);
    if (built.kind !== undefined) throw withStack(toError(built), type);
    this.native = built;
    this.introspectsJwts = built.introspectsJwts;
    // The other half is the core's.
    this.templates = new Templates(built.verifiedTokensBytes / 2);
    const cache = backendNode ? values.get('cache') : undefined;
    this.cache = cache && new ClaimsCache(cache, built.cacheTimeout);
  }

  /** An outcome, at once where nothing has to be waited for, else a promise of it. */
  jwt(token, route, certificate) {
    return native.pass(route.gateOf(this), token, certificate, this.functions);
  }

  /** The same with keys that the caller has, as JSON. */
  jwtWith(token, route, certificate, jwks) {
    return this.native.validateWith(token, now(), route.native, certificate, jwks);
  }

  /** The same for a token that the tenant has to be asked about. */
  introspect(token, route, certificate) {
    const start = (ticket) =>
      this.native.introspect(ticket, token, now(), route.native, certificate);
    return native.call(start, this.functions);
  }

  /** A token's way through the rules, as JSON. */
  explain(token, route, certificate, jwks, introspected) {
    const start = (ticket) =>
      this.native.explain(ticket, token, now(), route.native, certificate, jwks, introspected);
    return native.call(start, this.functions);
  }

  document(name, force) {
    return native.call((ticket) => this.native.document(ticket, name, force), this.functions);
  }

  /** An outcome by way of the cache. */
  async cached(token, route, certificate, introspected, validate) {
    const recheck = (text, mayLackExp) =>
      this.native.recheck(text, now(), route.native, certificate, mayLackExp) ?? undefined;
    const patience = this.cache.patience();
    const hit = await this.cache.get(token, patience);
    if (hit !== undefined) {
      const { claims } = hit;
      if (introspected ? claims?.active === undefined : areTokensOwn(claims, token)) {
        const text = json(claims);
        // Without `exp` an entry counts only for as long as the user has said.
        const mayLackExp = introspected && this.native.introspectionCacheDuration !== null;
        const failure = recheck(text, mayLackExp);
        if (!failure) return text;
        if (ROUTE_REASONS.has(failure.reason)) return failure;
      }
      // Stale, or not what we put there.
      await this.cache.delete(token, patience);
    }
    const outcome = await this.#miss(token, introspected, validate, patience);
    if (typeof outcome !== 'string') return outcome;
    return recheck(outcome, introspected) ?? outcome;
  }

  /** Validates a token for itself, whatever the route asks, and puts what came out into the cache. */
  async #miss(token, introspected, validate, patience) {
    const under = this.#misses.get(token);
    if (under !== undefined) return under;
    const work = (async () => {
      const outcome = this.text(await validate(), token);
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

  /** An outcome whose claims are text, whether or not the token was seen before. */
  text(outcome, token) {
    return typeof outcome === 'number' ? this.native.claimsOf(token) : outcome;
  }

  /** The claims of an outcome, as an object of the caller's own; `undefined` where it is a failure. */
  claims(outcome, token) {
    if (typeof outcome === 'string') return JSON.parse(outcome);
    if (typeof outcome !== 'number') return undefined;
    this.counts.seenBefore += 1;
    const copy = this.templates.copy(outcome);
    if (copy !== undefined) return copy;
    const text = this.native.claimsOf(token);
    if (typeof text !== 'string') throw toError(text);
    return this.templates.keep(outcome, JSON.parse(text), text.length);
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

/** Counts how a refusal came about, and says so to those who listen: the reason, never the token. */
function tellOfRefusal(core, { kind, code, reason }) {
  core.counts.refused += 1;
  const message = () => ({ tenantDomain: core.native.tenantDomain, code, reason });
  if (kind === 'token') publish('refused', message);
  if (reason === 'unknown_key') publish('unknownKey', message);
}

/** The claims of a token, or the error thrown, once an outcome is there. */
function conclude(core, outcome, token, from, options) {
  const claims = core.claims(outcome, token);
  if (claims !== undefined) {
    core.counts.accepted += 1;
    return claims;
  }
  tellOfRefusal(core, outcome);
  return refuse(outcome, from, certificateOf(options, from));
}

/**
 * The same, also where the outcome is still to come. `from` is the public function that was called,
 * whose caller's line begins an error's stack.
 */
function settle(core, outcome, token, from, options) {
  if (!(outcome instanceof Promise)) return conclude(core, outcome, token, from, options);
  // A guard turns errors into answers, and nobody sees where they came from: that is half the work.
  const trace = Prepared.is(options) ? UNTRACED : traceOf(from);
  return outcome.then((late) => conclude(core, late, token, trace, options));
}

/** A document of the tenant's. */
async function documentOf(outcome, from) {
  const trace = traceOf(from);
  const text = await outcome;
  return typeof text === 'string' ? JSON.parse(text) : refuse(text, trace);
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
    const token = tokenText(accessToken, from);
    return settle(this[CORE], validateJwt(this, token, options, from), token, from, options);
  }

  async introspectAccessToken(accessToken, options) {
    const from = base.introspectAccessToken;
    const token = tokenText(accessToken, from);
    return settle(this[CORE], introspect(this, token, options, from), token, from, options);
  }

  async explain(accessToken, options) {
    const from = base.explain;
    const token = tokenText(accessToken, from);
    const trace = traceOf(from);
    const text = await wayOf(this, token, options, from);
    return typeof text === 'string' ? explaining().explanation(text, token) : refuse(text, trace);
  }

  async getMetadata(forceRefresh = false) {
    const document = this[CORE].document('metadata', Boolean(forceRefresh));
    return documentOf(document, base.getMetadata);
  }

  async getJwks(forceRefresh = false) {
    const from = base.getJwks;
    const ask = () => this[CORE].document('jwks', Boolean(forceRefresh));
    return documentOf(withMetadata(this, from, ask), from);
  }

  stats() {
    const { counts, cache, native } = this[CORE];
    const { heard, ...ofTenant } = JSON.parse(native.stats());
    const stats = { ...ofTenant, ...counts, cache: { ...cache?.counts } };
    const clockOffsetSeconds = explaining().clockOffset(heard);
    return clockOffsetSeconds === undefined ? stats : { ...stats, clockOffsetSeconds };
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
  const route = routeOf(options, from);
  const certificate = certificateOf(options, from);
  const given = keysGiven(client, options, from);
  if (given === undefined) {
    return withMetadata(client, from, () => core.jwt(token, route, certificate));
  }
  const judge = (jwks) => core.jwtWith(token, route, certificate, jwks);
  return given instanceof Promise ? given.then(judge) : judge(given);
}

/**
 * Keys that are not the core's affair, as JSON or a promise of it: those of this call, or of a `getJwks` that
 * was put in ours' place. `undefined`: the tenant's.
 */
function keysGiven(client, options, from) {
  const jwks = member(options, 'jwks', from);
  if (jwks !== undefined) return json(jwks);
  return client.getJwks === getJwks ? undefined : Promise.resolve(client.getJwks()).then(json);
}

function introspect(client, token, options, from) {
  const route = routeOf(options, from);
  const certificate = certificateOf(options, from);
  return withMetadata(client, from, () => client[CORE].introspect(token, route, certificate));
}

/** What `validateAccessToken` would do with a token, told step by step. */
async function wayOf(client, token, options, from) {
  const core = client[CORE];
  const introspected = core.introspectsJwts || !isCompact(token);
  const route = routeOf(options, from);
  const certificate = certificateOf(options, from);
  const jwks = introspected ? undefined : await keysGiven(client, options, from);
  const ask = () => core.explain(token, route, certificate, jwks, introspected);
  return jwks === undefined ? withMetadata(client, from, ask) : ask();
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
    return validate(this, tokenText(accessToken, from), options, from);
  }
}

/** What the method does: claims where nothing has to be waited for, else a promise of them. */
function validate(client, token, options, from) {
  const core = client[CORE];
  const introspected = core.introspectsJwts || !isCompact(token);
  if (introspected && client.introspectAccessToken !== introspectAccessToken) {
    return client.introspectAccessToken(token, options);
  }
  if (!introspected && client.validateJwtAccessToken !== validateJwtAccessToken) {
    return client.validateJwtAccessToken(token, options);
  }
  const judge = introspected ? introspect : validateJwt;
  if (core.cache === undefined) {
    return settle(core, judge(client, token, options, from), token, from, options);
  }
  const fresh = () => judge(client, token, UNBOUND, from);
  const route = routeOf(options, from);
  const outcome = core.cached(token, route, certificateOf(options, from), introspected, fresh);
  return settle(core, outcome, token, from, options);
}

/** As it was at first: who has put another in its place is asked that. */
const { validateAccessToken } = MonoCloudBackendNodeClient.prototype;

module.exports = {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  validate,
  validateAccessToken,
};
