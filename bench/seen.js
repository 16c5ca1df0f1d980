'use strict';

// node bench/seen.js [SECONDS]: validates one seen ES256 token of half a KiB again and again, for a profiler.

const { MonoCloudBackendNodeClient } = require('..');
const { startTenant } = require('./support/tenant.js');
const { AUDIENCE, copies, createKey, issue } = require('./support/tokens.js');

const BYTES = 512;
const COPIES = 4000;

async function main(seconds = 5) {
  const key = createKey('ES256');
  const tenant = await startTenant([key]);
  const { issuer } = tenant.terms(key);
  const client = new MonoCloudBackendNodeClient({ tenantDomain: issuer, audience: AUDIENCE });
  // Each call gets a string of its own, as in a request.
  const tokens = copies(issue(key, issuer, BYTES), COPIES);
  let calls = 0;
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; calls += COPIES) {
    for (const token of tokens) await client.validateAccessToken(token);
  }
  console.log(`${calls} calls`);
  await tenant.close();
}

main(process.argv[2]);
