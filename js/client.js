'use strict';

// The documented classes (contract §3) over the native core.

const { MonoCloudTokenError, MonoCloudValidationError } = require('./errors.js');
const native = require('./native.js');
const {
  describe,
  describeAll,
  nativeRoute,
  readEnvironment,
  readOptions,
} = require('./options.js');
const { toError, traceOf, unwrap, withStack } = require('./outcome.js');

const FUNCTIONS = ['fetcher', 'metadataResolver', 'jwksResolver'];

/** In place of a tenant domain: the call is the subclass's own, and reads the environment. */
const FROM_ENVIRONMENT = Symbol('options and environment');

const CORE = Symbol('core');

/** What a client keeps to itself: the native half, and the functions that it may call. */
class Core {
  constructor(backendNode, values, type) {
    this.functions = Object.fromEntries(FUNCTIONS.map((name) => [name, values.get(name)]));
    const options = describeAll(values);
    const environment = readEnvironment(backendNode);
    const built = native.createClient(backendNode, options, environment, this.functions);
    if (built.kind !== undefined) throw withStack(toError(built), type);
    this.native = built;
    this.introspectsJwts = built.introspectsJwts;
  }

  /** Claims or an error, at once where nothing has to be fetched, else as a promise. */
  jwt(token, options, jwks, from) {
    const route = nativeRoute(options);
    return settle((ticket) => this.native.validateJwt(ticket, token, now(), route, jwks), from);
  }

  /** The same for a token that the tenant has to be asked about. */
  introspect(token, options, from) {
    const route = nativeRoute(options);
    return settle((ticket) => this.native.introspect(ticket, token, now(), route), from);
  }

  document(name, force, from) {
    return settle((ticket) => this.native.document(ticket, name, force), from);
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

/**
 * The value of a native call. `from` is where the call came from: the public function whose caller's
 * line begins an error's stack, or, once that function has waited for something, its trace.
 */
function settle(start, from) {
  const outcome = native.call(start, (promise) => {
    const trace = typeof from === 'function' ? traceOf(from) : from;
    return promise.then((late) => unwrap(late, trace));
  });
  return outcome instanceof Promise ? outcome : unwrap(outcome, from);
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
    const values = readOptions(backendNode ? audience : options);
    if (!backendNode) {
      values.set('tenantDomain', tenantDomain);
      values.set('audience', audience);
    }
    // Under a symbol and not enumerable, so that neither a log nor a copy shows it.
    Object.defineProperty(this, CORE, { value: new Core(backendNode, values, new.target) });
  }

  async validateJwtAccessToken(accessToken, options) {
    return validateJwt(this, accessToken, options, base.validateJwtAccessToken);
  }

  async introspectAccessToken(accessToken, options) {
    return introspect(this, accessToken, options, base.introspectAccessToken);
  }

  async getMetadata(forceRefresh = false) {
    return this[CORE].document('metadata', Boolean(forceRefresh), base.getMetadata);
  }

  async getJwks(forceRefresh = false) {
    let from = base.getJwks;
    if (this.getMetadata !== getMetadata) from = await adoptReplacedMetadata(this, from);
    return this[CORE].document('jwks', Boolean(forceRefresh), from);
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

/** Hands on the metadata that a replaced `getMetadata` has got in its own way; keeps the trace. */
async function adoptReplacedMetadata(client, from) {
  const trace = traceOf(from);
  client[CORE].adoptMetadata(await client.getMetadata(), trace);
  return trace;
}

function validateJwt(client, accessToken, options, from) {
  const token = tokenText(accessToken, from);
  const jwks = options?.jwks ?? undefined;
  const replaced = client.getJwks !== getJwks || client.getMetadata !== getMetadata;
  if (jwks === undefined && replaced) return validateWithReplaced(client, token, options, from);
  return client[CORE].jwt(token, options, jwks && json(jwks), from);
}

async function validateWithReplaced(client, token, options, from) {
  const trace = traceOf(from);
  if (client.getJwks !== getJwks) {
    return client[CORE].jwt(token, options, json(await client.getJwks()), trace);
  }
  client[CORE].adoptMetadata(await client.getMetadata(), trace);
  return client[CORE].jwt(token, options, undefined, trace);
}

/** A document as text; what is no JSON becomes a text that is no document, and is refused as such. */
function json(document) {
  try {
    return JSON.stringify(document) ?? '';
  } catch {
    return '';
  }
}

function introspect(client, accessToken, options, from) {
  const token = tokenText(accessToken, from);
  if (client.getMetadata === getMetadata) return client[CORE].introspect(token, options, from);
  return adoptReplacedMetadata(client, from).then((trace) =>
    client[CORE].introspect(token, options, trace),
  );
}

class MonoCloudBackendNodeClient extends MonoCloudOidcBackendClient {
  constructor(options) {
    super(FROM_ENVIRONMENT, options);
  }

  async validateAccessToken(accessToken, options) {
    const from = MonoCloudBackendNodeClient.prototype.validateAccessToken;
    const token = tokenText(accessToken, from);
    const core = this[CORE];
    if (!core.introspectsJwts && isCompact(token)) {
      if (this.validateJwtAccessToken !== validateJwtAccessToken) {
        return this.validateJwtAccessToken(token, options);
      }
      return validateJwt(this, token, options, from);
    }
    if (this.introspectAccessToken !== introspectAccessToken) {
      return this.introspectAccessToken(token, options);
    }
    return introspect(this, token, options, from);
  }
}

module.exports = { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient };
