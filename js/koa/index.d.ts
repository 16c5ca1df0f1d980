/**
 * `@monocloud/backend-node/koa`: all that the root has, and the guard of Koa applications.
 *
 * ```ts
 * import Koa from 'koa';
 * import { protectApi } from '@monocloud/backend-node/koa';
 *
 * const app = new Koa();
 * const protect = protectApi(); // reads MONOCLOUD_BACKEND_* of the environment
 *
 * app.use(protect({ scopes: ['posts:read'] })).use((ctx) => {
 *   ctx.body = { sub: ctx.state.claims.sub };
 * });
 * ```
 *
 * @packageDocumentation
 */

import type { Context, Middleware } from 'koa';
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
 * What the guard adds to `ctx.state`, for `new Koa<KoaState>()` where a handler does not stand after the guard.
 *
 * @typeParam C - The claims; with `undefined` on a route with `optional: true`.
 */
export interface KoaState<C = AccessTokenClaims> {
  /** The claims of the token that was validated. */
  claims: C;
}

/**
 * Makes middleware: `app.use(protect({ scopes: ['posts:read'] }))`. The claims are in `ctx.state.claims`. The answers
 * are those of the guard for Express, byte for byte.
 *
 * @typeParam Scopes - The scopes that there are, as a union: a scope that is not one of them does not compile.
 */
export interface ProtectKoa<Scopes extends string = string> {
  /** With `optional`, a request without a token has no claims. */
  (
    options: ProtectOptions<Scopes, Context> & { optional: boolean },
    ...nothing: never[]
  ): Middleware<KoaState<AccessTokenClaims | undefined>>;
  /** `options`: what the token must have besides being genuine and alive. Nothing: any valid token. */
  (
    options?: ProtectOptions<Scopes, Context> & { optional?: false },
    ...nothing: never[]
  ): Middleware<KoaState>;
  /**
   * Middleware that answers requests for the API's metadata document (RFC 9728 §3), CORS preflights included, and
   * passes on every other request. It goes before the guard.
   *
   * @throws {MonoCloudValidationError} where the client has no `resourceMetadata`.
   */
  metadata(): Middleware;
}

/**
 * Guards Koa applications with a client of your own.
 *
 * @typeParam R - The context that the resolvers get, where it has more than is declared. Mostly it is what the resolvers' parameter says.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<R extends Context = Context>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectKoa;
/**
 * Guards Koa applications. Call it once, when the program starts: it builds a client from the options and the
 * `MONOCLOUD_BACKEND_*` environment variables. The tenant is first asked when the first token comes.
 *
 * @typeParam R - The context that the resolvers get, where it has more than is declared.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @returns What makes the guard of a route: `protect()`, `protect({ scopes: ['posts:read'] })`.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 */
export declare function protectApi<R extends Context = Context>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectKoa;
/**
 * Guards Koa applications with a client of your own, whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request. It is not inferred where `Scopes` is named.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<Scopes extends string, R extends Context = Context>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectKoa<Scopes>;
/**
 * Guards Koa applications whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request. It is not inferred where `Scopes` is named.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 */
export declare function protectApi<Scopes extends string, R extends Context = Context>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectKoa<Scopes>;

/**
 * Makes an `errorResponse` that answers with problem details (RFC 9457, `application/problem+json`). Status
 * and headers are those of the guard's own answer.
 *
 * @param options - What the problems are called.
 * @throws {MonoCloudValidationError} where an option is bad.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 */
export declare function problemDetails(options?: ProblemDetailsOptions): ProblemResponse;
