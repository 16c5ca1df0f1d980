// An API on what Bun and Deno have themselves for serving, without a framework; README.md has the same
// for Node.js. Configured by the environment.

import { MonoCloudBackendNodeClient, MonoCloudHttpError } from '@monocloud/backend-node';

const client = new MonoCloudBackendNodeClient();

async function answer(request) {
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  try {
    const { sub } = await client.validateAccessToken(token);
    return Response.json({ sub });
  } catch (error) {
    const status = error instanceof MonoCloudHttpError ? 503 : 401;
    return Response.json({ name: error.name, reason: error.reason }, { status });
  }
}

const where = { hostname: '127.0.0.1', port: 0 };
if (globalThis.Bun) {
  console.log(globalThis.Bun.serve({ ...where, fetch: answer }).port);
} else {
  globalThis.Deno.serve({ ...where, onListen: ({ port }) => console.log(port) }, answer);
}
