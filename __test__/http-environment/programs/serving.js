'use strict';

// An API that closes once it has answered one request.

const { once } = require('node:events');
const express = require('express');
const { protectApi } = require('../../../js/express/index.js');

module.exports = async ({ input, say }) => {
  const app = express();
  app.get('/', protectApi(input.options)(), (_request, response) => response.json({}));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const headers = { authorization: `Bearer ${input.token}`, connection: 'close' };
  const { status } = await fetch(`http://127.0.0.1:${server.address().port}`, { headers });
  say(status);
  server.close();
  server.closeAllConnections();
};
