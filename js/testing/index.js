'use strict';

// `@monocloud/backend-node/testing`: a small authorization server on loopback, for tests of protected routes.
// Documented in index.d.ts.

/** @import { TestTenant as PublicTenant, TestTenantOptions } from './index.d.ts' */

const { randomBytes } = require('node:crypto');
const { checkAlgorithm, checkNames, checkString, isList } = require('./checks.js');
const { ALGORITHMS } = require('./keys.js');
const { TestTenant } = require('./tenant.js');

const TENANT_OPTIONS = ['audience', 'clientId', 'clientSecret', 'algorithms', 'port'];

/** @typedef {'ref' | 'unref' | typeof Symbol.asyncDispose} ReturnsItself members that the class lacks, or whose result does */

/** @param {TestTenantOptions} [options] */
async function createTestTenant(options = {}) {
  // The tenant issues any token to anybody who can reach it.
  if (process.env.NODE_ENV === 'production') {
    throw new Error(
      'createTestTenant() refuses to run with NODE_ENV=production: it issues a token to anybody',
    );
  }
  checkNames('createTestTenant', options, TENANT_OPTIONS);
  const {
    audience = 'https://api.example.com',
    clientId = 'test-api',
    clientSecret = randomBytes(32).toString('base64url'),
    algorithms = [...ALGORITHMS.keys()],
    port = 0,
  } = options;
  checkString('audience', audience);
  checkString('clientId', clientId);
  checkString('clientSecret', clientSecret);
  if (!isList(algorithms) || algorithms.length === 0) {
    throw new TypeError('"algorithms" must be an array of at least one algorithm');
  }
  for (const alg of algorithms) {
    checkAlgorithm('algorithms', alg, [...ALGORITHMS.keys()]);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError('"port" must be an integer from 0 to 65535');
  }
  /** @type {Promise<Omit<PublicTenant, ReturnsItself>>} */
  const tenant = TestTenant.start({
    audience,
    clientId,
    clientSecret,
    algorithms: [...new Set(algorithms)],
    port,
  });
  // `Symbol.asyncDispose` was defined above, where Node.js has it.
  return /** @type {Promise<PublicTenant>} */ (tenant);
}

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({ createTestTenant });
