// Everything that `./web`, `./hono`, `./koa`, `./nest` and `./mcp` offer, and the metadata document of each framework.
import express from 'express';
import Fastify from 'fastify';
import { Hono, type Context as HonoContext } from 'hono';
import Koa from 'koa';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as forExpress from '@monocloud/backend-node/express';
import * as forFastify from '@monocloud/backend-node/fastify';
import type {
  MetadataHook,
  ProtectHook,
  ProtectPluginOptions,
} from '@monocloud/backend-node/fastify';
import * as forHono from '@monocloud/backend-node/hono';
import type { HonoClaims, ProtectHono } from '@monocloud/backend-node/hono';
import * as forKoa from '@monocloud/backend-node/koa';
import type { KoaState, ProtectKoa } from '@monocloud/backend-node/koa';
import * as forMcp from '@monocloud/backend-node/mcp';
import type {
  McpAuthInfo,
  ProtectToolsOptions,
  TokenVerifier,
  TokenVerifierOptions,
} from '@monocloud/backend-node/mcp';
import * as forNest from '@monocloud/backend-node/nest';
import type { NestGuard, NestRequest, ProtectNest } from '@monocloud/backend-node/nest';
import * as forWeb from '@monocloud/backend-node/web';
import type { ProtectWeb, WebAdmission, WebGuard } from '@monocloud/backend-node/web';
import { MonoCloudBackendNodeClient, type ResourceMetadataOptions } from '@monocloud/backend-node';
import { createTestTenant } from '@monocloud/backend-node/testing';

type Witness = <T>(name: string, value: T) => T;
type Scopes = 'read' | 'write';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

interface Document {
  resource: string;
  authorization_servers: string[];
  scopes_supported: string[];
  bearer_methods_supported?: string[];
  dpop_signing_alg_values_supported: string[];
  resource_name: string;
  resource_documentation: string;
  resource_policy_uri: string;
  resource_tos_uri: string;
}

export async function run(witness: Witness): Promise<void> {
  const tenant = await createTestTenant();
  const resourceMetadata: ResourceMetadataOptions = {
    resource: tenant.audience,
    authorizationServers: [tenant.tenantDomain],
    scopesSupported: ['read', 'write'],
    resourceName: 'Test',
    resourceDocumentation: 'https://example.com/docs',
    resourcePolicyUri: 'https://example.com/policy',
    resourceTosUri: 'https://example.com/terms',
  };
  const options = { ...tenant.clientOptions(), resourceMetadata };
  const client = new MonoCloudBackendNodeClient({ ...options, resourceMetadata });
  const token = await tenant.issueToken({ scopes: ['read'] });
  const authorization = `Bearer ${token}`;
  const request = (path: string, headers: Record<string, string> = { authorization }) =>
    new Request(`http://localhost${path}`, { headers });
  const fromHeader = (req: Request) => req.headers.get('x-token') ?? undefined;

  // --- web ---
  const web: ProtectWeb = forWeb.protectApi(client);
  const guard: WebGuard = web({ scopes: ['read'] });
  const result = await guard(request('/'));
  const admission = result as WebAdmission;
  witness('admitted', { sub: admission.claims.sub, headers: admission.headers });
  const maybe = await web({ optional: true })(request('/', {}));
  witness('nobody', (maybe as WebAdmission<undefined>).claims);
  const webScopes: ProtectWeb<Scopes> = forWeb.protectApi<Scopes>(client);
  const errorResponse = forWeb.problemDetails();
  const byOptions = forWeb.protectApi({ ...options, errorResponse, tokenResolver: fromHeader });
  const scoped = forWeb.protectApi<Scopes>(options);
  for (const each of [
    webScopes({ scopes: ['write'] }),
    byOptions({ scopes: ['write'] }),
    scoped({ scopes: ['write'] }),
  ]) {
    const refusal = await each(request('/'));
    witness('refused', (refusal as Response).status);
  }
  const served = web.metadata()(request(WELL_KNOWN));
  witness('document', (await served?.json()) as Document);
  witness('another URL', web.metadata()(request('/')));

  // --- Hono ---
  const app = new Hono<HonoClaims>();
  const hono: ProtectHono = forHono.protectApi(client);
  const honoScopes: ProtectHono<Scopes> = forHono.protectApi<Scopes>(client);
  const honoOptions = forHono.protectApi({
    ...options,
    errorResponse: forHono.problemDetails(),
    tokenResolver: (c: HonoContext) => c.req.header('x-token'),
  });
  app.use(hono.metadata());
  app.get('/me', hono({ scopes: ['read'] }), (c) => c.json({ sub: c.get('claims').sub }));
  app.get('/any', forHono.protectApi<Scopes>(options)({ optional: true }), (c) =>
    c.json({ sub: c.get('claims')?.sub }),
  );
  app.get('/write', honoScopes({ scopes: ['write'] }));
  app.get('/options', honoOptions());
  for (const path of ['/me', '/any', '/write', '/options', WELL_KNOWN]) {
    witness('Hono', (await app.fetch(request(path))).status);
  }
  const variables: HonoClaims['Variables'] = { claims: { ...admission.claims } };
  witness('variables', variables.claims.sub);

  // --- Koa ---
  const koa: ProtectKoa = forKoa.protectApi(client);
  const koaScopes: ProtectKoa<Scopes> = forKoa.protectApi<Scopes>(client);
  const koaOptions = forKoa.protectApi({
    ...options,
    errorResponse: forKoa.problemDetails(),
    tokenResolver: (ctx) => ctx.get('authorization').slice(7),
  });
  const koaApp = new Koa<KoaState>();
  koaApp.use(koa.metadata());
  koaApp.use(koaOptions({ optional: true }));
  koaApp.use(forKoa.protectApi<Scopes>(options)());
  koaApp.use(koaScopes({ scopes: ['read'] }));
  koaApp.use(koa()).use((ctx) => {
    ctx.body = { sub: ctx.state.claims.sub };
  });
  const koaServer = koaApp.listen(0);
  await once(koaServer, 'listening');

  // --- Nest ---
  const nest: ProtectNest = forNest.protectApi(client);
  const nestScopes: ProtectNest<Scopes> = forNest.protectApi<Scopes>(client);
  const tokenOf = ({ headers, method, url }: NestRequest) =>
    `${method} ${url} ${headers.authorization}`.slice('GET / Bearer '.length);
  const nestOptions = forNest.protectApi({
    ...options,
    errorResponse: forNest.problemDetails(),
    tokenResolver: tokenOf,
  });
  const guards: NestGuard[] = [
    nest(),
    nestOptions(),
    nestScopes({ scopes: ['read'] }),
    forNest.protectApi<Scopes>(options)(),
  ];
  const incoming: NestRequest = { headers: { authorization }, method: 'GET', url: '/' };
  for (const each of guards) {
    const context = new ExecutionContextHost([incoming, {}]);
    witness('Nest', await each.canActivate(context));
  }
  class Controller {
    me() {}
  }
  forNest.Claims()(Controller.prototype, 'me', 0);
  forNest.Claims('sub')(Controller.prototype, 'me', 1);
  new Controller().me();

  // --- Express, Fastify, and Nest's middleware ---
  const expressApp = express().use(forExpress.protectApi(client).metadata()).use(nest.metadata());
  const expressServer = expressApp.listen(0);
  await once(expressServer, 'listening');
  const fastify = Fastify();
  const protect: ProtectHook = forFastify.protectApi(client);
  const hook: MetadataHook = protect.metadata();
  fastify.addHook('onRequest', hook);
  const plugin: ProtectPluginOptions = { client, tokenResolver: () => token };
  await forFastify.protectPlugin(Fastify(), plugin);
  await fastify.register(forFastify.protectPlugin, plugin);
  const decorated = fastify as typeof fastify & { protect: ProtectHook };
  fastify.get('/', { onRequest: decorated.protect() }, async () => ({ sub: 'user' }));
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  for (const address of [koaServer.address(), expressServer.address(), fastify.server.address()]) {
    const { port } = address as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${WELL_KNOWN}`);
    witness('documents', (await response.json()) as Document);
  }
  const fromFastify = `http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}/`;
  witness('Fastify', (await fetch(fromFastify)).status);
  const fromKoa = `http://127.0.0.1:${(koaServer.address() as AddressInfo).port}/`;
  witness('Koa', (await fetch(fromKoa, { headers: { authorization } })).status);

  // --- MCP ---
  const needed: TokenVerifierOptions = { requiredScopes: ['read'] };
  const verifier: TokenVerifier = forMcp.createTokenVerifier(client, needed);
  const info: McpAuthInfo = await verifier.verifyAccessToken(token);
  witness('AuthInfo', info);
  witness('token', [info.token, info.clientId]);
  witness('AuthInfo of a request', forMcp.authInfoOf(admission.claims, authorization));
  const tools: ProtectToolsOptions = {
    requiredScopes: ['read'],
    toolScopes: { remove: ['write'] },
  };
  const guardOf = forMcp.protectTools(web, tools);
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'remove' } };
  const refused = await guardOf(call)(request('/'));
  witness('a tool', (refused as Response).status);

  koaServer.close();
  expressServer.close();
  await fastify.close();
  await tenant.close();
}
