// Two APIs that bind tokens to the client's certificate, as README.md has it: one that terminates TLS, and
// one behind a proxy that does. In `input.json` are the tenant's options and the server's key and
// certificate. Prints both ports.

import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import {
  certificateFromHeader,
  certificateFromSocket,
  protectApi,
} from '@monocloud/backend-node/express';
import express from 'express';

const { options, tls } = JSON.parse(fs.readFileSync('input.json', 'utf8'));

function api(certificateResolver) {
  const app = express();
  const protect = protectApi({ ...options, certificateResolver });
  app.get('/', protect({ validateCertificateBinding: true }), (_req, res) => {
    res.json({ message: 'hello' });
  });
  return app;
}

const secure = { ...tls, requestCert: true, rejectUnauthorized: false };
const servers = [
  https.createServer(secure, api(certificateFromSocket())),
  http.createServer(api(certificateFromHeader({ format: 'nginx', trustProxy: '127.0.0.1' }))),
];
for (const server of servers) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
console.log(servers.map((server) => server.address().port).join(' '));
