/**
 * `@monocloud/backend-node/nest`: all that the root has, and the guard of Nest controllers and resolvers.
 *
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common';
 * import { Claims, protectApi, type AccessTokenClaims } from '@monocloud/backend-node/nest';
 *
 * const protect = protectApi(); // reads MONOCLOUD_BACKEND_* of the environment
 *
 * @Controller('api/posts')
 * export class PostsController {
 *   @Get()
 *   @UseGuards(protect({ scopes: ['posts:read'] }))
 *   list(@Claims() claims: AccessTokenClaims) {
 *     return { sub: claims.sub };
 *   }
 * }
 * ```
 *
 * @packageDocumentation
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type {
  AccessTokenValidator,
  MonoCloudBackendNodeClientOptions,
  MonoCloudValidationError,
  ProblemDetailsOptions,
  ProblemResponse,
  ProtectApiRequestOptions,
  ProtectOptions,
} from '../../index.js';

export * from '../../index.js';

/** The parts of a request that both of Nest's platforms have. */
export interface NestRequest {
  /** By their names in lower case. */
  headers: IncomingMessage['headers'];
  /** Such as `GET`. */
  method: string;
  /** The request target. */
  url: string;
}

/** What {@link ProtectNest} makes: a guard for `@UseGuards()` and `app.useGlobalGuards()`. */
export interface NestGuard extends CanActivate {
  /**
   * Resolves to `true` where the token passes, and puts `claims` on the request. Else it rejects with an
   * `HttpException`, which has the status and the body of the guard for Express; headers are set on the response. A
   * context without a request is refused, also with `optional`.
   */
  canActivate(context: ExecutionContext): Promise<boolean>;
}

/**
 * Makes the guard of a controller or of a method: `@UseGuards(protect({ scopes: ['posts:read'] }))`, on the Express
 * and the Fastify platform, for GraphQL resolvers, and for gateways whose socket has a `request`.
 *
 * @typeParam Scopes - The scopes that there are, as a union: a scope that is not one of them does not compile.
 */
export interface ProtectNest<Scopes extends string = string> {
  /** `options`: what the token must have besides being genuine and alive. Nothing: any valid token. */
  (options?: ProtectOptions<Scopes, NestRequest>, ...nothing: never[]): NestGuard;
  /**
   * Middleware for `app.use()` that answers requests for the API's metadata document (RFC 9728 §3), CORS preflights
   * included, and passes on every other request.
   *
   * @throws {MonoCloudValidationError} where the client has no `resourceMetadata`.
   */
  metadata(): (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
}

/**
 * Guards Nest controllers and resolvers with a client of your own.
 *
 * @typeParam R - The request that the resolvers get, where it has more than is declared. Mostly it is what the resolvers' parameter says.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<R extends NestRequest = NestRequest>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectNest;
/**
 * Guards Nest controllers and resolvers. Call it once, when the program starts: it builds a client from the options and the
 * `MONOCLOUD_BACKEND_*` environment variables. The tenant is first asked when the first token comes.
 *
 * @typeParam R - The request that the resolvers get, where it has more than is declared.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @returns What makes the guard of a route: `protect()`, `protect({ scopes: ['posts:read'] })`.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 */
export declare function protectApi<R extends NestRequest = NestRequest>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectNest;
/**
 * Guards Nest controllers and resolvers with a client of your own, whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request. It is not inferred where `Scopes` is named.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<Scopes extends string, R extends NestRequest = NestRequest>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectNest<Scopes>;
/**
 * Guards Nest controllers and resolvers whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request. It is not inferred where `Scopes` is named.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 */
export declare function protectApi<Scopes extends string, R extends NestRequest = NestRequest>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectNest<Scopes>;

/**
 * Makes an `errorResponse` that answers with problem details (RFC 9457, `application/problem+json`). Status
 * and headers are those of the guard's own answer.
 *
 * @param options - What the problems are called.
 * @throws {MonoCloudValidationError} where an option is bad.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 */
export declare function problemDetails(options?: ProblemDetailsOptions): ProblemResponse;

/**
 * The claims of the request, for a parameter of a guarded method: `@Claims() claims: AccessTokenClaims`.
 *
 * @param property - One claim by its name: `@Claims('sub') sub: string`.
 */
export declare function Claims(property?: string): ParameterDecorator;
