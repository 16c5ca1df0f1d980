// The request of the resolvers: inferred where nothing is said of it, or the program's own.
import express, { type Request } from 'express';
import {
  MonoCloudBackendNodeClient,
  problemDetails,
  protectApi,
  type AccessTokenClaims,
  type AuthenticatedExpressRequest,
  type ClientCertificateResolver,
  type ErrorAnswer,
  type ProtectApiRequestOptions,
  type ProtectOptions,
  type ProtectMiddleware,
  type TokenResolver,
} from '@monocloud/backend-node/express';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Equal<A, B> extends true ? [] : [never]): void => {};

const app = express();
const client = new MonoCloudBackendNodeClient();

// --- without a word ---
export const inferred: ProtectMiddleware[] = [
  protectApi({
    tokenResolver: (req) => {
      same<typeof req, Request>();
      return req.get('x-token');
    },
    certificateResolver: async (req) => {
      same<typeof req, Request>();
      return req.get('x-client-cert');
    },
  }),
  protectApi(client, {
    tokenResolver(req) {
      same<typeof req, Request>();
      return req.get('x-token');
    },
  }),
  protectApi({
    clockSkew: 1,
    async tokenResolver(req) {
      same<typeof req, Request>();
      return null;
    },
  }),
];

// --- a type of one's own ---
interface CookieRequest extends Request {
  cookies: { session?: string };
  certificate: string;
}
export const own: ProtectMiddleware[] = [
  protectApi<CookieRequest>({ tokenResolver: (req) => req.cookies.session }),
  protectApi<CookieRequest>({
    tokenResolver: (req) => req.cookies.session,
    certificateResolver: (req) => req.certificate,
  }),
  protectApi<CookieRequest>(client, { certificateResolver: async (req) => req.certificate }),
  // As the parameter has it.
  protectApi({ tokenResolver: (req: CookieRequest) => req.cookies.session }),
  protectApi(client, { certificateResolver: (req: CookieRequest) => req.certificate }),
];
const tokenResolver: TokenResolver<CookieRequest> = (req) => req.cookies.session;
const certificateResolver: ClientCertificateResolver<Request> = (req) => req.get('x-cert');
const options: ProtectApiRequestOptions<CookieRequest> = { tokenResolver, certificateResolver };
protectApi(client, options);
protectApi(options);
protectApi({ tokenResolver, certificateResolver });
protectApi<Request<{ id: string }>>({ tokenResolver: (req) => req.params.id });
protectApi<Request<object, unknown, { token: string }>>({
  tokenResolver: (req) => {
    same<typeof req.body, { token: string }>();
    return req.body.token;
  },
});

// --- claims of one's own ---
interface MyClaims extends AccessTokenClaims {
  plan: 'free' | 'paid';
}
app.get('/', own[0]!(), (req, res) => {
  const { claims } = req as AuthenticatedExpressRequest<MyClaims>;
  same<typeof claims.plan, 'free' | 'paid'>();
  same<typeof claims.made_up, unknown>();
  res.json(claims.plan);
});
export async function validate(): Promise<'free' | 'paid'> {
  const { plan } = await client.validateAccessToken<MyClaims>('token');
  const claims: MyClaims = await client.validateJwtAccessToken<MyClaims>('token');
  same<typeof plan, (typeof claims)['plan']>();
  return (await client.introspectAccessToken<MyClaims>('token')).plan;
}

// --- scopes whose names are known ---
type Scopes = 'posts:read' | 'posts:write';
const typed: ProtectMiddleware<Scopes> = protectApi<Scopes>();
export const guards = [
  typed(),
  typed({ scopes: ['posts:read', 'posts:write'], anyScope: ['posts:read'], groups: ['anything'] }),
  protectApi<Scopes>(client)({ scopes: ['posts:read'] }),
  protectApi<Scopes>(client, {
    tokenResolver: (req) => {
      same<typeof req, Request>();
      return null;
    },
  })({ anyScope: ['posts:write'] }),
  protectApi<Scopes>({ clockSkew: 1 })({ scopes: [] }),
  // With a request of one's own.
  protectApi<Scopes, CookieRequest>({ tokenResolver: (req) => req.cookies.session })(),
  protectApi<Scopes, CookieRequest>(client, { certificateResolver: (req) => req.certificate })(),
];
const writers: ProtectOptions<Scopes> = { scopes: ['posts:write'] };
typed(writers);
// A guard of any scopes will do where some are known, and its options where they are not.
export const narrowed: ProtectMiddleware<Scopes> = protectApi();
narrowed(writers);
protectApi()(writers);
// What is not said of scopes takes them all.
const any: ReturnType<typeof protectApi> = protectApi<CookieRequest>();
any({ scopes: ['whatever'] });

// --- the rules of a route ---
typed({
  authorize: (claims, req) => {
    same<typeof claims, AccessTokenClaims>();
    same<typeof req, Request>();
    return claims['org'] === req.params['org'];
  },
});
typed({
  authorize: async (claims: MyClaims, req: CookieRequest) => claims.plan === req.certificate,
});

// --- answers of one's own ---
export const answering: ProtectMiddleware[] = [
  protectApi({
    errorResponse: (answer, error, req) => {
      same<typeof answer, ErrorAnswer>();
      same<typeof error, unknown>();
      same<typeof req, Request>();
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
      same<typeof req, Request>();
      return null;
    },
  }),
];
