'use strict';

// An API that closes on SIGTERM; it says its port, when all requests have come, and when it closes.

const { once } = require('node:events');
const express = require('express');
const fastify = require('fastify');
const { protectApi } = require('../../../js/express/index.js');
const { protectApi: protectFastify } = require('../../../js/fastify/index.js');

const SERVERS = {
  async Express(options) {
    const app = express();
    app.get('/', protectApi(options)(), (request, response) => {
      response.json({ sub: request.claims.sub });
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.once('SIGTERM', () => server.close());
    return server;
  },

  async Fastify(options) {
    const app = fastify();
    const guard = protectFastify(options)();
    app.get('/', { onRequest: guard }, async (request) => ({ sub: request.claims.sub }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    process.once('SIGTERM', () => app.close());
    return app.server;
  },
};

module.exports = async ({ input, say }) => {
  let arrived = 0;
  const tokenResolver = () => {
    arrived += 1;
    if (arrived === input.inFlight) say('all are here');
  };
  const server = await SERVERS[input.framework]({ ...input.options, tokenResolver });
  process.once('SIGTERM', () => say('closing'));
  say({ port: server.address().port });
};

module.exports.FRAMEWORKS = Object.keys(SERVERS);
