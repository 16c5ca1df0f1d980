import type { Request, RequestHandler } from 'express';
import type {
  AccessTokenClaims,
  AccessTokenValidator,
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
export declare function protectApi(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<Request>,
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
export declare function protectApi(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<Request>,
): ProtectMiddleware;
