/**
 * `@monocloud/backend-node/web`: all that the root has, and a guard for whatever speaks Fetch: Next.js, Bun,
 * Deno, SvelteKit, tRPC, GraphQL Yoga.
 *
 * ```ts
 * import { protectApi } from '@monocloud/backend-node/web';
 *
 * const protect = protectApi(); // reads MONOCLOUD_BACKEND_* of the environment
 * const guard = protect({ scopes: ['posts:read'] });
 *
 * export async function GET(request: Request) {
 *   const result = await guard(request);
 *   if (!('claims' in result)) return result; // the refusal, a Response
 *   return Response.json({ sub: result.claims.sub });
 * }
 * ```
 *
 * @packageDocumentation
 */

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
 * A request that was admitted.
 *
 * @typeParam C - The claims; with `undefined` on a route with `optional: true`.
 */
export interface WebAdmission<C = AccessTokenClaims> {
  /** The claims of the token that was validated. */
  claims: C;
  /** Headers that the response must carry, for `new Response(body, { headers })`. Absent where there are none. */
  headers?: [name: string, value: string][];
}

/**
 * The guard of one route: the claims, or the refusal as a `Response`. It rejects only with what `errorResponse`
 * threw.
 *
 * Ask for the claims, as in `if (!('claims' in result)) return result`: servers replace the global `Response`, and
 * `instanceof` may then be false for a refusal.
 *
 * @typeParam C - The claims; with `undefined` on a route with `optional: true`.
 * @typeParam R - The request.
 */
export type WebGuard<C = AccessTokenClaims, R extends Request = Request> = (
  request: R,
) => Promise<WebAdmission<C> | Response>;

/**
 * Makes the guard of one route: `const guard = protect({ scopes: ['posts:read'] })`. The answers are those of the
 * guard for Express, byte for byte.
 *
 * @typeParam Scopes - The scopes that there are, as a union: a scope that is not one of them does not compile.
 */
export interface ProtectWeb<Scopes extends string = string> {
  /** With `optional`, a request without a token has no claims. */
  (
    options: ProtectOptions<Scopes, Request> & { optional: boolean },
    ...nothing: never[]
  ): WebGuard<AccessTokenClaims | undefined>;
  /** `options`: what the token must have besides being genuine and alive. Nothing: any valid token. */
  (
    options?: ProtectOptions<Scopes, Request> & { optional?: false },
    ...nothing: never[]
  ): WebGuard<AccessTokenClaims>;
  /**
   * A function that answers requests for the API's metadata document (RFC 9728 §3), CORS preflights included. Its
   * result is `undefined` for every other request.
   *
   * @throws {MonoCloudValidationError} where the client has no `resourceMetadata`.
   */
  metadata(): (request: Request) => Response | undefined;
}

/**
 * Guards requests of the Fetch API with a client of your own.
 *
 * @typeParam R - The request that the resolvers get, where it has more than is declared. Mostly it is what the resolvers' parameter says.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<R extends Request = Request>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectWeb;
/**
 * Guards requests of the Fetch API. Call it once, when the program starts: it builds a client from the options and the
 * `MONOCLOUD_BACKEND_*` environment variables. The tenant is first asked when the first token comes.
 *
 * @typeParam R - The request that the resolvers get, where it has more than is declared.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @returns What makes the guard of a route: `protect()`, `protect({ scopes: ['posts:read'] })`.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 */
export declare function protectApi<R extends Request = Request>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectWeb;
/**
 * Guards requests of the Fetch API with a client of your own, whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request. It is not inferred where `Scopes` is named.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<Scopes extends string, R extends Request = Request>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectWeb<Scopes>;
/**
 * Guards requests of the Fetch API whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request. It is not inferred where `Scopes` is named.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 */
export declare function protectApi<Scopes extends string, R extends Request = Request>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectWeb<Scopes>;

/**
 * Makes an `errorResponse` that answers with problem details (RFC 9457, `application/problem+json`). Status
 * and headers are those of the guard's own answer.
 *
 * @param options - What the problems are called.
 * @throws {MonoCloudValidationError} where an option is bad.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 */
export declare function problemDetails(options?: ProblemDetailsOptions): ProblemResponse;
