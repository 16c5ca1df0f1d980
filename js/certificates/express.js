'use strict';

/** @import { Request } from 'express' */

const { headerResolver } = require('./header.js');
const { socketResolver } = require('./socket.js');

/** @param {Request} request */
const rawOf = (request) => request;

/**
 * The compiled setting `trust proxy` of an application, asked about the first hop.
 * @param {Request} request
 * @returns {((address: string) => boolean) | undefined}
 */
function trustOf(request) {
  const trusts = request.app?.get('trust proxy fn');
  return trusts && ((address) => trusts(address, 0));
}

module.exports = {
  certificateFromHeader: headerResolver(rawOf, trustOf),
  certificateFromSocket: socketResolver(rawOf),
};
