'use strict';

/**
 * @import { IncomingMessage } from 'node:http'
 * @import { AnyFastifyRequest } from './index.d.ts'
 */

const { headerOf } = require('../http/bearer.js');
const { absoluteUrl } = require('../http/url.js');

module.exports = {
  /** @param {AnyFastifyRequest} request */
  authorization: ({ headers }) => headerOf(headers, 'authorization'),
  /** @param {AnyFastifyRequest} request */
  proof: ({ headers }) => headerOf(headers, 'dpop'),
  /** @param {AnyFastifyRequest} request */
  method: ({ method }) => method,
  /**
   * Fastify 5 has the host with its port as `host`, Fastify 4 as `hostname`.
   * @param {AnyFastifyRequest} request
   */
  url(request) {
    /** @type {IncomingMessage & { originalUrl?: string }} `originalUrl`: before `rewriteUrl` */
    const raw = request.raw;
    return absoluteUrl(
      request.protocol,
      request.host ?? request.hostname,
      raw.originalUrl || raw.url,
    );
  },
};
