// The request of the resolvers: inferred where nothing is said of it, or the program's own.
import Fastify, { type FastifyRequest } from 'fastify';
import type { Http2Server } from 'node:http2';
import {
  MonoCloudBackendNodeClient,
  protectApi,
  type AccessTokenClaims,
  type AuthenticatedFastifyRequest,
  type ClientCertificateResolver,
  type ProtectApiRequestOptions,
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
