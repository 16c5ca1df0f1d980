// An API on Express, for bundles that have Express in them.

import { MonoCloudBackendNodeClient, protectApi } from '@monocloud/backend-node/express';
import express from 'express';

const client = new MonoCloudBackendNodeClient();
const protect = protectApi(client);
const app = express();

app.get('/', protect(), (req, res) => {
  res.json({ sub: req.claims.sub });
});

app.get('/name', async (req, res) => {
  const error = await client.validateAccessToken(req.query.token).catch((reason) => reason);
  res.json({ name: error.name });
});

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
