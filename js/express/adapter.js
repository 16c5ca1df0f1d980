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

/** @type {import('../http/guard.js').Adapter<Request>} */
const adapter = {
  authorization: ({ headers }) => headerOf(headers, 'authorization'),
  proof: ({ headers }) => headerOf(headers, 'dpop'),
  method: ({ method }) => method,
  url: (request) => absoluteUrl(request.protocol, hostOf(request), request.originalUrl),
};

module.exports = { adapter };
