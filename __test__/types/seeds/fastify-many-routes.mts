// Seed 000, "Applying to many routes".
import Fastify from 'fastify';
import { protectApi } from '@monocloud/backend-node/fastify';

const fastify = Fastify();
const protect = protectApi();

// As documented:
// Apply to every route on the instance
fastify.addHook("onRequest", protect());

// Per-encapsulated-context (Fastify plugins / prefixes)
fastify.register(async (instance) => {
  instance.addHook("onRequest", protect({ scopes: ["admin"] }));
  instance.get("/admin/users", async () => {
    /* ... */
  });
});

// Different options on different routes — just attach inline as in the basic example
