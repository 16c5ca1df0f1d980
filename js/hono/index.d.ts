/**
 * `@monocloud/backend-node/hono`: all that the root has, and the guard of Hono routes.
 *
 * ```ts
 * import { Hono } from 'hono';
 * import { protectApi } from '@monocloud/backend-node/hono';
 *
 * const app = new Hono();
 * const protect = protectApi(); // reads MONOCLOUD_BACKEND_* of the environment
 *
 * app.get('/api/posts', protect({ scopes: ['posts:read'] }), (c) => {
 *   return c.json({ sub: c.get('claims').sub });
 * });
 * ```
 *
 * @packageDocumentation
 */

import type { Context, MiddlewareHandler } from 'hono';
import type {
  AccessTokenClaims,
  AccessTokenValidator,
  MonoCloudBackendNodeClientOptions,
  MonoCloudValidationError,
  ProblemDetailsOptions,
  ProblemResponse,
  ProtectApiRequestOptions,
  ProtectOptions,
} from '../../index.js';

export * from '../../index.js';

/**
 * What the guard adds to a context, for `new Hono<HonoClaims>()` where a handler does not stand after the guard.
 *
 * @typeParam C - The claims; with `undefined` on a route with `optional: true`.
 */
export interface HonoClaims<C = AccessTokenClaims> {
  /** The variables of the context. */
  Variables: {
    /** The claims of the token that was validated. */
    claims: C;
  };
}

/**
 * Makes the middleware of one route: `app.get('/api/posts', protect({ scopes: ['posts:read'] }), handler)`.
 * `c.get('claims')` has its type in the handlers after it. The answers are those of the guard for Express, byte for
 * byte.
 *
 * @typeParam Scopes - The scopes that there are, as a union: a scope that is not one of them does not compile.
 */
export interface ProtectHono<Scopes extends string = string> {
  /** With `optional`, a request without a token has no claims. */
  (
    options: ProtectOptions<Scopes, Context> & { optional: boolean },
    ...nothing: never[]
  ): MiddlewareHandler<HonoClaims<AccessTokenClaims | undefined>>;
  /** `options`: what the token must have besides being genuine and alive. Nothing: any valid token. */
  (
    options?: ProtectOptions<Scopes, Context> & { optional?: false },
    ...nothing: never[]
  ): MiddlewareHandler<HonoClaims>;
  /**
   * Middleware that answers requests for the API's metadata document (RFC 9728 §3), CORS preflights included, and
   * passes on every other request. It goes before the guard.
   *
   * @throws {MonoCloudValidationError} where the client has no `resourceMetadata`.
   */
  metadata(): MiddlewareHandler;
}

/**
 * Guards Hono routes with a client of your own.
 *
 * @typeParam R - The context that the resolvers get, where it has more than is declared. Mostly it is what the resolvers' parameter says.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<R extends Context<any, any, any> = Context<any, any, any>>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectHono;
/**
 * Guards Hono routes. Call it once, when the program starts: it builds a client from the options and the
 * `MONOCLOUD_BACKEND_*` environment variables. The tenant is first asked when the first token comes.
 *
 * @typeParam R - The context that the resolvers get, where it has more than is declared.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @returns What makes the guard of a route: `protect()`, `protect({ scopes: ['posts:read'] })`.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 */
export declare function protectApi<R extends Context<any, any, any> = Context<any, any, any>>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectHono;
/**
 * Guards Hono routes with a client of your own, whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request. It is not inferred where `Scopes` is named.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<
  Scopes extends string,
  R extends Context<any, any, any> = Context<any, any, any>,
>(client: AccessTokenValidator, options?: ProtectApiRequestOptions<R>): ProtectHono<Scopes>;
/**
 * Guards Hono routes whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request. It is not inferred where `Scopes` is named.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 */
export declare function protectApi<
  Scopes extends string,
  R extends Context<any, any, any> = Context<any, any, any>,
>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectHono<Scopes>;

/**
 * Makes an `errorResponse` that answers with problem details (RFC 9457, `application/problem+json`). Status
 * and headers are those of the guard's own answer.
 *
 * @param options - What the problems are called.
 * @throws {MonoCloudValidationError} where an option is bad.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 */
export declare function problemDetails(options?: ProblemDetailsOptions): ProblemResponse;
