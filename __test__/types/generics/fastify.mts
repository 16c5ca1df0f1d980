// The request of the resolvers: inferred where nothing is said of it, or the program's own.
import Fastify, { type FastifyRequest } from 'fastify';
import type { Http2Server } from 'node:http2';
import {
  MonoCloudBackendNodeClient,
  problemDetails,
  protectApi,
  type AccessTokenClaims,
  type AnyFastifyRequest,
  type AuthenticatedFastifyRequest,
  type ClientCertificateResolver,
  type ErrorAnswer,
  type ProtectApiRequestOptions,
  type ProtectOptions,
  type ProtectHook,
  type TokenResolver,
} from '@monocloud/backend-node/fastify';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Equal<A, B> extends true ? [] : [never]): void => {};

const fastify = Fastify();
const client = new MonoCloudBackendNodeClient();

// --- without a word ---
export const inferred: ProtectHook[] = [
  protectApi({
    tokenResolver: (request) => {
      same<typeof request, FastifyRequest>();
      return request.headers.authorization;
    },
    certificateResolver: async (request) => {
      same<typeof request, FastifyRequest>();
      return request.ip;
    },
  }),
  protectApi(client, {
    tokenResolver(request) {
      same<typeof request, FastifyRequest>();
      return request.headers.authorization;
    },
  }),
];

// --- a type of one's own ---
interface CookieRequest extends FastifyRequest {
  cookies: { session?: string };
}
type QueryRequest = FastifyRequest<{ Querystring: { token?: string } }>;
export const own: ProtectHook[] = [
  protectApi<CookieRequest>({ tokenResolver: (request) => request.cookies.session }),
  protectApi<CookieRequest>(client, { tokenResolver: async (request) => request.cookies.session }),
  protectApi<QueryRequest>({ tokenResolver: (request) => request.query.token }),
  // As the parameter has it.
  protectApi({ tokenResolver: (request: CookieRequest) => request.cookies.session }),
  protectApi(client, { tokenResolver: (request: QueryRequest) => request.query.token }),
  protectApi({
    certificateResolver: (request: FastifyRequest<object, Http2Server>) =>
      request.raw.stream.closed ? null : undefined,
  }),
];
const tokenResolver: TokenResolver<CookieRequest> = (request) => request.cookies.session;
const certificateResolver: ClientCertificateResolver<FastifyRequest> = (request) => request.ip;
const options: ProtectApiRequestOptions<CookieRequest> = { tokenResolver, certificateResolver };
protectApi(client, options);
protectApi(options);
protectApi({ tokenResolver, certificateResolver });

// --- claims of one's own ---
interface MyClaims extends AccessTokenClaims {
  plan: 'free' | 'paid';
}
fastify.get('/', { onRequest: own[0]!() }, async (request) => {
  const { claims } = request as AuthenticatedFastifyRequest<MyClaims>;
  same<typeof claims.plan, 'free' | 'paid'>();
  same<typeof claims.made_up, unknown>();
  return claims.plan;
});
fastify.get<{ Params: { id: string } }>('/:id', { onRequest: own[0]!() }, async (request) => {
  const { claims, params } = request as typeof request & AuthenticatedFastifyRequest<MyClaims>;
  return claims.plan + params.id;
});

// --- scopes whose names are known ---
type Scopes = 'posts:read' | 'posts:write';
const typed: ProtectHook<Scopes> = protectApi<Scopes>();
export const guards = [
  typed(),
  typed({ scopes: ['posts:read', 'posts:write'], anyScope: ['posts:read'], groups: ['anything'] }),
  protectApi<Scopes>(client)({ scopes: ['posts:read'] }),
  protectApi<Scopes>(client, {
    tokenResolver: (req) => {
      same<typeof req, FastifyRequest>();
      return null;
    },
  })({ anyScope: ['posts:write'] }),
  protectApi<Scopes>({ clockSkew: 1 })({ scopes: [] }),
  // With a request of one's own.
  protectApi<Scopes, CookieRequest>({ tokenResolver: (req) => req.cookies.session })(),
  protectApi<Scopes, CookieRequest>(client, {
    certificateResolver: (req) => req.cookies.session,
  })(),
];
const writers: ProtectOptions<Scopes> = { scopes: ['posts:write'] };
typed(writers);
// A guard of any scopes will do where some are known, and its options where they are not.
export const narrowed: ProtectHook<Scopes> = protectApi();
narrowed(writers);
protectApi()(writers);
// What is not said of scopes takes them all.
const any: ReturnType<typeof protectApi> = protectApi<CookieRequest>();
any({ scopes: ['whatever'] });

// --- the rules of a route ---
typed({
  authorize: (claims, req) => {
    same<typeof claims, AccessTokenClaims>();
    same<typeof req, AnyFastifyRequest>();
    return claims['org'] === req.params['org'];
  },
});
typed({
  authorize: async (claims: MyClaims, req: CookieRequest) => claims.plan === req.cookies.session,
});

// --- answers of one's own ---
export const answering: ProtectHook[] = [
  protectApi({
    errorResponse: (answer, error, req) => {
      same<typeof answer, ErrorAnswer>();
      same<typeof error, unknown>();
      same<typeof req, FastifyRequest>();
    },
  }),
  protectApi(client, { errorResponse: async ({ body }) => ({ status: 404, body }) }),
  protectApi<CookieRequest>({
    errorResponse: ({ headers }, _error, req) =>
      req.cookies.session === undefined ? undefined : { status: 403, headers },
  }),
  // It does not say what the request is.
  protectApi({
    errorResponse: problemDetails(),
    tokenResolver: (req) => {
      same<typeof req, FastifyRequest>();
      return null;
    },
  }),
];
