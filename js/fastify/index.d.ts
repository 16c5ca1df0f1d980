/**
 * `@monocloud/backend-node/fastify`: all that the root has, and the guard of Fastify routes.
 *
 * ```ts
 * import Fastify from 'fastify';
 * import { protectApi, type AuthenticatedFastifyRequest } from '@monocloud/backend-node/fastify';
 *
 * const fastify = Fastify();
 * const protect = protectApi(); // reads MONOCLOUD_BACKEND_* of the environment
 *
 * fastify.get('/api/posts', { onRequest: protect({ scopes: ['posts:read'] }) }, async (request) => {
 *   const { claims } = request as AuthenticatedFastifyRequest;
 *   return { sub: claims.sub };
 * });
 * ```
 *
 * @packageDocumentation
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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
 * A Fastify request that came through {@link protectApi}, for a cast in the handler:
 * `const { claims } = request as AuthenticatedFastifyRequest`.
 *
 * @typeParam T - The claims, where yours are more than the standard ones.
 * @example
 * ```ts
 * interface MyClaims extends AccessTokenClaims {
 *   plan?: 'free' | 'paid';
 * }
 * fastify.get('/api/plan', { onRequest: protect() }, async (request) => {
 *   const { claims } = request as AuthenticatedFastifyRequest<MyClaims>;
 *   return { plan: claims.plan ?? 'free' };
 * });
 * ```
 *
 * @example
 * ```ts
 * // Or once for all routes, without a cast:
 * declare module 'fastify' {
 *   interface FastifyRequest {
 *     claims?: AccessTokenClaims;
 *   }
 * }
 * fastify.get('/api/me', { onRequest: protect() }, async (request) => ({ sub: request.claims?.sub }));
 * ```
 */
export type AuthenticatedFastifyRequest<T extends AccessTokenClaims = AccessTokenClaims> =
  FastifyRequest & {
    /** The claims of the token that was validated. */
    claims: T;
  };

/** A request of any Fastify server, over HTTP, HTTPS or HTTP/2, and of any route. */
// `any` eight times over, because both majors order these parameters differently.
export type AnyFastifyRequest = FastifyRequest<any, any, any, any, any, any, any, any>;

/** What {@link ProtectHook} makes. It fits `onRequest`, and every later hook that has a request and a reply. */
export type ProtectHookHandler = (
  request: AnyFastifyRequest,
  reply: FastifyReply<any, any, any, any, any, any, any, any>,
) => Promise<void>;

/**
 * Makes the `onRequest` hook of one route, or of all that follow:
 * `fastify.get('/api/posts', { onRequest: protect({ scopes: ['posts:read'] }) }, handler)`.
 *
 * The hook resolves when the token passes. When not, it sends the answer, and the handler does not run.
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
export interface ProtectHook<Scopes extends string = string> {
  /** `options`: what the token must have besides being genuine and alive. Nothing: any valid token. */
  (options?: ProtectOptions<Scopes, AnyFastifyRequest>): ProtectHookHandler;
  /**
   * An `onRequest` hook that answers requests for the API's metadata document (RFC 9728 §3), CORS preflights
   * included, and passes on every other request. It goes before the guard. It may also be the handler of a route.
   *
   * @throws {MonoCloudValidationError} where the client has no `resourceMetadata`.
   */
  metadata(): MetadataHook;
}

/** What `protect.metadata()` makes. */
export type MetadataHook = (
  request: AnyFastifyRequest,
  reply: FastifyReply<any, any, any, any, any, any, any, any>,
  done?: () => void,
) => void;

/**
 * Guards Fastify routes with a client of your own.
 *
 * @typeParam R - The request that the resolvers get, where it has more than Fastify declares. It is taken
 * at your word, not checked. Mostly it need not be named: it is what their parameter says.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 *
 * @example
 * ```ts
 * // A token in a cookie, of which a plugin has told Fastify's requests.
 * interface CookieRequest extends FastifyRequest {
 *   cookies: { access_token?: string };
 * }
 * const client = new MonoCloudBackendNodeClient();
 * const protect = protectApi<CookieRequest>(client, {
 *   tokenResolver: (req) => req.cookies.access_token,
 * });
 * ```
 */
export declare function protectApi<R extends AnyFastifyRequest = FastifyRequest>(
  client: AccessTokenValidator,
  options?: ProtectApiRequestOptions<R>,
): ProtectHook;
/**
 * Guards Fastify routes. Call it once, when the program starts: it builds a client from the options and
 * the `MONOCLOUD_BACKEND_*` environment variables. The tenant is first asked when the first token comes.
 *
 * @typeParam R - The request that the resolvers get, where it has more than Fastify declares.
 * @param options - How a request is read, and client options, each of which wins over its variable.
 * @returns What makes the guard of a route: `protect()`, `protect({ scopes: ['posts:read'] })`.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 *
 * @example
 * ```ts
 * const protect = protectApi();
 *
 * fastify.get('/api/me', { onRequest: protect() }, async (request) => {
 *   const { claims } = request as AuthenticatedFastifyRequest;
 *   return { sub: claims.sub };
 * });
 * ```
 */
export declare function protectApi<R extends AnyFastifyRequest = FastifyRequest>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectHook;
/**
 * Guards Fastify routes with a client of your own, whose scopes are known: a misspelt one does not compile.
 *
 * @typeParam Scopes - The scopes that there are, as a union.
 * @typeParam R - The request that the resolvers get. It is not inferred where `Scopes` is named.
 * @param client - A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`.
 * @param options - How a request is read.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function protectApi<
  Scopes extends string,
  R extends AnyFastifyRequest = FastifyRequest,
>(client: AccessTokenValidator, options?: ProtectApiRequestOptions<R>): ProtectHook<Scopes>;
/**
 * Guards Fastify routes whose scopes are known: a misspelt one does not compile.
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
export declare function protectApi<
  Scopes extends string,
  R extends AnyFastifyRequest = FastifyRequest,
>(
  options?: Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<R>,
): ProtectHook<Scopes>;

/** Options of {@link protectPlugin}: a client and how a request is read, or client options in place of the client. */
export type ProtectPluginOptions =
  | ({
      /** A `MonoCloudBackendNodeClient`, or anything with its `validateAccessToken`. */
      client: AccessTokenValidator;
    } & ProtectApiRequestOptions<FastifyRequest>)
  | (Partial<MonoCloudBackendNodeClientOptions> & ProtectApiRequestOptions<FastifyRequest>);

/**
 * The same as a Fastify plugin: it decorates requests with `claims`, and the instance with `protect`.
 *
 * @param fastify - The instance, which gets both decorations.
 * @param options - A `client`, or client options; and how a request is read.
 * @throws {MonoCloudValidationError} where something required is missing or a value is bad.
 *
 * @example
 * ```ts
 * declare module 'fastify' {
 *   interface FastifyInstance {
 *     protect: ProtectHook;
 *   }
 *   interface FastifyRequest {
 *     claims?: AccessTokenClaims;
 *   }
 * }
 * await fastify.register(protectPlugin);
 * fastify.get('/api/me', { onRequest: fastify.protect() }, async (request) => ({ sub: request.claims?.sub }));
 * ```
 */
export declare function protectPlugin(
  fastify: FastifyInstance<any, any, any, any, any>,
  options: ProtectPluginOptions,
): Promise<void>;

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
 * in the handshake of this request's connection, over HTTP/1.1 and HTTP/2.
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
 * const app = Fastify({ https: { key, cert, requestCert: true, rejectUnauthorized: false } });
 * ```
 */
export declare function certificateFromSocket(): ClientCertificateResolver<FastifyRequest>;

/**
 * A `certificateResolver` for an API behind a proxy that terminates TLS: the certificate that the proxy
 * puts into a header.
 *
 * The header is believed only where the connection itself comes from an address in `trustProxy`; from
 * anybody else it counts as not sent. A header that is there twice, is longer than 64 KiB, or is not what
 * the proxy would write, is a malformed certificate. {@link CertificateHeaderFormat} says how to configure
 * each proxy.
 *
 * @param options - Which proxy, and where it is. With `trustProxy: true` it is where `Fastify({ trustProxy })` says.
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
): ClientCertificateResolver<FastifyRequest>;
