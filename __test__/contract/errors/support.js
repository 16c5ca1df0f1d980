'use strict';

// The codes of token errors.

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

module.exports = { CODES };
