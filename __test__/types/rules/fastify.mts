// Fastify: what must compile and what must not.
import fs from 'node:fs';
import Fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type onRequestHookHandler,
} from 'fastify';
import {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
  protectApi,
  type AccessTokenClaims,
  type AuthenticatedFastifyRequest,
  type ClientCertificateResolver,
  type ProtectApiRequestOptions,
  type ProtectHook,
  type TokenResolver,
} from '@monocloud/backend-node/fastify';
import { MonoCloudTokenError as FromRoot } from '@monocloud/backend-node';

const fastify = Fastify();
const protect: ProtectHook = protectApi();

// --- places where Fastify takes a hook ---
fastify.addHook('onRequest', protect());
fastify.addHook('preHandler', protect({ scopes: ['read'] }));
fastify.get('/', { onRequest: protect() }, async () => 'ok');
fastify.get('/two', { onRequest: [protect(), protect({ scopes: ['more'] })] }, async () => 'ok');
fastify.get('/late', { preHandler: protect() }, async () => 'ok');
fastify.route({ method: 'GET', url: '/route', onRequest: protect(), handler: async () => 'ok' });
const hook: onRequestHookHandler = protect();
hook;
const plugin: FastifyPluginAsync<{ prefix: string }> = async (instance) => {
  instance.addHook('onRequest', protect());
};
fastify.register(plugin, { prefix: '/api' });
export function guard(instance: FastifyInstance): void {
  instance.addHook('onRequest', protect());
}

// --- other servers and loggers ---
const key = fs.readFileSync('key.pem');
const https = Fastify({ https: { key, cert: key }, logger: true });
https.addHook('onRequest', protect());
https.get(
  '/',
  { onRequest: protect() },
  async (request) => (request as AuthenticatedFastifyRequest<AccessTokenClaims>).claims,
);
const http2 = Fastify({ http2: true, https: { key, cert: key, allowHTTP1: true } });
http2.addHook('onRequest', protect());
http2.get('/', { onRequest: protect() }, async () => 'ok');

// --- the route's own types survive ---
fastify.get<{ Params: { id: string }; Querystring: { q?: string }; Reply: { id: string } }>(
  '/posts/:id',
  { onRequest: protect() },
  async (request) => {
    const id: string = request.params.id;
    // @ts-expect-error the route has no such parameter
    request.params.nothing;
    return { id, q: request.query.q };
  },
);

// --- claims ---
interface MyClaims extends AccessTokenClaims {
  plan: string;
}
export async function me(request: FastifyRequest, _reply: FastifyReply) {
  const { claims } = request as AuthenticatedFastifyRequest;
  const sub: string = claims.sub;
  const { plan } = (request as AuthenticatedFastifyRequest<MyClaims>).claims;
  // @ts-expect-error not checked, so not a string
  claims.plan.length;
  return { sub, plan };
}
fastify.get('/me', { onRequest: protect() }, me);

// --- protectApi ---
protectApi({
  tenantDomain: 'https://acme.us.monocloud.com',
  audience: 'https://api.example.com',
  clockTolerance: 60,
});
protectApi({
  audience: 'https://api.example.com',
  tokenResolver: (request) => request.headers['x-token'] as string,
});
const client = new MonoCloudBackendNodeClient();
protectApi(client);
protectApi(client, {
  tokenResolver: (request) => request.headers.authorization?.slice(7),
  certificateResolver: async () => null,
});
const tokenResolver: TokenResolver<FastifyRequest> = async (request) => request.id;
const certificateResolver: ClientCertificateResolver<FastifyRequest> = async (request) =>
  request.ip;
const requestOptions: ProtectApiRequestOptions<FastifyRequest> = {
  tokenResolver,
  certificateResolver,
};
protectApi(client, requestOptions);
protectApi(requestOptions);
// An object of one's own in a test.
protectApi({
  validateAccessToken: async () => ({ iss: '', sub: 'test', aud: '', exp: 0, iat: 0 }),
});
const sameClass: typeof FromRoot = MonoCloudTokenError;
sameClass;

// --- what must not compile ---
// @ts-expect-error the factory itself is no hook
fastify.get('/wrong', { onRequest: protect }, async () => 'ok');
// @ts-expect-error it is no plugin either
fastify.register(protect);
// @ts-expect-error a misspelt option
protect({ scope: ['read'] });
// @ts-expect-error a misspelt client option
protectApi({ tenantDomian: 'https://acme.us.monocloud.com' });
// @ts-expect-error not a client, not options
protectApi('https://acme.us.monocloud.com');
// @ts-expect-error the base class does not choose by the token's form
protectApi(new MonoCloudOidcBackendClient('https://a', 'https://b'));
// @ts-expect-error the request has no such member
protectApi({ tokenResolver: (request) => request.token });
// @ts-expect-error claims are not there before the cast
fastify.get('/claims', { onRequest: protect() }, async (request) => request.claims);
