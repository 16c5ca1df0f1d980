'use strict';

// The absolute URL of a request, for the `htu` of a DPoP proof (RFC 9449 §4.3).

const { exec } = RegExp.prototype;
const { apply } = Reflect;

/** A host and port (RFC 3986 §3.2): nothing that could end it and begin a path. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d*)?$/i;

/** A request target in absolute form (RFC 9112 §3.2.2) up to its path. */
const AUTHORITY = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

/**
 * The URL; `undefined` where the request names no host, or one that is none.
 * @param {unknown} scheme `http` or `https`
 * @param {unknown} host with its port
 * @param {unknown} target the request target, before any router has shortened it
 */
function absoluteUrl(scheme, host, target) {
  if (scheme !== 'http' && scheme !== 'https') return undefined;
  if (typeof host !== 'string' || apply(exec, HOST, [host]) === null) return undefined;
  if (typeof target !== 'string') return undefined;
  const authority = apply(exec, AUTHORITY, [target]);
  const path = authority === null ? target : target.slice(authority[0].length);
  return `${scheme}://${host}${path[0] === '/' ? '' : '/'}${path}`;
}

module.exports = { absoluteUrl };
