// Seed 000, the module augmentation instead of a cast.
import Fastify from 'fastify';
import { protectApi, type AuthenticatedFastifyRequest } from '@monocloud/backend-node/fastify';

const fastify = Fastify();
const protect = protectApi();

fastify.get('/api/me', { onRequest: protect() }, async (request) => {
  const sub: string | undefined = request.claims?.sub;
  // The cast goes on working beside it.
  const { claims } = request as AuthenticatedFastifyRequest;
  return { sub, exp: claims.exp };
});

// As documented:
import type { AccessTokenClaims } from "@monocloud/backend-node";
declare module "fastify" {
  interface FastifyRequest {
    claims?: AccessTokenClaims;
  }
}
