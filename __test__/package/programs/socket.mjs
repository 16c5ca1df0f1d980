// An API that terminates TLS and binds tokens to the certificate on the socket, as README.md has it.
// In `input.json` are the tenant's options and the server's key and certificate.

import fs from 'node:fs';
import https from 'node:https';
import { certificateFromSocket, protectApi } from '@monocloud/backend-node/express';
import express from 'express';

const { options, tls } = JSON.parse(fs.readFileSync('input.json', 'utf8'));
const app = express();
const protect = protectApi({ ...options, certificateResolver: certificateFromSocket() });

app.get('/', protect({ validateCertificateBinding: true }), (_req, res) => {
  res.json({ message: 'hello' });
});

const server = https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, app);
server.listen(0, '127.0.0.1', () => {
  console.log(server.address().port);
});
