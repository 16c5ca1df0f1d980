// Mistakes in an Express API: each line after a "TS…:" is refused, with that code.
import express, { type Request, type RequestHandler } from 'express';
import {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  certificateFromHeader,
  certificateFromSocket,
  protectApi,
  type AuthenticatedExpressRequest,
  type TokenResolver,
} from '@monocloud/backend-node/express';
import { protectApi as protectFastify } from '@monocloud/backend-node/fastify';

declare const client: MonoCloudBackendNodeClient;
declare const handler: RequestHandler;
const app = express();
const protect = protectApi();

// --- the guard of a route ---
// TS2769: it makes a guard, and is none
app.use(protect);
// TS2769: nor is it before a handler
app.get('/', protect, (_req, res) => void res.end());
// TS2769: nor in a list
app.get('/', [protect], handler);
// TS2559: a list of what
protect(['read']);
// TS2559: not a scope alone
protect('read');
// TS2561|TS2345: misspelt
protect({ scope: ['read'] });
// TS2322: scopes are a list
protect({ scopes: 'read' });
// TS2322: of texts
protect({ groups: [1, 2] });
// TS2322: a mode is the client's
protect({ validateCertificateBinding: 'required' });
// TS2769: Fastify's hook is no middleware
app.use(protectFastify()());

// --- claims ---
// TS2339: they are not there before the cast
app.get('/', protect(), (req, res) => void res.json(req.claims));
app.get('/', protect(), (req, res) => {
  const { claims } = req as AuthenticatedExpressRequest;
  // TS2322: nobody has looked at it
  const plan: string = claims.plan;
  res.json(plan);
});
// TS2344: claims have `iss`, `sub` and so on
type Wrong = AuthenticatedExpressRequest<{ plan: string }>;

// --- protectApi ---
// TS2769: not an address
protectApi('https://acme.us.monocloud.com');
// TS2769: misspelt
protectApi({ tenantDomian: 'https://acme.us.monocloud.com' });
// TS2769: the base class does not choose by the token's form
protectApi(new MonoCloudOidcBackendClient('https://a', 'https://b'));
// TS2769: a client has its options already
protectApi(client, { audience: 'https://api.example.com' });
// TS2769: this API's options and the route's are apart
protectApi({ scopes: ['read'] });
// TS2339: a request has no such member
protectApi({ tokenResolver: (req) => req.token });
// TS2769: a token is a text
protectApi({ tokenResolver: () => 42 });
// TS2769: a certificate is PEM, not what `node:tls` has of it
protectApi(client, { certificateResolver: () => ({ raw: new Uint8Array() }) });
// TS2769: without the method it is no client
protectApi({ validate: async () => ({ sub: 'ada' }) });
// TS2344: no request of Express
protectApi<{ url: string }>();
// TS2769: a resolver of another framework's
protectApi(client, { tokenResolver: (request: import('fastify').FastifyRequest) => request.id });
// TS2322: without the cast a header may be a list
const tokenResolver: TokenResolver<Request> = (req) => req.headers['x-token'];

// --- the ready resolvers ---
// TS2345: nobody is trusted by default
certificateFromHeader({ format: 'nginx' });
// TS2345: which proxy
certificateFromHeader({ trustProxy: true });
// TS2322: one that is not there
certificateFromHeader({ format: 'squid', trustProxy: true });
// TS2322: `false` says nothing
certificateFromHeader({ format: 'nginx', trustProxy: false });
// TS2322: a number of hops does not say who the first one is
certificateFromHeader({ format: 'nginx', trustProxy: 1 });
// TS2554: which proxy
certificateFromHeader();
// TS2554: it has no options
certificateFromSocket({ requestCert: true });
// TS2769: it makes a resolver, and is none
protectApi(client, { certificateResolver: certificateFromSocket });

export { tokenResolver, type Wrong };
