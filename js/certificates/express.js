'use strict';

const { headerResolver } = require('./header.js');
const { socketResolver } = require('./socket.js');

const rawOf = (request) => request;

/** The compiled setting `trust proxy` of an application, asked about the first hop. */
function trustOf(request) {
  const trusts = request.app?.get('trust proxy fn');
  return trusts && ((address) => trusts(address, 0));
}

module.exports = {
  certificateFromHeader: headerResolver(rawOf, trustOf),
  certificateFromSocket: socketResolver(rawOf),
};
