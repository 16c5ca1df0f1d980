'use strict';

const { headerResolver } = require('./header.js');
const { socketResolver } = require('./socket.js');
const { NOBODY } = require('./trust.js');

// Captured when the module is loaded, because a program can replace it later.
const { create } = Object;

const rawOf = (request) => request.raw;

/**
 * The setting `Fastify({ trustProxy })`, which Fastify does not expose. `request.ips` has a second address only
 * where the peer's address is trusted, so it is evaluated for a request with one more hop.
 */
function trustOf(request) {
  return (address) => {
    const socket = { remoteAddress: address };
    const raw = { headers: { 'x-forwarded-for': NOBODY }, socket, connection: socket };
    const descriptor = { __proto__: null, value: raw };
    return create(request, { __proto__: null, raw: descriptor }).ips?.length > 1;
  };
}

module.exports = {
  certificateFromHeader: headerResolver(rawOf, trustOf),
  certificateFromSocket: socketResolver(rawOf),
};
