'use strict';

// What the frameworks share: the arguments of `protectApi`, and the way of one request to its verdict.

/**
 * @import { AccessTokenClaims, AccessTokenValidator, MonoCloudTokenErrorCode, ClientCertificateResolver, ErrorResponse, ProtectOptions, TokenResolver } from '../../index.d.ts'
 * @import { Failure, GivenPossession } from '../binding.js'
 * @import { Client } from '../client.js'
 * @import { Verdict } from '../core/verdict.js'
 * @import { Headers } from '../core/challenge.js'
 * @import { Reply } from './error-response.js'
 */

const {
  MonoCloudBackendNodeClient,
  dpopOf,
  hasNonces,
  isClient,
  judge,
  nextNonceOf,
  ownValidateAccessToken,
  publishedBy,
  tenantOf,
} = require('../client.js');
const { CLIENT_OPTIONS, refusal } = require('../core/options.js');
const { publish } = require('../core/channels.js');
const { errorOf } = require('../core/failure.js');
const { possessionOf, proofOf } = require('../core/possession.js');
const { readRoute } = require('../core/requirements.js');
const { withStack } = require('../core/stack.js');
const {
  Admitted,
  Refused,
  claimsOf,
  isAdmitted,
  isVerdict,
  verdictOnClaims,
  whyOf,
} = require('../core/verdict.js');
const { MonoCloudAuthBaseError } = require('../errors.js');
const { readMember, readOptions } = require('../core/options-reader.js');
const { bearerToken, dpopToken, schemeOf } = require('./bearer.js');
const { NO_TOKEN, answerTo } = require('../core/challenge.js');
const { replaced } = require('./error-response.js');
const { withResourceMetadata } = require('./resource-metadata.js');

const { apply } = Reflect;

/** What a factory takes beside a client or its options; all are functions. */
const FUNCTIONS = /** @type {const} */ (['tokenResolver', 'certificateResolver', 'errorResponse']);

/**
 * @typedef {Record<(typeof FUNCTIONS)[number], {} | undefined>} GivenFunctions
 * @typedef {{
 *   tokenResolver: TokenResolver<object> | undefined,
 *   certificateResolver: ClientCertificateResolver<object> | undefined,
 *   errorResponse: ErrorResponse<object> | undefined,
 * }} Functions
 * @typedef {Functions & { client: AccessTokenValidator }} Parts
 * @typedef {InstanceType<typeof Admitted>} Admission
 * @typedef {InstanceType<typeof Refused>} Refusal
 * @typedef {Required<ProtectOptions>['authorize']} Authorize
 */

/**
 * `protectApi(client, functions)` or `protectApi(options)`: a client, and the functions.
 * @param {unknown} clientOrOptions
 * @param {unknown} requestOptions
 * @param {Function} from
 * @returns {Parts}
 */
function readArguments(clientOrOptions, requestOptions, from) {
  if (hasMethod(clientOrOptions, from)) {
    const record = readOptions(requestOptions, FUNCTIONS, { what: 'protectApi()', from });
    return { client: clientOrOptions, ...functionsOf(record, from) };
  }
  if (isClient(clientOrOptions)) {
    throw refusal('"client" must have a method validateAccessToken', from);
  }
  const names = [...CLIENT_OPTIONS, ...FUNCTIONS];
  const record = readOptions(clientOrOptions, names, { what: 'protectApi()', from });
  const functions = functionsOf(record, from);
  return { client: clientOf(record, from), ...functions };
}

/**
 * Whether a value is a client: `validateAccessToken` is its own or its class's, and a function.
 * @param {unknown} value
 * @param {Function} from
 * @returns {value is AccessTokenValidator}
 */
function hasMethod(value, from) {
  if (typeof value !== 'object' || value === null) return false;
  return typeof readMember(value, 'validateAccessToken', from) === 'function';
}

/**
 * @param {GivenFunctions} record
 * @param {Function} from
 * @returns {Functions}
 */
function functionsOf(record, from) {
  for (const name of FUNCTIONS) {
    if (record[name] !== undefined && typeof record[name] !== 'function') {
      throw refusal(`"${name}" must be a function`, from);
    }
  }
  // Functions, each called with the framework's own request.
  const { tokenResolver, certificateResolver, errorResponse } = /** @type {Functions} */ (record);
  return { tokenResolver, certificateResolver, errorResponse };
}

/**
 * @param {Record<string, unknown>} record
 * @param {Function} from
 */
function clientOf(record, from) {
  /** @type {Record<string, unknown>} */
  const options = { __proto__: null };
  for (const name of CLIENT_OPTIONS) options[name] = record[name];
  try {
    return new MonoCloudBackendNodeClient(options);
  } catch (error) {
    throw error instanceof MonoCloudAuthBaseError ? withStack(error, from) : error;
  }
}

/**
 * `app.use(protect)` in place of `app.use(protect())`: the factory is called with a request, and would never
 * answer it. `more`: what came after the factory's one argument.
 * @param {unknown[]} more
 * @param {Function} from
 */
function requireCall(more, from) {
  if (more.length === 0) return;
  throw refusal('protect must be called where the route is set up: protect(), not protect', from);
}

/**
 * What a framework's adapter reads from a request of that framework. A header that a prototype has is none.
 * @template R
 * @typedef {{
 *   authorization(request: R): unknown,
 *   proof(request: R): unknown,
 *   method(request: R): string,
 *   url(request: R): string | undefined,
 * }} Adapter `authorization` and `proof`: the headers `Authorization` and `DPoP`, several joined by `, `.
 * `url`: the absolute URL that the client asked for, by the framework's own proxy trust; `undefined` where
 * the request names no host.
 */

/**
 * The guard of one route. `admit` takes a request and returns the verdict, or a promise of it where something
 * has to be waited for; it neither throws nor rejects. `answer` makes the answer to a verdict that does not
 * admit. `headersFor` returns the headers, as pairs, of the response to a request that was admitted.
 * @template R
 * @typedef {{
 *   admit(request: R): Verdict | Promise<Verdict>,
 *   answer(verdict: Refusal, request: R): Reply | Promise<Reply>,
 *   headersFor(request: R): Headers | undefined,
 * }} Guard
 */

/**
 * @template {object} R
 * @param {Parts} parts
 * @param {unknown} options
 * @param {Adapter<R>} adapter
 * @param {Function} from
 * @returns {Guard<R>}
 */
function guard(
  { client, tokenResolver, certificateResolver, errorResponse },
  options,
  adapter,
  from,
) {
  const { requirements, authorize, optional } = readRoute(options, from);
  const givesNonces = hasNonces(client);
  const metadataUrl = publishedBy(client)?.metadata.url;
  const looksAtCertificate = certificateResolver !== undefined && !requirements.ignoresCertificates;
  const waits = looksAtCertificate || tokenResolver !== undefined;

  /**
   * @param {string} token
   * @param {GivenPossession | undefined} possession
   */
  function ask(token, possession) {
    const method = client.validateAccessToken;
    return method === ownValidateAccessToken
      ? // Another object with this method is refused by it: it has no core.
        judge(/** @type {Client} */ (client), token, requirements, possession)
      : askMethod(method, token, possession);
  }

  /**
   * @param {AccessTokenValidator['validateAccessToken']} method
   * @param {string} token
   * @param {GivenPossession | undefined} possession
   */
  async function askMethod(method, token, possession) {
    return verdictOnClaims(
      await apply(method, client, [token, requirements.documented(possession)]),
    );
  }

  /**
   * @param {R} request
   * @param {string | null} [resolved] the token of the resolver
   * @param {string} [certificate]
   */
  function judgeRequest(request, resolved, certificate) {
    const authorization = adapter.authorization(request);
    const bearer = (resolved ?? bearerToken(authorization))?.trim();
    const token = bearer ?? dpopToken(authorization);
    if (token === undefined || token === '') return withoutToken(token, authorization);
    const header = adapter.proof(request);
    if (bearer !== undefined && header === undefined) {
      return ask(token, possessionOf(certificate, undefined));
    }
    // A resolved token has no scheme: with a `DPoP` header it counts as one of the scheme `DPoP`.
    const besideBearer = bearer !== undefined && (resolved ?? undefined) === undefined;
    const url = adapter.url(request) ?? '';
    const proof = proofOf(header, adapter.method(request), url, besideBearer);
    return ask(token, possessionOf(certificate, proof));
  }

  /**
   * @param {string | undefined} token
   * @param {unknown} authorization
   */
  function withoutToken(token, authorization) {
    if (!optional) return new Refused(NO_TOKEN);
    // A scheme without exactly one token is a bad token, and not the lack of one.
    return token === undefined && schemeOf(authorization) !== undefined
      ? new Refused({})
      : new Admitted(undefined);
  }

  /** @param {R} request */
  async function judgeResolved(request) {
    const certificate = looksAtCertificate
      ? ((await certificateResolver(request)) ?? undefined)
      : undefined;
    const resolved = tokenResolver ? await tokenResolver(request) : undefined;
    return judgeRequest(request, resolved, certificate);
  }

  /**
   * The verdict once the route's own rule has passed the claims that the handler will get.
   * @param {Admission} verdict
   * @param {object} request
   */
  function authorized(verdict, request) {
    const claims = claimsOf(verdict);
    if (authorize === undefined || claims === undefined) return verdict;
    try {
      const allowed = authorize(claims, request);
      return allowed === true ? verdict : authorizedLater(verdict, allowed);
    } catch (error) {
      return denied(client, error);
    }
  }

  /**
   * @param {Admission} verdict
   * @param {unknown} pending
   */
  async function authorizedLater(verdict, pending) {
    try {
      return (await pending) === true ? verdict : denied(client);
    } catch (error) {
      return denied(client, error);
    }
  }

  /**
   * @param {unknown} pending
   * @param {object} request
   */
  async function settled(pending, request) {
    try {
      const verdict = await pending;
      if (!isVerdict(verdict)) return new Refused({});
      return isAdmitted(verdict) ? await authorized(verdict, request) : verdict;
    } catch (error) {
      return new Refused({ error });
    }
  }

  /** @param {R} request */
  function admit(request) {
    try {
      const verdict = waits ? judgeResolved(request) : judgeRequest(request);
      if (!isVerdict(verdict)) return settled(verdict, request);
      return isAdmitted(verdict) ? authorized(verdict, request) : verdict;
    } catch (error) {
      return new Refused({ error });
    }
  }

  /**
   * @param {Refusal} verdict
   * @param {R} request
   */
  function answer(verdict, request) {
    const proof = adapter.proof(request);
    const scheme = schemeOf(adapter.authorization(request));
    const isDpop = scheme === 'dpop' || (scheme === undefined && proof !== undefined);
    const about = { __proto__: null, ...dpopOf(client), isDpop };
    const usual = withResourceMetadata(answerTo(verdict, requirements, about), metadataUrl);
    if (isDpop) usual.headers.push(...(nonceFor(proof) ?? []));
    if (errorResponse === undefined) return usual;
    const error = whyOf(verdict) === NO_TOKEN ? undefined : errorOf(verdict, answer);
    return replaced(errorResponse, usual, error, request);
  }

  /**
   * The nonce to use from now on, where a proof has another one.
   * @param {unknown} proof
   * @returns {Headers | undefined}
   */
  function nonceFor(proof) {
    const nonce = nextNonceOf(client, typeof proof === 'string' ? proof : undefined);
    return nonce === undefined ? undefined : [['DPoP-Nonce', nonce]];
  }

  /** @param {R} request */
  function headersFor(request) {
    const proof = givesNonces ? adapter.proof(request) : undefined;
    return proof === undefined ? undefined : nonceFor(proof);
  }

  return { admit, answer, headersFor };
}

/**
 * The refusal of a route's own rule, which is told to those who listen, with what the rule threw.
 * @param {unknown} client
 * @param {unknown} [error]
 */
function denied(client, error) {
  publish('refused', () => {
    const { code, reason } = DENIED;
    const message = { tenantDomain: tenantOf(client) ?? '', code, reason };
    return error === undefined ? message : { ...message, error };
  });
  return new Refused({ failure: DENIED });
}

/**
 * A setter, of the request's or inherited, may keep nothing: the handler would run without the claims.
 * @param {object & { claims?: unknown }} request
 * @param {AccessTokenClaims | undefined} claims
 */
function setClaims(request, claims) {
  request.claims = claims;
  if (request.claims === claims) return;
  throw new MonoCloudAuthBaseError('The claims could not be set on the request', undefined);
}

/** @type {Failure & { code: MonoCloudTokenErrorCode, reason: string }} */
const DENIED = {
  kind: 'token',
  message: 'The route does not allow this access token',
  code: 'access_denied',
  reason: 'not_authorized',
};

/**
 * An error for a framework's error handler. A framework may take another thrown value for none.
 * @param {unknown} thrown
 */
function asError(thrown) {
  return typeof thrown === 'object' && thrown !== null
    ? thrown
    : new MonoCloudAuthBaseError('The answer could not be sent', undefined);
}

module.exports = { asError, guard, readArguments, requireCall, setClaims };
