'use strict';

// The codes of token errors, and every text that an error shows.

const util = require('node:util');

const CODES = [
  'invalid_token',
  'insufficient_scope',
  'insufficient_groups',
  'inactive_token',
  'access_denied',
  'insufficient_user_authentication',
  'invalid_dpop_proof',
  'use_dpop_nonce',
];

/** All that any way of showing an error could show, `raw` on demand. */
function everythingIn(error, { withRaw = false } = {}) {
  const more = withRaw
    ? [JSON.stringify(error.raw), util.inspect(error, { showHidden: true })]
    : [];
  return [
    error.message,
    error.stack,
    String(error),
    JSON.stringify(error),
    JSON.stringify({ ...error }),
    util.inspect(error, { depth: 20 }),
    util.format('%s %O', error.name, { error }),
    ...more,
  ].join('\n');
}

module.exports = { CODES, everythingIn };
