'use strict';

// The calls whose instructions are counted. A new token is another one in each call, and so is a proof.

const { createTestTenant } = require('../../js/testing');
const { startTenant } = require('../support/tenant.js');
const { AUDIENCE, createKey, issue, issueAsync } = require('../support/tokens.js');

const KIB = 1024;
const METHOD = 'GET';
const URL = 'https://api.example.com/orders';

/** Calls that warm up, and calls that are counted. */
const SEEN = { warmUp: 400, calls: 600 };
const NEW = { warmUp: 200, calls: 200 };

const many = (make) => Promise.all(Array.from({ length: NEW.warmUp + NEW.calls }, make));

/** Calls `use` with the cases, while their issuers run. */
async function withCases(use) {
  const keys = Object.fromEntries(['RS256', 'ES256', 'EdDSA'].map((alg) => [alg, createKey(alg)]));
  const tenant = await startTenant(Object.values(keys));
  const holders = await createTestTenant();
  const issuer = (alg) => tenant.terms(keys[alg]).issuer;
  const options = (alg) => ({ tenantDomain: issuer(alg), audience: AUDIENCE });

  const seen = (alg, kib) => ({
    name: `a seen ${alg} token of ${kib} KiB`,
    options: options(alg),
    inputs: [[issue(keys[alg], issuer(alg), kib * KIB)]],
    ...SEEN,
  });
  const unseen = async (alg) => ({
    name: `a new ${alg} token of 1 KiB`,
    options: options(alg),
    inputs: await many(async () => [await issueAsync(keys[alg], issuer(alg), KIB)]),
    ...NEW,
  });
  const bound = async () => {
    const holder = holders.dpopClient();
    const token = issue(keys.RS256, issuer('RS256'), KIB, { cnf: { jkt: holder.thumbprint } });
    const proof = () => holder.proof({ url: URL, method: METHOD, token });
    return {
      name: 'a seen RS256 token of 1 KiB with a new ES256 proof (DPoP)',
      options: { ...options('RS256'), dpop: { maxAge: 3600 } },
      inputs: await many(async () => [
        token,
        { dpop: { proof: await proof(), method: METHOD, url: URL } },
      ]),
      ...NEW,
    };
  };

  try {
    return await use([
      seen('RS256', 1),
      seen('RS256', 4),
      seen('ES256', 0.5),
      await unseen('RS256'),
      await unseen('ES256'),
      await unseen('EdDSA'),
      await bound(),
    ]);
  } finally {
    await Promise.all([tenant.close(), holders.close()]);
  }
}

module.exports = { withCases };
