'use strict';

// An Express 4 application whose own machinery fails while the guard answers, or sets the claims. Prints what a
// client got, how often the application's error handler ran, and how often the route's handler did.

const { MonoCloudTokenError } = require('@monocloud/backend-node');
const { protectApi } = require('@monocloud/backend-node/express');
const express = require('express4');

const [, , fault] = process.argv;
const counts = { handled: 0, next: 0 };
const app = express();

const client = {
  async validateAccessToken() {
    if (fault === 'claims getter') return { sub: 'user' };
    throw new MonoCloudTokenError('no');
  },
};

if (fault === 'json replacer') {
  app.set('json replacer', () => {
    throw new Error('the application’s own');
  });
}
if (fault === 'claims getter') {
  Object.defineProperty(app.request, 'claims', { get: () => undefined });
}
if (fault === 'enumerable prototype') {
  Object.defineProperty(Object.prototype, 'anything', { value() {}, enumerable: true });
}

app.get('/', protectApi(client)(), (_request, response) => {
  counts.next += 1;
  response.end();
});
app.use((_error, _request, response, _next) => {
  counts.handled += 1;
  response.statusCode = 500;
  response.end();
});

const server = app.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const headers = { authorization: 'Bearer token' };
  const { status } = await fetch(`http://127.0.0.1:${port}/`, { headers });
  process.stdout.write(JSON.stringify({ status, ...counts }));
  server.close();
  process.exit();
});
