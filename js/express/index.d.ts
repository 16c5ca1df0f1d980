import type { Request, RequestHandler } from 'express';
import type {
  AccessTokenClaims,
  AccessTokenValidator,
  CertificateFromHeaderOptions,
  ClientCertificateResolver,
  MonoCloudBackendNodeClientOptions,
  ProtectApiRequestOptions,
  ProtectOptions,
} from '../../index.js';

export * from '../../index.js';

/**
 * An Express request that came through {@link protectApi}, for a cast in the handler:
 * `const { claims } = req as AuthenticatedExpressRequest`.
 *
 * @typeParam T - The claims, where yours are more than the standard ones.
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
 * | scopes or groups are missing | 403 | `Bearer error="insufficient_scope"` |
 * | the tenant is out of reach | 503 | none; `Retry-After` |
 * | the tenant refuses this API | 500 | none |
 *
 * @param options - What the token must have besides being genuine and alive. Nothing: any valid token.
 */
export type ProtectMiddleware = (options?: ProtectOptions) => RequestHandler;

/**
 * Guards Express routes with a client of your own.
 *
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 */
export declare function protectApi<R extends AnyExpressRequest = Request>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectMiddleware;
/**
 * Guards Express routes. Call it once, when the program starts: it builds a client from the options and
 * the `MONOCLOUD_BACKEND_*` environment variables. The tenant is first asked when the first token comes.
 *
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @throws MonoCloudValidationError where something required is missing or a value is bad.
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
 * @throws MonoCloudValidationError where an option is missing or bad.
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
