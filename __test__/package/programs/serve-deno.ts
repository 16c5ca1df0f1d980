// The same as serve.mjs, as a program that only Deno runs: imports by `npm:`, and types. It has no
// node_modules.

import { MonoCloudBackendNodeClient, MonoCloudHttpError } from 'npm:@monocloud/backend-node';

const client = new MonoCloudBackendNodeClient();

Deno.serve(
  { hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(port) },
  async (request) => {
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
    try {
      const { sub } = await client.validateAccessToken(token ?? '');
      return Response.json({ sub });
    } catch (error) {
      const status = error instanceof MonoCloudHttpError ? 503 : 401;
      return Response.json(error instanceof Error && { name: error.name }, { status });
    }
  },
);
