// Mistakes in a Fastify API: each line after a "TS…:" is refused, with that code.
import Fastify from 'fastify';
import {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  certificateFromHeader,
  certificateFromSocket,
  protectApi,
  type AuthenticatedFastifyRequest,
} from '@monocloud/backend-node/fastify';
import { protectApi as protectExpress } from '@monocloud/backend-node/express';

declare const client: MonoCloudBackendNodeClient;
const fastify = Fastify();
const protect = protectApi();

// --- the guard of a route ---
// TS2322: it makes a hook, and is none
fastify.get('/', { onRequest: protect }, async () => 'ok');
// TS2769: it is no plugin
fastify.register(protect);
// TS2559: a list of what
protect(['read']);
// TS2561|TS2345: misspelt
protect({ scope: ['read'] });
// TS2322: scopes are a list
protect({ scopes: 'read' });
// TS2322: Express's middleware is no hook
fastify.get('/', { onRequest: protectExpress()() }, async () => 'ok');

// --- claims ---
// TS2339: they are not there before the cast
fastify.get('/', { onRequest: protect() }, async (request) => request.claims);
fastify.get('/', { onRequest: protect() }, async (request) => {
  const { claims } = request as AuthenticatedFastifyRequest;
  // TS18046: nobody has looked at it
  return claims.plan.toUpperCase();
});
// TS2344: claims have `iss`, `sub` and so on
type Wrong = AuthenticatedFastifyRequest<{ plan: string }>;

// --- protectApi ---
// TS2769: not an address
protectApi('https://acme.us.monocloud.com');
// TS2769: misspelt
protectApi({ tenantDomian: 'https://acme.us.monocloud.com' });
// TS2769: the base class does not choose by the token's form
protectApi(new MonoCloudOidcBackendClient('https://a', 'https://b'));
// TS2769: a client has its options already
protectApi(client, { audience: 'https://api.example.com' });
// TS2339: a request has no such member
protectApi({ tokenResolver: (request) => request.token });
// TS2769: a header may be a list
protectApi({ tokenResolver: (request) => request.headers['x-token'] });
// TS2344: no request of Fastify
protectApi<{ url: string }>();

// --- the ready resolvers ---
// TS2345: nobody is trusted by default
certificateFromHeader({ format: 'nginx' });
// TS2322: one that is not there
certificateFromHeader({ format: 'squid', trustProxy: true });
// TS2554: it has no options
certificateFromSocket({ requestCert: true });

export type { Wrong };
