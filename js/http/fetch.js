'use strict';

// Requests and responses of the Fetch API, for the adapters that have them.

/**
 * @import { Headers as Pairs } from '../core/challenge.js'
 * @import { Served } from './resource-metadata.js'
 */

/** @type {import('./guard.js').Adapter<Request>} */
const adapter = {
  authorization: ({ headers }) => headers.get('authorization') ?? undefined,
  proof: ({ headers }) => headers.get('dpop') ?? undefined,
  method: ({ method }) => method,
  url: ({ url }) => url,
};

/**
 * An answer as a `Response`: the global of this moment, because a runtime or a server may replace it.
 * @param {Served} served
 */
function responseOf({ status, body, headers }) {
  return new Response(body || null, { status, headers: pairsOf(headers) });
}

/**
 * A pair for each field.
 * @param {Pairs} headers
 * @returns {[string, string][]}
 */
function pairsOf(headers) {
  return headers.flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map(
      (one) => /** @type {[string, string]} */ ([name, one]),
    ),
  );
}

/** @param {string} url */
function pathOf(url) {
  return new URL(url).pathname;
}

module.exports = { adapter, pairsOf, pathOf, responseOf };
