'use strict';

// The client assertions (RFC 7523) that this package sends with an introspection, for the libraries of makers.js to verify.

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { recordIntrospections } = require('../support/introspection.js');
const { encode, sharedPair } = require('../support/tokens.js');

const SECRET = 'a secret of no less than 32 bytes, as HS256 wants it';

const ofSecret = () => ({
  clientAuthMethod: 'client_secret_jwt',
  clientSecret: SECRET,
  jwk: { kty: 'oct', k: encode(SECRET), alg: 'HS256' },
  key: SECRET,
});

function ofKeyPair(alg) {
  const { privateKey, publicKey } = sharedPair(alg, 'client');
  return {
    clientAuthMethod: 'private_key_jwt',
    clientSecret: { ...privateKey.export({ format: 'jwk' }), alg },
    jwk: { ...publicKey.export({ format: 'jwk' }), alg },
    key: publicKey.export({ type: 'spki', format: 'pem' }),
  };
}

/** One for each algorithm, in the form that makers.js documents. */
async function makeAssertions(algorithms) {
  const tenant = await startFaultyTenant();
  try {
    const seen = recordIntrospections(tenant);
    const assertions = [];
    for (const alg of algorithms) {
      const { jwk, key, ...credentials } = alg === 'HS256' ? ofSecret() : ofKeyPair(alg);
      const options = tenant.options({ clientId: 'api', ...credentials });
      await new MonoCloudBackendNodeClient(options).validateAccessToken(`opaque, ${alg}`);
      const { client_assertion: token } = seen.at(-1).form;
      assertions.push({ alg, token, audience: tenant.issuer, jwk, key });
    }
    return assertions;
  } finally {
    await tenant.close();
  }
}

module.exports = { makeAssertions };
