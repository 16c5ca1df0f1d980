'use strict';

/**
 * The token of an `Authorization` header: the scheme in any case, then exactly one token (RFC 6750
 * §2.1). `undefined` where the header is of another kind, or says anything more.
 */
function bearerToken(header) {
  if (typeof header !== 'string') return undefined;
  // As nearly all write it.
  if (header.startsWith('Bearer ')) {
    const rest = header.slice(7);
    if (!rest.includes(' ') && !rest.includes('\t')) return rest;
  }
  const [scheme, token, ...more] = header.trim().split(/[ \t]+/);
  return scheme.toLowerCase() === 'bearer' && more.length === 0 ? token : undefined;
}

module.exports = { bearerToken };
