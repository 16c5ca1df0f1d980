// Everything that `./express` and `./fastify` offer, over HTTPS, with real requests.
import express from 'express';
import Fastify from 'fastify';
import { once } from 'node:events';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import * as forExpress from '@monocloud/backend-node/express';
import type {
  AnyExpressRequest,
  AuthenticatedExpressRequest,
  ProtectMiddleware,
} from '@monocloud/backend-node/express';
import * as forFastify from '@monocloud/backend-node/fastify';
import type {
  AnyFastifyRequest,
  AuthenticatedFastifyRequest,
  ProtectHook,
  ProtectHookHandler,
} from '@monocloud/backend-node/fastify';
import {
  MonoCloudBackendNodeClient,
  type AccessTokenClaims,
  type CertificateFromHeaderOptions,
  type CertificateHeaderFormat,
  type ClientCertificateResolver,
  type ErrorAnswer,
  type ErrorReply,
  type ErrorResponse,
  type MaybeErrorReply,
  type ProblemAnswer,
  type ProblemDetailsOptions,
  type ProblemResponse,
  type ProtectApiRequestOptions,
  type ProtectOptions,
  type RefusedMessage,
  type TokenResolver,
} from '@monocloud/backend-node';
import { createTestTenant } from '@monocloud/backend-node/testing';

type Witness = <T>(name: string, value: T) => T;
interface Given {
  server: { cert: string; key: string };
  client: { cert: string; key: string };
}
interface MyClaims extends AccessTokenClaims {
  plan: string;
}
type Scopes = 'read' | 'write';
interface Answer<S> {
  status: S;
  body: {
    sub?: string;
    plan?: string;
    aud?: string | string[];
    message?: string;
    type?: string;
    title?: string;
    status?: number;
  };
}

const formats: CertificateHeaderFormat[] = [
  'nginx',
  'aws-alb',
  'envoy',
  'haproxy',
  'apache',
  'rfc9440',
];

function get<S>(port: number, path: string, headers: Record<string, string>, given: Given) {
  return new Promise<Answer<S>>((resolve, reject) => {
    const { cert, key } = given.client;
    const options = { port, path, headers, cert, key, rejectUnauthorized: false, agent: false };
    const request = https.get(options, async (response) => {
      let text = '';
      for await (const part of response) text += part;
      resolve({ status: response.statusCode as S, body: JSON.parse(text) });
    });
    request.once('error', reject);
  });
}

/** The certificate as each proxy writes it, and in which header. */
function headersOf(pem: string): Record<CertificateHeaderFormat | 'own', Record<string, string>> {
  const der = pem.replace(/-----[^-]+-----|\s/g, '');
  const text = encodeURIComponent(pem);
  return {
    own: { 'x-cert': text },
    nginx: { 'ssl-client-cert': text },
    'aws-alb': { 'x-amzn-mtls-clientcert-leaf': text },
    envoy: { 'x-forwarded-client-cert': `Cert="${text}"` },
    haproxy: { 'x-ssl-client-cert': der },
    apache: { ssl_client_cert: pem.trim().replaceAll('\n', ' ') },
    rfc9440: { 'client-cert': `:${der}:` },
  };
}

export async function run(witness: Witness, given: Given): Promise<void> {
  const tenant = await createTestTenant();
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  const bound: ProtectOptions<Scopes> = {
    scopes: ['read'],
    anyScope: ['read', 'write'],
    groups: ['a'],
    claims: { plan: 'paid' },
    acr: ['urn:example:mfa'],
    maxAge: 300,
    authorize: (claims) => claims.sub !== '',
    optional: false,
    validateCertificateBinding: true,
  };
  const behind: CertificateFromHeaderOptions[] = [
    { format: 'nginx', trustProxy: true },
    { format: 'nginx', header: 'x-cert', trustProxy: '127.0.0.1, ::1' },
    { format: 'nginx', trustProxy: ['loopback', '10.0.0.0/8'] },
    { format: 'nginx', trustProxy: (address: string, hop: number) => hop === 0 && address !== '' },
    ...formats.map((format) => ({ format, trustProxy: 'loopback' })),
  ];

  // --- Express ---
  const app = express();
  app.set('trust proxy', 'loopback');
  const onSocket: ClientCertificateResolver<express.Request> = forExpress.certificateFromSocket();
  const byClient: ProtectMiddleware<Scopes> = forExpress.protectApi<Scopes>(client, {
    certificateResolver: onSocket,
  });
  app.get('/typed', forExpress.protectApi<Scopes>(tenant.clientOptions())({ scopes: ['write'] }));
  app.get('/bound', byClient(bound), (req, res) => {
    const { claims } = req as AuthenticatedExpressRequest<MyClaims>;
    res.json({ sub: claims.sub, plan: claims.plan });
  });
  const problems: ProblemDetailsOptions = { typeBase: 'https://example.com/problems/' };
  const errorResponse: ProblemResponse = forExpress.problemDetails(problems);
  const problem: ProblemAnswer = errorResponse(
    { status: 401, body: { message: 'unauthorized' }, headers: { 'WWW-Authenticate': 'Bearer' } },
    undefined,
  );
  witness('a problem', problem);
  const { type, title, status } = problem.body;
  witness('of which', [type, title, status, problem.status, problem.headers]);
  const rule: ProtectOptions = {
    validateCertificateBinding: false,
    authorize() {
      throw new Error('the database is away');
    },
  };
  app.get('/rule', forExpress.protectApi(client)(rule));
  app.get('/problem', forExpress.protectApi(client, { errorResponse })(bound));
  const fromHeader: TokenResolver<AnyExpressRequest> = (req) => req.get('x-token');
  const both: ProtectApiRequestOptions<AnyExpressRequest> = {
    tokenResolver: fromHeader,
    certificateResolver: async () => given.client.cert,
    errorResponse: ((answer): MaybeErrorReply => {
      const { status, body, headers }: ErrorAnswer = answer;
      const reply: ErrorReply = { status, headers, body: { message: body.message } };
      return reply;
    }) satisfies ErrorResponse<AnyExpressRequest>,
  };
  const byOptions = forExpress.protectApi({ ...tenant.clientOptions(), ...both });
  app.get('/token', byOptions(), (req, res) => {
    res.json({ aud: (req as AuthenticatedExpressRequest).claims.aud });
  });
  for (const [index, options] of behind.entries()) {
    const certificateResolver = forExpress.certificateFromHeader(options);
    const guard = forExpress.protectApi(client, { certificateResolver })(bound);
    app.get(`/behind/${index}`, guard, (_req, res) => void res.json({}));
  }
  const expressServer = https.createServer({ ...given.server, ...TLS }, app).listen(0);
  await once(expressServer, 'listening');

  // --- Fastify ---
  const empty = async () => ({});
  const fastify = Fastify({ trustProxy: 'loopback', https: { ...given.server, ...TLS } });
  const onItsSocket: ClientCertificateResolver<forFastify.AnyFastifyRequest> =
    forFastify.certificateFromSocket();
  const hookByClient: ProtectHook<Scopes> = forFastify.protectApi<Scopes>(client, {
    certificateResolver: onItsSocket,
  });
  const typed: ProtectHook<Scopes> = forFastify.protectApi<Scopes>(tenant.clientOptions());
  fastify.get('/typed', { onRequest: typed({ scopes: ['write'] }) }, empty);
  const itsProblem = forFastify.protectApi(client, { errorResponse: forFastify.problemDetails() });
  fastify.get('/rule', { onRequest: forFastify.protectApi(client)(rule) }, empty);
  fastify.get('/problem', { onRequest: itsProblem(bound) }, empty);
  fastify.get('/bound', { onRequest: hookByClient(bound) }, async (request) => {
    const { claims } = request as AuthenticatedFastifyRequest<MyClaims>;
    return { sub: claims.sub, plan: claims.plan };
  });
  const fromItsHeader: TokenResolver<AnyFastifyRequest> = (request) =>
    String(request.headers['x-token']);
  const hookByOptions = forFastify.protectApi(
    tenant.clientOptions({
      tokenResolver: fromItsHeader,
      certificateResolver: () => given.client.cert,
    }),
  );
  const handler: ProtectHookHandler = hookByOptions();
  fastify.get('/token', { onRequest: handler }, async (request) => {
    return { aud: (request as AuthenticatedFastifyRequest).claims.aud };
  });
  for (const [index, options] of behind.entries()) {
    const certificateResolver = forFastify.certificateFromHeader(options);
    const onRequest = forFastify.protectApi(client, { certificateResolver })(bound);
    fastify.get(`/behind/${index}`, { onRequest }, empty);
  }
  await fastify.listen({ port: 0, host: '127.0.0.1' });

  // --- requests ---
  const token = await tenant.issueToken({
    scopes: ['read'],
    groups: ['a'],
    claims: { plan: 'paid', acr: 'urn:example:mfa', auth_time: Math.floor(Date.now() / 1000) },
    certificate: given.client.cert,
  });
  const headers = { authorization: `Bearer ${token}` };
  const certificates = headersOf(given.client.cert);
  const address = fastify.server.address() as AddressInfo;
  for (const port of [(expressServer.address() as AddressInfo).port, address.port]) {
    witness('bound', await get<200>(port, '/bound', headers, given));
    witness('by a header', await get<200>(port, '/token', { 'x-token': token }, given));
    witness('nobody', await get<401>(port, '/bound', {}, given));
    witness('nobody by a header', await get<401>(port, '/token', { 'x-token': '' }, given));
    witness('problem sent', await get<401>(port, '/problem', {}, given));
    const told: RefusedMessage[] = [];
    const listener = (message: unknown): void => void told.push(message as RefusedMessage);
    subscribe('@monocloud/backend-node:refused', listener);
    witness('no', await get<403>(port, '/rule', headers, given));
    unsubscribe('@monocloud/backend-node:refused', listener);
    witness('why', told);
    witness('thrown', told[0]?.error instanceof Error);
    witness('no scope', await get<403>(port, '/typed', headers, given));
    for (const [index, { format, header }] of behind.entries()) {
      const more = certificates[header === undefined ? format : 'own'];
      witness('behind', await get<200>(port, `/behind/${index}`, { ...headers, ...more }, given));
    }
  }
  expressServer.close();
  await fastify.close();
  await tenant.close();
}

const TLS = { requestCert: true, rejectUnauthorized: false };
