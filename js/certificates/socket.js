'use strict';

/**
 * @import { IncomingMessage } from 'node:http'
 * @import { TLSSocket } from 'node:tls'
 */

// The client's certificate out of the TLS connection that the request came over.

const { NONE, pemOfDer } = require('./pem.js');

/**
 * A resumed session that knows no certificate: it began without one, or at a server that asked for
 * none. Nobody was asked this time either, and Node.js calls such a connection `authorized` under TLS
 * 1.3. Blank, and so no certificate, but not empty, so that the core can tell the two apart.
 */
const NONE_IN_RESUMED_SESSION = ' ';

/**
 * `certificateFromSocket` of one framework; `rawOf` gives Node's own request.
 * @template R
 * @param {(request: R) => IncomingMessage} rawOf
 */
function socketResolver(rawOf) {
  return function certificateFromSocket() {
    /** @param {R} request */
    return function certificateResolver(request) {
      const socket = /** @type {TLSSocket | undefined} */ (rawOf(request).socket);
      // Plain HTTP, or a test's `inject`.
      if (typeof socket?.getPeerX509Certificate !== 'function') return NONE;
      // Asked for each time: TLS 1.2 may renegotiate.
      const certificate = socket.getPeerX509Certificate();
      if (certificate !== undefined) return pemOfDer(certificate.raw);
      return socket.isSessionReused() ? NONE_IN_RESUMED_SESSION : NONE;
    };
  };
}

module.exports = { NONE_IN_RESUMED_SESSION, socketResolver };
