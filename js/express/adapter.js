'use strict';

/** @import { Request } from 'express' */

const { headerOf } = require('../http/bearer.js');
const { absoluteUrl } = require('../http/url.js');

/**
 * The host with its port, as `req.host` of Express 5; that of Express 4 has no port.
 * @param {Request} request
 */
function hostOf({ app, headers, socket }) {
  const forwarded = headerOf(headers, 'x-forwarded-host');
  const isTrusted = app?.get('trust proxy fn')?.(socket.remoteAddress, 0) === true;
  if (typeof forwarded === 'string' && isTrusted) return forwarded.split(',', 1)[0].trim();
  return headerOf(headers, 'host') ?? headerOf(headers, ':authority');
}

module.exports = {
  /** @param {Request} request */
  authorization: ({ headers }) => headerOf(headers, 'authorization'),
  /** @param {Request} request */
  proof: ({ headers }) => headerOf(headers, 'dpop'),
  /** @param {Request} request */
  method: ({ method }) => method,
  /** @param {Request} request */
  url: (request) => absoluteUrl(request.protocol, hostOf(request), request.originalUrl),
};
