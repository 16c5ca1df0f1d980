'use strict';

// An API in a worker of cluster.js.

const express = require('express');
const { protectApi } = require('../../../js/express/index.js');

const app = express();
app.get(
  '/',
  protectApi(JSON.parse(process.env.CLIENT_OPTIONS))({ scopes: ['posts:read'] }),
  (request, response) => {
    response.json({ sub: request.claims.sub, pid: process.pid });
  },
);
// One request each, so that they are spread over the workers.
app.listen(0, '127.0.0.1', function () {
  this.keepAliveTimeout = 1;
});
