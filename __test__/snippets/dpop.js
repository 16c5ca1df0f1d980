'use strict';

const assert = require('node:assert/strict');

const { granted } = require('../support/snippets/common.js');

const ALGS = 'algs="ES256 ES384 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519"';
const HERE = { to: '/api/hello' };
const UNAUTHORIZED = { status: 401, json: { message: 'unauthorized' } };
const ONLY_DPOP = { ...UNAUTHORIZED, challenge: `DPoP ${ALGS}` };
const BAD_TOKEN = { ...UNAUTHORIZED, challenge: `DPoP error="invalid_token", ${ALGS}` };

/** A request of a client that has its token's key, and the same one again. */
async function once({ base, tenant }) {
  const client = tenant.dpopClient();
  const url = `${base}/api/hello`;
  assert.equal((await client.fetch(url)).status, 200);
  const dpop = await client.proof({ url });
  const statuses = [];
  for (let i = 0; i < 2; i += 1) {
    statuses.push((await client.fetch(url, { headers: { dpop } })).status);
  }
  assert.deepEqual(statuses, [200, 401]);
}

/** The same for a URL that the client asked a proxy for. */
const through =
  (origin, headers) =>
  async ({ base, tenant }) => {
    const client = tenant.dpopClient();
    const url = `${base}/api/hello`;
    const status = async (htu) => {
      const dpop = await client.proof({ url: htu });
      return (await client.fetch(url, { headers: { ...headers, dpop } })).status;
    };
    assert.deepEqual([await status(`${origin}/api/hello`), await status(url)], [200, 401]);
  };

const REQUIRED = [{ ...HERE, answer: ONLY_DPOP }, { ...HERE, token: {}, answer: BAD_TOKEN }, once];

module.exports = {
  page: 'docs/dpop.md',
  snippets: {
    'A route that needs it': {
      requests: [
        { ...HERE, token: {}, answer: granted('hello') },
        { to: '/api/payments', method: 'POST', answer: ONLY_DPOP },
        { to: '/api/payments', method: 'POST', token: {}, answer: BAD_TOKEN },
        once,
        async ({ base, tenant }) => {
          const url = `${base}/api/payments`;
          assert.equal((await tenant.dpopClient().fetch(url, { method: 'POST' })).status, 201);
        },
      ],
    },
    Replay: { redis: true, requests: REQUIRED },
    'Replay 2': { requests: [{ ...HERE, token: {}, answer: granted('hello') }, once] },
    Nonces: {
      env: { DPOP_NONCE_SECRET: 'a secret of more than thirty-two bytes' },
      requests: [
        ...REQUIRED.slice(0, 2),
        async ({ base, tenant }) => {
          const client = tenant.dpopClient();
          const url = `${base}/api/hello`;
          const without = await client.fetch(url, {
            headers: { dpop: await client.proof({ url }) },
          });
          assert.equal(without.status, 401);
          assert.match(without.headers.get('www-authenticate'), /error="use_dpop_nonce"/);
          assert.ok(without.headers.get('dpop-nonce'));
          assert.equal((await client.fetch(url)).status, 200);
        },
      ],
    },
    'Behind a proxy': {
      requests: [
        ...REQUIRED.slice(0, 2),
        once,
        through('https://api.example.com', {
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'api.example.com',
        }),
      ],
    },
    'Behind a proxy 2': {
      requests: [...REQUIRED.slice(0, 2), through('https://api.example.com', {})],
    },
    'FAPI 2.0': {
      requests: [
        { ...HERE, token: { alg: 'ES256' }, answer: { status: 401 } },
        async ({ base, tenant }) => {
          const url = `${base}/api/hello`;
          assert.equal((await tenant.dpopClient().fetch(url)).status, 401);
          assert.equal((await tenant.dpopClient({ alg: 'ES256' }).fetch(url)).status, 200);
        },
      ],
    },
    'Without a guard': {
      requests: [
        { ...HERE, answer: { status: 401 } },
        { ...HERE, token: {}, answer: { status: 200, text: 'hello test-user' } },
        through('http://localhost', {}),
      ],
    },
    'Testing it': { test: true },
  },
};
