/**
 * `@monocloud/backend-node/express`: all that the root has, and the guard of Express routes.
 *
 * ```ts
 * import express from 'express';
 * import { protectApi, type AuthenticatedExpressRequest } from '@monocloud/backend-node/express';
 *
 * const app = express();
 * const protect = protectApi(); // reads MONOCLOUD_BACKEND_* of the environment
 *
 * app.get('/api/posts', protect({ scopes: ['posts:read'] }), (req, res) => {
 *   const { claims } = req as AuthenticatedExpressRequest;
 *   res.json({ sub: claims.sub });
 * });
 * ```
 *
 * @packageDocumentation
 */

import type { Request, RequestHandler } from 'express';
import type {
  AccessTokenClaims,
  AccessTokenValidator,
  CertificateFromHeaderOptions,
  CertificateHeaderFormat,
  ClientCertificateResolver,
  MonoCloudBackendNodeClientOptions,
  MonoCloudValidationError,
  ProblemDetailsOptions,
  ProblemResponse,
  ProtectApiRequestOptions,
  ProtectOptions,
} from '../../index.js';

export * from '../../index.js';

/**
 * An Express request that came through {@link protectApi}, for a cast in the handler:
 * `const { claims } = req as AuthenticatedExpressRequest`.
 *
 * @typeParam T - The claims, where yours are more than the standard ones.
 * @example
 * ```ts
 * interface MyClaims extends AccessTokenClaims {
 *   plan?: 'free' | 'paid';
 * }
 * app.get('/api/plan', protect(), (req, res) => {
 *   const { claims } = req as AuthenticatedExpressRequest<MyClaims>;
 *   res.json({ plan: claims.plan ?? 'free' });
 * });
 * ```
 *
 * @example
 * ```ts
 * // Or once for all routes, without a cast:
 * declare global {
 *   namespace Express {
 *     interface Request {
 *       claims?: AccessTokenClaims;
 *     }
 *   }
 * }
 * app.get('/api/me', protect(), (req, res) => void res.json({ sub: req.claims?.sub }));
 * ```
 */
export type AuthenticatedExpressRequest<T extends AccessTokenClaims = AccessTokenClaims> =
  Request & {
    /** The claims of the token that was validated. */
    claims: T;
  };

/** A request of any Express route, whatever its parameters, its query and its body are. */
export type AnyExpressRequest = Request<any, any, any, any, any>;

/**
 * Makes the middleware of one route: `app.get('/api/posts', protect({ scopes: ['posts:read'] }), handler)`.
 *
 * The middleware calls `next()` when the token passes, and answers by itself when not. It never calls
 * `next(err)`.
 *
 * | case | status | `WWW-Authenticate` (RFC 6750 §3) |
 * |---|---|---|
 * | no token | 401 | `Bearer` |
 * | the token does not pass | 401 | `Bearer error="invalid_token"` |
 * | scopes are missing | 403 | `Bearer error="insufficient_scope", scope="…"` |
 * | groups are missing, or `claims` or `authorize` of the route is not met | 403 | `Bearer error="insufficient_scope"` |
 * | `acr` or `maxAge` of the route is not met (RFC 9470 §3) | 401 | `Bearer error="insufficient_user_authentication", acr_values="…", max_age="…"` |
 * | the tenant is out of reach | 503 | none; `Retry-After` |
 * | the tenant refuses this API | 500 | none |
 *
 * @typeParam Scopes - The scopes that there are, as a union: a scope that is not one of them does not compile.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 RFC 6750 §3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 RFC 9470 §3}
 */
// Without the `never`, `app.use(protect)` would compile: a function of anything passes for Express's handler
// of errors, whose first parameter is `any`. Such a route would never answer.
export interface ProtectMiddleware<Scopes extends string = string> {
  /** `options`: what the token must have besides being genuine and alive. Nothing: any valid token. */
  (options?: ProtectOptions<Scopes, Request>, ...nothing: never[]): RequestHandler;
  /**
   * Middleware that answers requests for the API's metadata document (RFC 9728 §3), CORS preflights included, and
   * passes on every other request. It goes before the guard.
   *
   * @throws {MonoCloudValidationError} where the client has no `resourceMetadata`.
   */
  metadata(): RequestHandler;
}

/**
 * Guards Express routes with a client of your own.
 *
 * @typeParam R - The request that the resolvers get, where it has more than Express declares. It is taken
 * at your word, not checked. Mostly it need not be named: it is what their parameter says.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 *
 * @example
 * ```ts
 * // A token in a cookie, of which a plugin has told Express's requests.
 * interface CookieRequest extends Request {
 *   cookies: { access_token?: string };
 * }
 * const client = new MonoCloudBackendNodeClient();
 * const protect = protectApi<CookieRequest>(client, {
 *   tokenResolver: (req) => req.cookies.access_token,
 * });
 * ```
 */
export declare function protectApi<R extends AnyExpressRequest = Request>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectMiddleware;
/**
 * Guards Express routes. Call it once, when the program starts: it builds a client from the options and
 * the `MONOCLOUD_BACKEND_*` environment variables. The tenant is first asked when the first token comes.
 *
 * @typeParam R - The request that the resolvers get, where it has more than Express declares.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @returns What makes the guard of a route: `protect()`, `protect({ scopes: ['posts:read'] })`.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 *
 * @example
 * ```ts
 * const protect = protectApi();
 *
 * app.get('/api/me', protect(), (req, res) => {
 *   const { claims } = req as AuthenticatedExpressRequest;
 *   res.json({ sub: claims.sub });
 * });
 * ```
 */
export declare function protectApi<R extends AnyExpressRequest = Request>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectMiddleware;
/**
 * Guards Express routes with a client of your own, whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request that the resolvers get. It is not inferred where `Scopes` is named.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<Scopes extends string, R extends AnyExpressRequest = Request>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectMiddleware<Scopes>;
/**
 * Guards Express routes whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request that the resolvers get. It is not inferred where `Scopes` is named.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @returns What makes the guard of a route: `protect()`, `protect({ scopes: ['posts:read'] })`.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 *
 * @example
 * ```ts
 * const protect = protectApi<'posts:read' | 'posts:write'>();
 *
 * const readers = protect({ scopes: ['posts:read'] }); // 'post:read' would not compile
 * ```
 */
export declare function protectApi<Scopes extends string, R extends AnyExpressRequest = Request>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectMiddleware<Scopes>;

/**
 * Makes an `errorResponse` that answers with problem details (RFC 9457, `application/problem+json`). Status
 * and headers are those of the guard's own answer.
 *
 * @param options - What the problems are called.
 * @throws {MonoCloudValidationError} where an option is bad.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 * @example
 * ```ts
 * const protect = protectApi({ errorResponse: problemDetails() });
 * ```
 */
export declare function problemDetails(options?: ProblemDetailsOptions): ProblemResponse;

/**
 * A `certificateResolver` for an API that terminates TLS itself: the certificate that the client showed
 * in the handshake of this request's connection.
 *
 * The server must ask for certificates (`requestCert: true`). With `rejectUnauthorized: false` any
 * certificate will do: what counts is that the token is bound to it, and neither its issuer nor its dates
 * are looked at (RFC 8705 §3). With `true` and `ca`, Node.js lets in only those of your CAs that are in date.
 *
 * A resumed TLS session shows the certificate that it began with. One that began without, or at another
 * server with the same `ticketKeys` that asked for none, has no certificate, whatever the client has by
 * now and even where Node.js calls the connection `authorized`: a bound token is refused.
 *
 * @example
 * ```ts
 * const protect = protectApi({ certificateResolver: certificateFromSocket() });
 * https.createServer({ key, cert, requestCert: true, rejectUnauthorized: false }, app).listen(443);
 * ```
 */
export declare function certificateFromSocket(): ClientCertificateResolver<Request>;

/**
 * A `certificateResolver` for an API behind a proxy that terminates TLS: the certificate that the proxy
 * puts into a header.
 *
 * The header is believed only where the connection itself comes from an address in `trustProxy`; from
 * anybody else it counts as not sent. A header that is there twice, is longer than 64 KiB, or is not what
 * the proxy would write, is a malformed certificate. {@link CertificateHeaderFormat} says how to configure
 * each proxy.
 *
 * @param options - Which proxy, and where it is. With `trustProxy: true` it is where `app.set('trust proxy', …)` says.
 * @throws {MonoCloudValidationError} where an option is missing or bad.
 *
 * @example
 * ```ts
 * const certificateResolver = certificateFromHeader({ format: 'nginx', trustProxy: '10.0.0.0/8' });
 * const protect = protectApi({ certificateResolver });
 * ```
 */
export declare function certificateFromHeader(
  options: CertificateFromHeaderOptions,
): ClientCertificateResolver<Request>;
