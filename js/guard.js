'use strict';

// What both frameworks share: a factory's arguments, and one request's way to its claims. Neither
// knows the core; of the client they use `validateAccessToken` and nothing else.

const { bearerToken } = require('./bearer.js');
const { NO_TOKEN, answerTo } = require('./challenge.js');
const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  validateAccessToken,
} = require('./client.js');
const { MonoCloudAuthBaseError, MonoCloudValidationError } = require('./errors.js');
const { readRoute, requireObject } = require('./options.js');
const { withStack } = require('./outcome.js');
const { Prepared, Route } = require('./routes.js');

/** A factory's arguments. `from` is the factory: an error's stack begins where it was called. */
function readArguments(clientOrOptions, requestOptions, from) {
  try {
    return readParts(clientOrOptions, requestOptions);
  } catch (error) {
    if (error instanceof MonoCloudAuthBaseError) throw withStack(error, from);
    // A getter or a proxy of the caller's threw.
    throw withStack(new MonoCloudValidationError('"options" can\'t be read'), from);
  }
}

/** `(client, resolvers)` or `(options)`: a client, and the two resolvers. */
function readParts(clientOrOptions, requestOptions) {
  if (typeof clientOrOptions?.validateAccessToken === 'function') {
    return { client: clientOrOptions, ...readResolvers(requestOptions) };
  }
  if (clientOrOptions instanceof MonoCloudOidcBackendClient) {
    throw new MonoCloudValidationError('"client" must have a method validateAccessToken');
  }
  const client = new MonoCloudBackendNodeClient(clientOrOptions);
  return { client, ...readResolvers(clientOrOptions) };
}

function readResolvers(options) {
  requireObject(options);
  const resolvers = {};
  for (const name of ['tokenResolver', 'certificateResolver']) {
    const resolver = options?.[name] ?? undefined;
    if (resolver !== undefined && typeof resolver !== 'function') {
      throw new MonoCloudValidationError(`"${name}" must be a function`);
    }
    resolvers[name] = resolver;
  }
  return resolvers;
}

/**
 * The guard of one route: `(request, authorization)` to `{ claims }`, or to `{ refusal }` with the
 * answer to give. It never throws, so that what a handler throws can't end up here.
 */
function guard({ client, tokenResolver, certificateResolver }, options, from) {
  const asked = readRoute(options, from);
  const certified = certificateResolver && asked.validateCertificateBinding !== false;
  const route = new Route(asked);
  const uncertified = new Prepared(route);
  /** Our own client is spared reading again what was read here; any other gets plain options. */
  function optionsFor(clientCertificate) {
    if (client.validateAccessToken !== validateAccessToken) return { ...asked, clientCertificate };
    return clientCertificate === undefined ? uncertified : new Prepared(route, clientCertificate);
  }
  return async function admit(request, authorization) {
    try {
      const clientCertificate = certified ? await certificateResolver(request) : undefined;
      const resolved = tokenResolver ? await tokenResolver(request) : undefined;
      const token = (resolved || bearerToken(authorization))?.trim();
      if (!token) return { refusal: NO_TOKEN };
      return { claims: await client.validateAccessToken(token, optionsFor(clientCertificate)) };
    } catch (error) {
      return { refusal: answerTo(error) };
    }
  };
}

module.exports = { guard, readArguments };
