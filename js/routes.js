'use strict';

// What routes ask of tokens. Read from the caller's options once: for a guarded route when it is set
// up, for a call of `validateAccessToken` when it is made.

const { member, nativeRoute, readRoute } = require('./options.js');

/** What one route asks, as the core takes it. */
class Route {
  #core;
  #gate;

  constructor({ scopes, groups, validateCertificateBinding: binding }) {
    this.native = nativeRoute(scopes, groups, binding);
  }

  /** The core's function for tokens of this route. A route has one client, so one is remembered. */
  gateOf(core) {
    if (this.#core !== core) {
      this.#gate = core.native.gate(this.native);
      this.#core = core;
    }
    return this.#gate;
  }
}

/** In place of the caller's options where those were read before: for our own eyes only. */
class Prepared {
  #mark = true;

  /** Unlike `instanceof`, this asks nothing of a caller's proxy. */
  static is(options) {
    return typeof options === 'object' && #mark in options;
  }

  constructor(route, clientCertificate) {
    this.route = route;
    this.clientCertificate = clientCertificate;
  }
}

/** What is asked of most tokens, and of those that are looked at for themselves. */
const OPEN = new Route({});
const UNBOUND = new Prepared(new Route({ validateCertificateBinding: false }));

/** More different ones than this a program has only if it makes them up as it goes. */
const MOST = 256;
const known = new Map();

/** The route that the options of one call describe. */
function routeOf(options, from) {
  if (options === undefined || options === null) return OPEN;
  if (Prepared.is(options)) return options.route;
  const asked = readRoute(options, from);
  const { scopes, groups, validateCertificateBinding: binding } = asked;
  if (!scopes?.length && !groups?.length && binding === undefined) return OPEN;
  const name = JSON.stringify([scopes, groups, binding]);
  let route = known.get(name);
  if (route === undefined) {
    route = new Route(asked);
    if (known.size >= MOST) known.clear();
    known.set(name, route);
  }
  return route;
}

/** The certificate that came with a request. What is no text is none; the core says so if need be. */
function certificateOf(options, from) {
  const certificate = member(options, 'clientCertificate', from);
  return certificate === undefined || typeof certificate === 'string' ? certificate : 'malformed';
}

module.exports = { Prepared, Route, UNBOUND, certificateOf, routeOf };
