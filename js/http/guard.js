'use strict';

// What the frameworks share: the arguments of `protectApi`, and the way of one request to its verdict.

const {
  MonoCloudBackendNodeClient,
  isClient,
  judge,
  ownValidateAccessToken,
  tenantOf,
} = require('../client.js');
const { CLIENT_OPTIONS, refusal } = require('../core/options.js');
const { publish } = require('../core/channels.js');
const { errorOf } = require('../core/failure.js');
const { certificateText, readRoute } = require('../core/requirements.js');
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
const { bearerToken, hasBearerScheme } = require('./bearer.js');
const { NO_TOKEN, answerTo } = require('./challenge.js');
const { replaced } = require('./error-response.js');

const { apply } = Reflect;

/** What a factory takes beside a client or its options; all are functions. */
const FUNCTIONS = ['tokenResolver', 'certificateResolver', 'errorResponse'];

/** `protectApi(client, functions)` or `protectApi(options)`: a client, and the functions. */
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

/** Whether a value is a client: `validateAccessToken` is its own or its class's, and a function. */
function hasMethod(value, from) {
  if (typeof value !== 'object' || value === null) return false;
  return typeof readMember(value, 'validateAccessToken', from) === 'function';
}

function functionsOf(record, from) {
  for (const name of FUNCTIONS) {
    if (record[name] !== undefined && typeof record[name] !== 'function') {
      throw refusal(`"${name}" must be a function`, from);
    }
  }
  const { tokenResolver, certificateResolver, errorResponse } = record;
  return { tokenResolver, certificateResolver, errorResponse };
}

function clientOf(record, from) {
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
 */
function requireCall(more, from) {
  if (more.length === 0) return;
  throw refusal('protect must be called where the route is set up: protect(), not protect', from);
}

/**
 * The guard of one route. `admit` takes a request and its `Authorization` header and returns the verdict, or
 * a promise of it where something has to be waited for; it neither throws nor rejects. `answer` makes the
 * answer to a verdict that does not admit.
 */
function guard({ client, tokenResolver, certificateResolver, errorResponse }, options, from) {
  const { requirements, authorize, optional } = readRoute(options, from);
  const looksAtCertificate = certificateResolver !== undefined && !requirements.ignoresCertificates;
  const waits = looksAtCertificate || tokenResolver !== undefined;

  function ask(token, certificate) {
    const method = client.validateAccessToken;
    return method === ownValidateAccessToken
      ? judge(client, token, requirements, certificateText(certificate))
      : askMethod(method, token, certificate);
  }

  async function askMethod(method, token, certificate) {
    return verdictOnClaims(
      await apply(method, client, [token, requirements.documented(certificate)]),
    );
  }

  function judgeToken(token, certificate, authorization) {
    if (token !== undefined && token !== '') return ask(token, certificate);
    if (!optional) return new Refused(NO_TOKEN);
    // A `Bearer` header without exactly one token is a bad token, and not the lack of one.
    return token === undefined && hasBearerScheme(authorization)
      ? new Refused({})
      : new Admitted(undefined);
  }

  async function judgeResolved(request, authorization) {
    const certificate = looksAtCertificate
      ? ((await certificateResolver(request)) ?? undefined)
      : undefined;
    const resolved = tokenResolver ? await tokenResolver(request) : undefined;
    const token = (resolved ?? bearerToken(authorization))?.trim();
    return judgeToken(token, certificate, authorization);
  }

  /** The verdict once the route's own rule has passed the claims that the handler will get. */
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

  async function authorizedLater(verdict, pending) {
    try {
      return (await pending) === true ? verdict : denied(client);
    } catch (error) {
      return denied(client, error);
    }
  }

  async function settled(pending, request) {
    try {
      const verdict = await pending;
      if (!isVerdict(verdict)) return new Refused({});
      return isAdmitted(verdict) ? await authorized(verdict, request) : verdict;
    } catch (error) {
      return new Refused({ error });
    }
  }

  function admit(request, authorization) {
    try {
      const verdict = waits
        ? judgeResolved(request, authorization)
        : judgeToken(bearerToken(authorization)?.trim(), undefined, authorization);
      if (!isVerdict(verdict)) return settled(verdict, request);
      return isAdmitted(verdict) ? authorized(verdict, request) : verdict;
    } catch (error) {
      return new Refused({ error });
    }
  }

  function answer(verdict, request) {
    const usual = answerTo(verdict, requirements);
    if (errorResponse === undefined) return usual;
    const error = whyOf(verdict) === NO_TOKEN ? undefined : errorOf(verdict, answer);
    return replaced(errorResponse, usual, error, request);
  }

  return { admit, answer };
}

/** The refusal of a route's own rule, which is told to those who listen, with what the rule threw. */
function denied(client, error) {
  publish('refused', () => {
    const { code, reason } = DENIED;
    const message = { tenantDomain: tenantOf(client) ?? '', code, reason };
    return error === undefined ? message : { ...message, error };
  });
  return new Refused({ failure: DENIED });
}

/** A setter, of the request's or inherited, may keep nothing: the handler would have other claims. */
function setClaims(request, claims) {
  request.claims = claims;
  if (request.claims === claims) return;
  throw new MonoCloudAuthBaseError('The claims could not be set on the request', undefined);
}

const DENIED = {
  kind: 'token',
  message: 'The route does not allow this access token',
  code: 'access_denied',
  reason: 'not_authorized',
};

/** An error for a framework's error handler. A framework may take another thrown value for none. */
function asError(thrown) {
  return typeof thrown === 'object' && thrown !== null
    ? thrown
    : new MonoCloudAuthBaseError('The answer could not be sent', undefined);
}

module.exports = { asError, guard, readArguments, requireCall, setClaims };
