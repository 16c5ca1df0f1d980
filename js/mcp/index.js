'use strict';

const { protectTools } = require('./tools.js');
const { authInfoOf, verifierBy } = require('./verifier.js');

/** The copy of the SDK that a program which uses `require` has; index.mjs has the other. */
const loadErrors = () => require('@modelcontextprotocol/sdk/server/auth/errors.js');

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  authInfoOf,
  createTokenVerifier: verifierBy(loadErrors),
  protectTools,
});
