'use strict';

/** @import { FastifyRequest } from 'fastify' */

const { headerResolver } = require('./header.js');
const { socketResolver } = require('./socket.js');
const { NOBODY } = require('./trust.js');

// Captured when the module is loaded, because a program can replace it later.
const { create } = Object;

/** @param {FastifyRequest} request */
const rawOf = (request) => request.raw;

/**
 * The setting `Fastify({ trustProxy })`, which Fastify does not expose. `request.ips` has a second address only
 * where the peer's address is trusted, so it is evaluated for a request with one more hop.
 * @param {FastifyRequest} request
 * @returns {(address: string) => boolean}
 */
function trustOf(request) {
  return (address) => {
    const socket = { remoteAddress: address };
    const raw = { headers: { 'x-forwarded-for': NOBODY }, socket, connection: socket };
    const descriptor = { __proto__: null, value: raw };
    // By way of `object`: the declaration has no place for `__proto__`.
    const descriptors = /** @type {object} */ ({ __proto__: null, raw: descriptor });
    return create(request, /** @type {PropertyDescriptorMap} */ (descriptors)).ips?.length > 1;
  };
}

module.exports = {
  certificateFromHeader: headerResolver(rawOf, trustOf),
  certificateFromSocket: socketResolver(rawOf),
};
