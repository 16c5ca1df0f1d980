// The request of the resolvers: inferred where nothing is said of it, or the program's own.
import express, { type Request } from 'express';
import {
  MonoCloudBackendNodeClient,
  protectApi,
  type AccessTokenClaims,
  type AuthenticatedExpressRequest,
  type ClientCertificateResolver,
  type ProtectApiRequestOptions,
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
