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
 * The token of an `Authorization` header: the scheme in any case, then exactly one token (RFC 6750 §2.1).
 * `undefined` where the header has another form.
 * @param {unknown} header
 */
function bearerToken(header) {
  if (typeof header !== 'string') return undefined;
  // The usual spelling.
  if (header.startsWith('Bearer ')) {
    const rest = header.slice(7);
    if (!rest.includes(' ') && !rest.includes('\t')) return rest;
  }
  const [scheme, token, ...more] = header.trim().split(/[ \t]+/);
  return scheme.toLowerCase() === 'bearer' && more.length === 0 ? token : undefined;
}

/**
 * Whether an `Authorization` header is of the scheme `Bearer`, whatever comes after that.
 * @param {unknown} header
 */
function hasBearerScheme(header) {
  return typeof header === 'string' && /^\s*bearer(?:[ \t]|$)/i.test(header);
}

module.exports = { bearerToken, hasBearerScheme, headerOf };
