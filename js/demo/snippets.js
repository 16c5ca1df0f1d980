'use strict';

// The program that makes a route of the demo, for each framework.

const { ROUTES } = require('./scenarios.js');

const PACKAGE = '@monocloud/backend-node';

/** @type {Record<string, (path: string, call: string) => string>} */
const PROGRAMS = {
  web: (path, call) => `import { createServer } from 'node:http';
import { protectApi } from '${PACKAGE}/web';

const protect = protectApi(); // reads the environment variables
const guard = protect(${call});

async function handle(request) {
  const result = await guard(request);
  if (!('claims' in result)) return result;
  return Response.json({ message: \`hello \${result.claims.sub}\` });
}

// Next.js: export const GET = handle; Bun.serve({ fetch: handle }); Deno.serve(handle)
createServer(async ({ url, headers }, res) => {
  const { host, authorization = '', dpop } = headers;
  const request = new Request(\`http://\${host}\${url}\`, {
    headers: { authorization, ...(dpop && { dpop }) },
  });
  const response =
    url === '${path}' ? await handle(request) : new Response(null, { status: 404 });
  res.writeHead(response.status, Object.fromEntries(response.headers));
  res.end(await response.text());
}).listen(3000);
`,
  express: (path, call) => `import express from 'express';
import { protectApi } from '${PACKAGE}/express';

const app = express();
const protect = protectApi(); // reads the environment variables

app.get('${path}', protect(${call}), (req, res) => {
  res.json({ message: \`hello \${req.claims.sub}\` });
});

app.listen(3000);
`,
  fastify: (path, call) => `import Fastify from 'fastify';
import { protectApi } from '${PACKAGE}/fastify';

const fastify = Fastify();
const protect = protectApi(); // reads the environment variables

fastify.get('${path}', { onRequest: protect(${call}) }, async (request) => {
  return { message: \`hello \${request.claims.sub}\` };
});

await fastify.listen({ port: 3000 });
`,
  hono: (path, call) => `import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { protectApi } from '${PACKAGE}/hono';

const app = new Hono();
const protect = protectApi(); // reads the environment variables

app.get('${path}', protect(${call}), (c) => {
  return c.json({ message: \`hello \${c.get('claims').sub}\` });
});

serve({ fetch: app.fetch, port: 3000 });
`,
  koa: (path, call) => `import Koa from 'koa';
import { protectApi } from '${PACKAGE}/koa';

const app = new Koa();
const protect = protectApi(); // reads the environment variables
const guard = protect(${call});

app.use((ctx, next) => {
  if (ctx.path !== '${path}') return next();
  return guard(ctx, async () => {
    ctx.body = { message: \`hello \${ctx.state.claims.sub}\` };
  });
});

app.listen(3000);
`,
};

/**
 * The snippets of a framework, by route.
 * @param {string} api
 */
function snippetsOf(api) {
  const entries = Object.entries(ROUTES).map(([path, requirements]) => {
    const members = Object.entries(requirements).map(([name, [value]]) => `${name}: ['${value}']`);
    const call = members.length === 0 ? '' : `{ ${members.join(', ')} }`;
    return [path, PROGRAMS[api](`/api${path}`, call)];
  });
  return Object.fromEntries(entries);
}

module.exports = { snippetsOf };
