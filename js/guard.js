'use strict';

// What both frameworks share: a factory's arguments, and one request's way to its claims. Neither
// knows the core; of the client they use `validateAccessToken` and nothing else.

const { bearerToken } = require('./bearer.js');
const { NO_TOKEN, answerTo } = require('./challenge.js');
const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  validate,
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

/**
 * `app.use(protect)` where `app.use(protect())` is meant: the maker of guards is called with a request,
 * and nobody would ever answer that. `more`: what came after the one argument that there is.
 */
function requireCall(more, from) {
  if (more.length === 0) return;
  const message = 'protect must be called where the route is set up: protect(), not protect';
  throw withStack(new MonoCloudValidationError(message), from);
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
 * answer to give, or to a promise of either where something has to be waited for. It never throws, so
 * that what a handler throws can't end up here.
 */
function guard({ client, tokenResolver, certificateResolver }, options, from) {
  const asked = readRoute(options, from);
  const certified = certificateResolver && asked.validateCertificateBinding !== false;
  const route = new Route(asked);
  const uncertified = new Prepared(route);

  /**
   * The claims of a token. Our own method does not read again what was read here, and answers at once
   * where it can; whatever a program has put in its place is called as documented.
   */
  function ask(token, clientCertificate) {
    if (client.validateAccessToken !== validateAccessToken) {
      return Promise.resolve(client.validateAccessToken(token, { ...asked, clientCertificate }));
    }
    const prepared =
      clientCertificate === undefined ? uncertified : new Prepared(route, clientCertificate);
    return validate(client, token, prepared, validateAccessToken);
  }

  function judge(token, clientCertificate) {
    if (!token) return { refusal: NO_TOKEN };
    try {
      const claims = ask(token, clientCertificate);
      return claims instanceof Promise ? claims.then(accepted, refused) : accepted(claims);
    } catch (error) {
      return refused(error);
    }
  }

  async function judgeResolved(request, authorization) {
    try {
      const clientCertificate = certified ? await certificateResolver(request) : undefined;
      const resolved = tokenResolver ? await tokenResolver(request) : undefined;
      const token = (resolved || bearerToken(authorization))?.trim();
      return await judge(token, clientCertificate);
    } catch (error) {
      return refused(error);
    }
  }

  return function admit(request, authorization) {
    if (certified || tokenResolver) return judgeResolved(request, authorization);
    return judge(bearerToken(authorization)?.trim(), undefined);
  };
}

const accepted = (claims) => ({ claims });
const refused = (error) => ({ refusal: answerTo(error) });

module.exports = { guard, readArguments, requireCall };
