'use strict';

// The private half of a client: the native client, the caller's functions and cache, and the counters.
// Everything that a verdict rests on happens here or below.

/**
 * @import { AccessTokenClaims, ICache, IReplayStore, MonoCloudTokenErrorCode } from '../../index.d.ts'
 * @import { Failure, GivenPossession, NativeClient, Outcome, Settings, UnspentProof } from '../binding.js'
 * @import { Functions } from './bridge.js'
 * @import { Source } from './cached-outcomes.js'
 * @import { Values } from './options.js'
 * @import { ResourceMetadata } from './resource-metadata.js'
 * @import { RouteRequirements } from './requirements.js'
 * @import { Place } from './stack.js'
 * @import { Verdict } from './verdict.js'
 */

const bridge = require('./bridge.js');
const { ClaimsCache } = require('./cache.js');
const { CachedOutcomes } = require('./cached-outcomes.js');
const { ClaimsCopies } = require('./claims-copies.js');
const { ReplayStore } = require('./replay-store.js');
const { publish } = require('./channels.js');
const { now } = require('./clock.js');
const { toError } = require('./failure.js');
const { weakMapGet, weakMapSet } = require('./collections.js');
const { describe, describeAll, readEnvironment, toJson } = require('./options.js');
const { orFailure, orThrow } = require('./panic.js');
const { TOKEN_ALONE } = require('./requirements.js');
const { withStack } = require('./stack.js');
const { Admitted, Refused } = require('./verdict.js');

const { hasOwn } = Object;
const { parse } = JSON;
const FUNCTIONS = ['fetcher', 'metadataResolver', 'jwksResolver'];

/**
 * @typedef {{ metadata: ResourceMetadata, issuers: string[], checksCertificates: boolean, dpop: Core['dpop'] }} Published
 * @typedef {ReturnType<NativeClient['validateFunction']>} ValidateFunction
 * @typedef {NonNullable<ReturnType<ValidateFunction>>} Validated
 */

class Core {
  /** @type {NativeClient} */
  #native;
  /** @type {Settings & { __proto__: null }} */
  #settings;
  /** @type {Record<string, unknown>} */
  #functions = { __proto__: null };
  /** @type {CachedOutcomes | undefined} */
  #cached;
  /** @type {ReplayStore | undefined} */
  #replayStore;
  /** @type {ClaimsCopies} */
  #copies;
  /**
   * The native functions that validate, by requirements.
   * @type {WeakMap<RouteRequirements, ValidateFunction>}
   */
  #validateFunctions = new WeakMap();
  /** @type {ResourceMetadata | undefined} */
  #metadata;
  #counts = { accepted: 0, refused: 0 };

  /**
   * Whether a value is a core of this package.
   * @param {unknown} value
   * @returns {value is Core}
   */
  static is(value) {
    return typeof value === 'object' && value !== null && #native in value;
  }

  /**
   * @param {boolean} backendNode
   * @param {Values} values
   * @param {Place} from
   */
  constructor(backendNode, values, from) {
    for (const name of FUNCTIONS) this.#functions[name] = values.get(name);
    const built = bridge.createClient(
      backendNode,
      describeAll(values),
      // As `readClientOptions` puts them there.
      /** @type {Values[] | undefined} */ (values.get('issuers'))?.map(describeAll),
      readEnvironment(backendNode),
      // The core refuses what is no function.
      /** @type {Partial<Functions>} */ (this.#functions),
    );
    if (bridge.isFailure(built)) throw withStack(toError(built), from);
    this.#native = built;
    // As `readClientOptions` puts it there.
    this.#metadata = /** @type {ResourceMetadata | undefined} */ (values.get('resourceMetadata'));
    // No prototype: a setting that is not given is left out by the core.
    this.#settings = { __proto__: null, ...orThrow(() => built.settings()) };
    // The other half of the bytes is for the native cache of signatures.
    this.#copies = new ClaimsCopies(this.#settings.verifiedTokensBytes / 2, (number, isKept) => {
      orFailure(() => built.setKept(number, isKept));
    });
    // The core has refused what is none.
    const store = /** @type {IReplayStore | undefined} */ (values.get('dpop.replayStore'));
    if (store !== undefined) this.#replayStore = new ReplayStore(store);
    const cache = /** @type {ICache | undefined} */ (backendNode ? values.get('cache') : undefined);
    if (cache === undefined) return;
    this.#cached = new CachedOutcomes(
      new ClaimsCache(cache, this.#settings.cacheTimeout),
      this.#settings.introspectionCacheDuration ?? undefined,
      (text, token, mayLackExp) => this.#check(text, token, TOKEN_ALONE, undefined, mayLackExp),
    );
  }

  get tenantDomain() {
    return this.#settings.tenantDomain;
  }

  /** What challenges and adapters need to know of the option `dpop`. */
  get dpop() {
    const settings = this.#settings;
    return {
      algorithms: settings.dpopAlgorithms,
      isChecked: settings.dpopIsChecked,
      isConfigured: settings.dpopIsConfigured,
      isRequired: settings.dpopIsRequired,
      yields: settings.dpopYields,
    };
  }

  /** Whether DPoP proofs need a nonce. */
  get hasNonces() {
    return this.#settings.dpopHasNonce;
  }

  /**
   * The nonce that a client should use from now on, where its DPoP proof has another one.
   * @param {string | undefined} proof
   */
  nextNonce(proof) {
    if (!this.hasNonces) return undefined;
    return orThrow(() => this.#native.nextNonce(proof, now())) ?? undefined;
  }

  get checksAudience() {
    return this.#settings.checksAudience;
  }

  /**
   * What the client publishes about its API, with what is needed to say it.
   * @returns {Published | undefined}
   */
  get published() {
    const { issuers, checksCertificates } = this.#settings;
    return (
      this.#metadata && { metadata: this.#metadata, issuers, checksCertificates, dpop: this.dpop }
    );
  }

  get hasCache() {
    return this.#cached !== undefined;
  }

  /**
   * The verdict on a token of either kind, at once where nothing has to be waited for, else a promise.
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   */
  validate(token, requirements, possession) {
    const ticket = bridge.nextTicket();
    const outcome = this.#call(ticket, token, requirements, possession);
    return outcome === null ? this.#later(ticket, token) : this.#verdict(outcome, token);
  }

  /**
   * @param {number} ticket
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   * @returns {Validated | null}
   */
  #call(ticket, token, requirements, possession) {
    try {
      let validate = weakMapGet(this.#validateFunctions, requirements);
      if (validate === undefined) {
        validate = this.#native.validateFunction(requirements.native);
        if (typeof validate !== 'function') return validate;
        weakMapSet(this.#validateFunctions, requirements, validate);
      }
      const outcome =
        possession === undefined
          ? validate(token, now(), ticket)
          : validate(token, now(), ticket, possession);
      return outcome === undefined ? bridge.LOST : outcome;
    } catch {
      return bridge.LOST;
    }
  }

  /**
   * @param {number} ticket
   * @param {string} token
   */
  async #later(ticket, token) {
    return this.#verdict(await bridge.outcomeOf(ticket, this.#functions), token);
  }

  /**
   * The verdict that an outcome is: a number stands for claims that were admitted before under it, and that
   * are kept here or should be.
   * @param {Validated} outcome
   * @param {string} token
   * @returns {Verdict | Promise<Verdict>}
   */
  #verdict(outcome, token) {
    if (typeof outcome !== 'number') return this.verdictOn(outcome);
    const copy = this.#copies.copy(outcome);
    if (copy !== undefined) return this.#admit(copy);
    const text = orFailure(() => this.#native.claimsOf(token));
    if (typeof text !== 'string') return this.refuse(text);
    return this.#admit(this.#copies.keep(outcome, parse(text), text.length));
  }

  /** @param {AccessTokenClaims} claims */
  #admit(claims) {
    this.#counts.accepted += 1;
    return new Admitted(claims);
  }

  /**
   * Counts a refusal and publishes how it came about: the reason, never the token.
   * @param {Failure} failure
   */
  refuse(failure) {
    const { kind, code, reason } = failure;
    this.#counts.refused += 1;
    // A failure of the kind `token` has both, and its code is one of those that are declared.
    const message = () => ({
      tenantDomain: this.#settings.tenantDomain,
      code: /** @type {MonoCloudTokenErrorCode} */ (code),
      reason: /** @type {string} */ (reason),
    });
    if (kind === 'token') publish('refused', message);
    if (reason === 'unknown_key') publish('unknownKey', message);
    return new Refused({ failure });
  }

  /**
   * Whether the tenant is asked about a token.
   * @param {string} token
   */
  isIntrospected(token) {
    return orThrow(() => this.#native.isIntrospected(token));
  }

  /**
   * The outcome for a token of a given kind: claims as JSON, or a failure. `jwks`: the caller's keys, as JSON.
   * @param {'jwt' | 'opaque'} kind
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   * @param {string} [jwks]
   */
  outcome(kind, token, requirements, possession, jwks) {
    /** @param {number} ticket */
    const start = (ticket) =>
      this.#native.validate(ticket, token, kind, now(), requirements.native, possession, jwks);
    return bridge.call(start, this.#functions);
  }

  /**
   * The verdict on such an outcome: at once, but where the caller's replay store is asked first.
   * @param {Outcome} outcome
   * @returns {Verdict | Promise<Verdict>}
   */
  verdictOn(outcome) {
    if (typeof outcome === 'string') return this.#admit(parse(outcome));
    return outcome.kind === 'unspent' ? this.#spend(outcome) : this.refuse(outcome);
  }

  /**
   * The verdict once the caller's replay store has taken a DPoP proof as new.
   * @param {Failure} outcome
   */
  async #spend(outcome) {
    // The core sets it for this kind.
    const unspent = /** @type {UnspentProof} */ (outcome.unspent);
    const spent = await this.#replayStore?.spend(unspent.key, unspent.expiresAt);
    if (spent !== true) {
      return this.refuse(orThrow(() => this.#native.unspendable(spent === false)));
    }
    // An inherited `claims` admits nobody.
    const claims = hasOwn(unspent, 'claims') ? unspent.claims : undefined;
    return typeof claims === 'string'
      ? this.#admit(parse(claims))
      : this.refuse({ ...outcome, kind: 'token' });
  }

  /**
   * The verdict on claims that came from a cache or from the caller's own introspection: checked as the
   * tenant's introspection response is. `outcome`: the claims as JSON, or a failure.
   * @param {Outcome} outcome
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   */
  verdictOnText(outcome, token, requirements, possession) {
    const checked =
      typeof outcome === 'string'
        ? this.#check(outcome, token, requirements, possession, true)
        : outcome;
    return this.verdictOn(checked);
  }

  /**
   * @param {string} text
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession | undefined} possession
   * @param {boolean} mayLackExp
   */
  #check(text, token, requirements, possession, mayLackExp) {
    const { native } = requirements;
    return orFailure(() =>
      this.#native.checkClaims(text, token, now(), native, possession, mayLackExp),
    );
  }

  /**
   * The outcome for a token by itself, by way of the cache. Only for a client that has a cache.
   * @param {string} token
   * @param {boolean} introspected
   * @param {Source} source
   */
  cached(token, introspected, source) {
    return /** @type {CachedOutcomes} */ (this.#cached).outcome(token, introspected, source);
  }

  /**
   * The way of a token through the rules, as JSON, or a failure.
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   * @param {string} [jwks]
   */
  explain(token, requirements, possession, jwks) {
    /** @param {number} ticket */
    const start = (ticket) =>
      this.#native.explain(ticket, token, now(), requirements.native, possession, jwks);
    return bridge.call(start, this.#functions);
  }

  /**
   * `metadata` or `jwks` of the tenant, as JSON, or a failure.
   * @param {'metadata' | 'jwks'} name
   * @param {boolean} force
   * @param {string} [issuer]
   */
  document(name, force, issuer) {
    /** @param {number} ticket */
    const start = (ticket) => this.#native.document(ticket, name, force, issuer);
    return bridge.call(start, this.#functions);
  }

  /** Counters: the core's, as JSON, beside those of this client and of its cache. */
  stats() {
    const native = parse(orThrow(() => this.#native.stats()));
    return { native, counts: { ...this.#counts }, cache: { ...this.#cached?.counts } };
  }

  /**
   * @param {'clockSkew' | 'clockTolerance'} name
   * @param {unknown} seconds
   * @param {Place} from
   */
  setClock(name, seconds, from) {
    const failure = orFailure(() => this.#native.setClock(name, describe(name, seconds)));
    if (failure) throw withStack(toError(failure), from);
  }

  /**
   * Takes the caller's metadata document. A failure where it can't be used.
   * @param {unknown} document
   */
  adoptMetadata(document) {
    return orFailure(() => this.#native.adoptMetadata(toJson(document)));
  }
}

module.exports = { Core };
