'use strict';

/**
 * @import { IncomingMessage } from 'node:http'
 * @import { AnyFastifyRequest } from './index.d.ts'
 */

const { headerOf } = require('../http/bearer.js');
const { absoluteUrl } = require('../http/url.js');

/**
 * The request target before `rewriteUrl`.
 * @param {AnyFastifyRequest} request
 */
function targetOf(request) {
  /** @type {IncomingMessage & { originalUrl?: string }} */
  const raw = request.raw;
  return raw.originalUrl || raw.url;
}

/** @type {import('../http/guard.js').Adapter<AnyFastifyRequest>} */
const adapter = {
  authorization: ({ headers }) => headerOf(headers, 'authorization'),
  proof: ({ headers }) => headerOf(headers, 'dpop'),
  method: ({ method }) => method,
  // Fastify 5 has the host with its port as `host`, Fastify 4 as `hostname`.
  url: (request) =>
    absoluteUrl(request.protocol, request.host ?? request.hostname, targetOf(request)),
};

module.exports = { adapter, targetOf };
