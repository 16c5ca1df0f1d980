// An API that is bundled: on what Node.js has itself, and on Express where that is bundled too.

import http from 'node:http';
import { MonoCloudBackendNodeClient, MonoCloudHttpError } from '@monocloud/backend-node';
import { protectApi } from '@monocloud/backend-node/express';

const client = new MonoCloudBackendNodeClient();

const server = http.createServer(async (req, res) => {
  const [, token] = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? '') ?? [];
  const say = (status, body) => res.writeHead(status).end(JSON.stringify(body));
  try {
    const { sub } = await client.validateAccessToken(token);
    say(200, { sub, guards: typeof protectApi(client)() });
  } catch (error) {
    say(error instanceof MonoCloudHttpError ? 503 : 401, { name: error.name });
  }
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
