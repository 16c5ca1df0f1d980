// Seed 003, "Advanced: shared client, custom resolvers, caching".
import express from 'express';
import type { AuthenticatedExpressRequest } from '@monocloud/backend-node/express';

declare const redisCache: ICache;
const app = express();

// As documented:
import {
  protectApi,
  MonoCloudBackendNodeClient,
  type ICache,
} from '@monocloud/backend-node/express';

// Build a client explicitly when you need a cache or non-env config
const client = new MonoCloudBackendNodeClient({
  tenantDomain: 'https://acme.us.monocloud.app',
  audience: 'https://api.example.com',
  cache: redisCache, // your ICache implementation — caches by token until exp
  introspectJwtTokens: false,
});

const protect = protectApi(client, {
  // Pull token from somewhere other than Authorization: Bearer
  tokenResolver: async (req) => req.cookies.access_token,
  // Provide the client cert for mTLS-bound tokens (use with validateCertificateBinding)
  certificateResolver: async (req) => req.headers['x-client-cert'] as string,
});

app.get('/api/secure', protect({ validateCertificateBinding: true }), (req, res) => {
  res.json((req as AuthenticatedExpressRequest).claims);
});
