'use strict';

const { hasOwn } = Object;

/**
 * A header of a request of Node.js; a name on `Object.prototype` is no header.
 * @param {object | undefined} headers
 * @param {string} name in lower case
 * @returns {unknown}
 */
function headerOf(headers, name) {
  return headers && hasOwn(headers, name)
    ? /** @type {Record<string, unknown>} */ (headers)[name]
    : undefined;
}

/**
 * The token of an `Authorization` header of the scheme `Bearer` (RFC 6750 §2.1); `undefined` where the header
 * has another form.
 * @param {unknown} header
 */
function bearerToken(header) {
  // The usual spelling.
  if (typeof header === 'string' && header.startsWith('Bearer ')) {
    const rest = header.slice(7);
    if (!rest.includes(' ') && !rest.includes('\t')) return rest;
  }
  return tokenOf(header, 'bearer');
}

/**
 * The same for the scheme `DPoP` (RFC 9449 §7.1).
 * @param {unknown} header
 */
function dpopToken(header) {
  return tokenOf(header, 'dpop');
}

/**
 * The scheme in any case, then exactly one token.
 * @param {unknown} header
 * @param {string} wanted
 */
function tokenOf(header, wanted) {
  if (typeof header !== 'string') return undefined;
  const [scheme, token, ...more] = header.trim().split(/[ \t]+/);
  return scheme.toLowerCase() === wanted && more.length === 0 ? token : undefined;
}

/**
 * The scheme of an `Authorization` header that should have an access token, whatever comes after it.
 * @param {unknown} header
 */
function schemeOf(header) {
  if (typeof header !== 'string') return undefined;
  const [scheme] = header.trim().split(/[ \t]+/, 1);
  const name = scheme.toLowerCase();
  return name === 'bearer' || name === 'dpop' ? name : undefined;
}

module.exports = { bearerToken, dpopToken, headerOf, schemeOf };
