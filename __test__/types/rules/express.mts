// Express: what must compile and what must not.
import express, {
  Router,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
  protectApi,
  type AccessTokenClaims,
  type AuthenticatedExpressRequest,
  type ClientCertificateResolver,
  type ICache,
  type ProtectApiRequestOptions,
  type ProtectMiddleware,
  type TokenResolver,
} from '@monocloud/backend-node/express';
import { MonoCloudTokenError as FromRoot } from '@monocloud/backend-node';

const app = express();
const protect: ProtectMiddleware = protectApi();

// --- places where Express takes a handler ---
app.use(protect());
app.use('/api', protect({ scopes: ['read'] }), express.json());
app.all('/all', protect());
app
  .route('/posts')
  .get(protect(), (_req, res) => void res.end())
  .post(protect({ groups: ['admin'] }), (_req, res) => void res.end());
Router().get('/', protect(), (_req, res) => void res.end());
app.get(
  '/list',
  [protect(), protect({ scopes: ['more'] })],
  (_req: Request, res: Response) => void res.end(),
);
const handler: RequestHandler = protect();
handler;

// --- routes with parameters, bodies, and async handlers ---
app.get('/posts/:id/:section', protect(), (req, res) => {
  const both: [unknown, unknown] = [req.params['id'], req.params['section']];
  res.json({ both, sub: (req as AuthenticatedExpressRequest).claims.sub });
});
Router({ mergeParams: true }).get(
  '/:id',
  protect(),
  (req, res) => void res.json(req.params['parentId']),
);
app.get(
  '/typed/:id',
  protect(),
  (
    req: Request<{ id: string }, { ok: boolean }, { text: string }>,
    res: Response<{ ok: boolean }>,
  ) => {
    res.json({ ok: req.body.text.length > 0 && req.params.id !== '' });
  },
);
app.get('/async', protect(), async (req, res) => {
  res.json((req as AuthenticatedExpressRequest).claims);
});

// --- claims ---
interface MyClaims extends AccessTokenClaims {
  plan: string;
}
function me(req: Request, res: Response, _next: NextFunction): void {
  const { claims } = req as AuthenticatedExpressRequest;
  const sub: string = claims.sub;
  const { plan } = (req as AuthenticatedExpressRequest<MyClaims>).claims;
  // @ts-expect-error not checked, so not a string
  claims.plan.length;
  res.json({ sub, plan });
}
app.get('/me', protect(), me);

// --- protectApi ---
protectApi({
  tenantDomain: 'https://acme.us.monocloud.com',
  audience: 'https://api.example.com',
  clockTolerance: 60,
});
protectApi({ audience: 'https://api.example.com', tokenResolver: (req) => req.get('x-token') });
protectApi({
  tokenResolver: (req) => req.header('x-token') ?? null,
  certificateResolver: () => '',
});
const client = new MonoCloudBackendNodeClient();
protectApi(client);
protectApi(client, { tokenResolver: async (req) => req.query['token'] as string | undefined });
const tokenResolver: TokenResolver<Request> = async (req) => req.get('x-token');
const certificateResolver: ClientCertificateResolver<Request> = async (req) =>
  req.get('x-client-cert');
const requestOptions: ProtectApiRequestOptions<Request> = { tokenResolver, certificateResolver };
protectApi(client, requestOptions);
protectApi(requestOptions);
// An object of one's own in a test.
protectApi({
  validateAccessToken: async () => ({ iss: '', sub: 'test', aud: '', exp: 0, iat: 0 }),
});
protectApi({
  async validateAccessToken(token: string) {
    if (token === 'good') return { iss: '', sub: 'test', aud: '', exp: 0, iat: 0, plan: 'paid' };
    throw new MonoCloudTokenError('Token is missing required scopes');
  },
});
const sameClass: typeof FromRoot = MonoCloudTokenError;
export const cache: ICache | undefined = undefined;
sameClass;

// --- what must not compile ---
// @ts-expect-error the factory itself is no middleware
app.get('/wrong', protect, (_req, res) => void res.end());
// @ts-expect-error a misspelt option
protect({ scope: ['read'] });
// @ts-expect-error scopes are an array
protect({ scopes: 'read' });
// @ts-expect-error a misspelt client option
protectApi({ tenantDomian: 'https://acme.us.monocloud.com' });
// @ts-expect-error not a client, not options
protectApi('https://acme.us.monocloud.com');
// @ts-expect-error the base class does not choose by the token's form
protectApi(new MonoCloudOidcBackendClient('https://a', 'https://b'));
// @ts-expect-error a client takes the request options only
protectApi(client, { audience: 'https://api.example.com' });
// @ts-expect-error the request has no such member
protectApi({ tokenResolver: (req) => req.token });
// @ts-expect-error a token is a string
protectApi({ tokenResolver: () => 42 });
// @ts-expect-error claims are not there before the cast
app.get('/', protect(), (req, res) => void res.json(req.claims));
