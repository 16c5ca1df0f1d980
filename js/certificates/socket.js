'use strict';

// Reads the client certificate from the TLS connection of the request.

/**
 * @import { IncomingMessage } from 'node:http'
 * @import { TLSSocket } from 'node:tls'
 */

const { NONE, pemOfDer } = require('./pem.js');

/**
 * A resumed TLS session without a certificate: the first handshake had none, or did not request one. A resumed
 * handshake requests none, and in TLS 1.3 Node.js still reports the connection as `authorized`. The core knows
 * this value and gives a reason of its own.
 */
const NONE_IN_RESUMED_SESSION = ' ';

/**
 * `certificateFromSocket` of one framework; `rawOf` returns the request of Node.js.
 * @template R
 * @param {(request: R) => IncomingMessage} rawOf
 */
function socketResolver(rawOf) {
  return function certificateFromSocket() {
    /** @param {R} request */
    return function certificateResolver(request) {
      const socket = /** @type {TLSSocket | undefined} */ (rawOf(request).socket);
      // Plain HTTP, or `inject` in a test.
      if (typeof socket?.getPeerX509Certificate !== 'function') return NONE;
      // Read for each request, because TLS 1.2 may renegotiate.
      const certificate = socket.getPeerX509Certificate();
      if (certificate !== undefined) return pemOfDer(certificate.raw);
      return socket.isSessionReused() ? NONE_IN_RESUMED_SESSION : NONE;
    };
  };
}

module.exports = { NONE_IN_RESUMED_SESSION, socketResolver };
