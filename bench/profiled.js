'use strict';

// node bench/profiled.js seen|new [SECONDS]: one kind of validation again and again, for a profiler: a seen ES256
// token of half a KiB, or new RS256 tokens of 1 KiB.

const { MonoCloudBackendNodeClient } = require('..');
const { startTenant } = require('./support/tenant.js');
const { AUDIENCE, copies, createKey, issue } = require('./support/tokens.js');

const CASES = {
  // Each call gets a string of its own, as in a request.
  seen: {
    alg: 'ES256',
    make: (key, issuer) => copies(issue(key, issuer, 512), 4000),
  },
  // The memory is for fewer tokens, so that each is new when it comes again.
  new: {
    alg: 'RS256',
    make: (key, issuer) => Array.from({ length: 4000 }, () => issue(key, issuer, 1024)),
    options: { verifiedTokensBytes: 65_536 },
  },
};

async function main(name, seconds = 5) {
  const { alg, make, options } = CASES[name];
  const key = createKey(alg);
  const tenant = await startTenant([key]);
  const { issuer } = tenant.terms(key);
  const client = new MonoCloudBackendNodeClient({
    tenantDomain: issuer,
    audience: AUDIENCE,
    ...options,
  });
  const tokens = make(key, issuer);
  console.log('begins');
  let calls = 0;
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; calls += tokens.length) {
    for (const token of tokens) await client.validateAccessToken(token);
  }
  console.log(`${calls} calls`);
  await tenant.close();
}

main(...process.argv.slice(2));
