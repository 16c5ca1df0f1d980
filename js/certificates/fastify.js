'use strict';

const { headerResolver } = require('./header.js');
const { socketResolver } = require('./socket.js');
const { NOBODY } = require('./trust.js');

const rawOf = (request) => request.raw;

/**
 * What `Fastify({ trustProxy })` says. The setting itself is out of reach; `request.ips` goes past the
 * peer's own address only where that is trusted, so it is asked about a request with one more hop.
 */
function trustOf(request) {
  return (address) => {
    const socket = { remoteAddress: address };
    const raw = { headers: { 'x-forwarded-for': NOBODY }, socket, connection: socket };
    return Object.create(request, { raw: { value: raw } }).ips?.length > 1;
  };
}

module.exports = {
  certificateFromHeader: headerResolver(rawOf, trustOf),
  certificateFromSocket: socketResolver(rawOf),
};
