'use strict';

// What the demo and the tour stand on: a test tenant whose network can fail, and a client of it.

/** @import { Client } from '../client.js' */

const { randomBytes } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');
const { MonoCloudBackendNodeClient } = require('../client.js');
const { TestTenant } = require('../testing/tenant.js');

/** Seconds that keys are used before they are fetched again: short, so that one sees it. */
const JWKS_CACHE_DURATION = 2;
const JWKS_STALE_DURATION = 60;
/** Longer than a request waits for a refresh. */
const SLOW_MS = 3000;

/** @typedef {'up' | 'slow' | 'away'} Network */
/** @typedef {Awaited<ReturnType<typeof startWorld>>} World */

/** The settings of a real tenant in the shell would change the answers. */
function forgetEnvironment() {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('MONOCLOUD_BACKEND_')) delete process.env[name];
  }
}

/**
 * @param {object} [options] of the client
 */
async function startWorld(options = {}) {
  forgetEnvironment();
  const state = { network: /** @type {Network} */ ('up') };
  const tenant = await TestTenant.start({
    audience: 'https://api.example.com',
    clientId: 'demo-api',
    clientSecret: randomBytes(32).toString('base64url'),
    algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'],
    port: 0,
    async network() {
      if (state.network === 'slow') await sleep(SLOW_MS, undefined, { ref: false });
      return state.network !== 'away';
    },
  });
  /** @type {Client} */
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions(options));
  return { tenant, client, state, close: () => tenant.close() };
}

const DEMO_OPTIONS = {
  jwksCacheDuration: JWKS_CACHE_DURATION,
  jwksStaleDuration: JWKS_STALE_DURATION,
};

module.exports = { DEMO_OPTIONS, startWorld };
