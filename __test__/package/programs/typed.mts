// A program as one writes it, with something of every entry point. It is compiled as an ES module and,
// under another name, as CommonJS; then it runs.

import express from 'express';
import Fastify from 'fastify';
import {
  type AccessTokenClaims,
  type ICache,
  MonoCloudBackendNodeClient,
  MonoCloudTokenError,
} from '@monocloud/backend-node';
import { type AuthenticatedExpressRequest, protectApi } from '@monocloud/backend-node/express';
import {
  type AuthenticatedFastifyRequest,
  protectApi as protectFastify,
} from '@monocloud/backend-node/fastify';
import { isAbsoluteUrl } from '@monocloud/backend-node/internal';
import { createMemoryCache } from '@monocloud/backend-node/cache';
import { createTestTenant, type TestTenant } from '@monocloud/backend-node/testing';
import { generateState, isUserInGroup } from '@monocloud/backend-node/utils';

interface MyClaims extends AccessTokenClaims {
  plan?: 'free' | 'paid';
}

async function direct(tenant: TestTenant): Promise<string> {
  const cache: ICache = createMemoryCache();
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions({ cache }));
  const token = await tenant.issueToken({ groups: ['finance'], claims: { plan: 'paid' } });
  const claims = await client.validateAccessToken<MyClaims>(token, { groups: ['finance'] });
  const plan: 'free' | 'paid' | undefined = claims.plan;
  try {
    await client.validateAccessToken(token, { scopes: ['write'] });
    return 'no refusal';
  } catch (error) {
    if (!(error instanceof MonoCloudTokenError)) throw error;
    return `${plan} ${isUserInGroup(claims, ['finance'])} ${error.code}`;
  }
}

async function onExpress(tenant: TestTenant): Promise<number> {
  const app = express();
  app.get('/', protectApi(tenant.clientOptions())(), (req, res) => {
    const { claims } = req as AuthenticatedExpressRequest<MyClaims>;
    res.json({ plan: claims.plan ?? 'free' });
  });
  return new Promise((resolve, reject) => {
    const server = app.listen(0, '127.0.0.1', async () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      const headers = { authorization: `Bearer ${await tenant.issueToken()}` };
      const { status } = await fetch(`http://127.0.0.1:${address.port}/`, { headers });
      server.close();
      resolve(status);
    });
  });
}

async function onFastify(tenant: TestTenant): Promise<number> {
  const app = Fastify();
  app.get('/', { onRequest: protectFastify(tenant.clientOptions())() }, async (request) => {
    const { claims } = request as AuthenticatedFastifyRequest;
    return { sub: claims.sub };
  });
  const headers = { authorization: `Bearer ${await tenant.issueToken()}` };
  return (await app.inject({ method: 'GET', url: '/', headers })).statusCode;
}

async function main(): Promise<void> {
  const tenant = await createTestTenant();
  const known = isAbsoluteUrl(tenant.tenantDomain) && generateState().length > 0;
  console.log(known, await direct(tenant), await onExpress(tenant), await onFastify(tenant));
  await tenant.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
