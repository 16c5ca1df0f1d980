'use strict';

// What the frameworks share: the arguments of `protectApi`, and the way of one request to its verdict.

const {
  MonoCloudBackendNodeClient,
  isClient,
  judge,
  ownValidateAccessToken,
} = require('../client.js');
const { CLIENT_OPTIONS, refusal } = require('../core/options.js');
const { certificateText, readRequirements } = require('../core/requirements.js');
const { withStack } = require('../core/stack.js');
const { Refused, isVerdict, verdictOnClaims } = require('../core/verdict.js');
const { MonoCloudAuthBaseError } = require('../errors.js');
const { readOptions } = require('../core/options-reader.js');
const { bearerToken } = require('./bearer.js');
const { NO_TOKEN } = require('./challenge.js');

const { apply } = Reflect;

const RESOLVERS = ['tokenResolver', 'certificateResolver'];

/** `protectApi(client, resolvers)` or `protectApi(options)`: a client, and the two resolvers. */
function readArguments(clientOrOptions, requestOptions, from) {
  if (hasMethod(clientOrOptions, from)) {
    const record = readOptions(requestOptions, RESOLVERS, { what: 'protectApi()', from });
    return { client: clientOrOptions, ...resolversOf(record, from) };
  }
  if (isClient(clientOrOptions)) {
    throw refusal('"client" must have a method validateAccessToken', from);
  }
  const names = [...CLIENT_OPTIONS, ...RESOLVERS];
  const record = readOptions(clientOrOptions, names, { what: 'protectApi()', from });
  const resolvers = resolversOf(record, from);
  return { client: clientOf(record, from), ...resolvers };
}

/** Whether a value is a client: `validateAccessToken` is its own or its class's, and a function. */
function hasMethod(value, from) {
  if (typeof value !== 'object' || value === null) return false;
  try {
    for (let holder = value; ; holder = Reflect.getPrototypeOf(holder)) {
      if (holder === null || holder === Object.prototype) return false;
      if (Object.hasOwn(holder, 'validateAccessToken')) {
        return typeof value.validateAccessToken === 'function';
      }
    }
  } catch {
    throw refusal('"options" can\'t be read', from);
  }
}

function resolversOf(record, from) {
  for (const name of RESOLVERS) {
    const resolver = record[name];
    if (resolver !== undefined && typeof resolver !== 'function') {
      throw refusal(`"${name}" must be a function`, from);
    }
  }
  const { tokenResolver, certificateResolver } = record;
  return { tokenResolver, certificateResolver };
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
 * The guard of one route: a function of a request and its `Authorization` header. It returns the verdict, or
 * a promise of it where something has to be waited for, and it neither throws nor rejects.
 */
function guard({ client, tokenResolver, certificateResolver }, options, from) {
  const requirements = readRequirements(options, from);
  const looksAtCertificate = certificateResolver !== undefined && !requirements.ignoresCertificates;

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

  function judgeToken(token, certificate) {
    if (token === undefined || token === '') return new Refused(NO_TOKEN);
    return ask(token, certificate);
  }

  async function judgeResolved(request, authorization) {
    const certificate = looksAtCertificate
      ? ((await certificateResolver(request)) ?? undefined)
      : undefined;
    const resolved = tokenResolver ? await tokenResolver(request) : undefined;
    return judgeToken((resolved ?? bearerToken(authorization))?.trim(), certificate);
  }

  return function admit(request, authorization) {
    try {
      const verdict =
        looksAtCertificate || tokenResolver
          ? judgeResolved(request, authorization)
          : judgeToken(bearerToken(authorization)?.trim(), undefined);
      return isVerdict(verdict) ? verdict : settled(verdict);
    } catch (error) {
      return new Refused({ error });
    }
  };
}

/** The verdict that comes; a refusal where none does. */
async function settled(pending) {
  try {
    const verdict = await pending;
    return isVerdict(verdict) ? verdict : new Refused({});
  } catch (error) {
    return new Refused({ error });
  }
}

/** A setter, of the request's or inherited, may keep nothing: the handler would run without the claims. */
function setClaims(request, claims) {
  request.claims = claims;
  if (request.claims === claims) return;
  throw new MonoCloudAuthBaseError('The claims could not be set on the request', undefined);
}

/** An error for a framework's error handler. A framework may take another thrown value for none. */
function asError(thrown) {
  return typeof thrown === 'object' && thrown !== null
    ? thrown
    : new MonoCloudAuthBaseError('The answer could not be sent', undefined);
}

module.exports = { asError, guard, readArguments, requireCall, setClaims };
