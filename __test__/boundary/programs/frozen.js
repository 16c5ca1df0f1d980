'use strict';

// The package where all built-ins are frozen: node --frozen-intrinsics frozen.js. Express and Fastify do
// not load there; the middleware is called with a response of its own.

const { MonoCloudBackendNodeClient, protectApi } = require('@monocloud/backend-node/express');
const { makeKey, setOf, sign } = require('../../support/tokens.js');

const BASE = { tenantDomain: 'https://tenant.example', audience: 'https://api.example' };

async function main() {
  const [key, unknown] = [makeKey('ES256'), makeKey('ES256', { kid: 'unknown' })];
  const claims = { iss: BASE.tenantDomain, aud: BASE.audience, sub: 'eve', exp: 9_999_999_999 };
  const client = new MonoCloudBackendNodeClient({
    ...BASE,
    jwksResolver: async () => setOf(key),
    metadataResolver: async () => ({
      issuer: BASE.tenantDomain,
      jwks_uri: 'https://tenant.example/j',
    }),
  });
  const token = sign(key, { claims });
  const outcome = (text, options) =>
    client.validateAccessToken(text, options).then(
      ({ sub }) => sub,
      (error) => error.reason ?? error.message,
    );
  const said = {
    good: await outcome(token),
    forged: await outcome(sign(unknown, { claims })),
    scopes: await outcome(token, { scopes: ['admin'] }),
    passed: [],
    refused: [],
  };
  const protect = protectApi(client);
  try {
    protect({ scope: ['admin'] });
  } catch (error) {
    said.misspelt = error.message;
  }
  const ask = async (headers) => {
    const request = { headers };
    const answer = { headers: {} };
    const response = {
      status: (status) => Object.assign(answer, { status }),
      set: (name, value) => Object.assign(answer.headers, { [name]: value }),
      json: (body) => said.refused.push({ ...answer, body }),
    };
    await protect()(request, response, () => said.passed.push({ sub: request.claims.sub }));
  };
  await ask({ authorization: `Bearer ${token}` });
  await ask({});
  console.log(JSON.stringify(said));
}

main();
