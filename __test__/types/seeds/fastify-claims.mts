// Seed 000, "Reading the validated claims".
import Fastify from 'fastify';
import { protectApi } from '@monocloud/backend-node/fastify';

const fastify = Fastify();
const protect = protectApi();

// As documented:
import type { AuthenticatedFastifyRequest } from "@monocloud/backend-node/fastify";

fastify.get("/api/me", { onRequest: protect() }, async (request) => {
  const { claims } = request as AuthenticatedFastifyRequest;
  return claims;
});
