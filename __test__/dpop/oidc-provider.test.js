'use strict';

// End to end: bound tokens of a certified authorization server, got and sent by clients that share no line with this
// package (oauth4webapi, npm's dpop), through both majors of both frameworks. Both servers ask for nonces.

const assert = require('node:assert/strict');
const { webcrypto } = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { guarded } = require('../support/guarded.js');
const { raw } = require('../support/http.js');
const { startOidcProvider } = require('../support/oidc/index.js');
const { sha256 } = require('./support.js');

const SECRET = 'a secret of more than thirty-two bytes, for tests';
const SIGNED_WITH = 'https://api.example.com/signed-with/ES256';
const OPAQUE = 'https://api.example.com/opaque';
const PROOF_ALGS = ['ES256', 'Ed25519'];
const ROUTES = [
  { path: '/me', options: { dpop: true } },
  { path: '/write', method: 'post', options: { scopes: ['posts:write'] } },
];

let oauth;
let dpop;
let provider;

before(async () => {
  globalThis.crypto ??= webcrypto;
  [oauth, dpop] = await Promise.all([import('oauth4webapi'), import('dpop')]);
  provider = await startOidcProvider({ algorithms: ['RS256', 'ES256'], dpopNonces: true });
});
after(() => provider?.close());

const insecure = () => ({ [oauth.allowInsecureRequests]: true });

/** The server's metadata as oauth4webapi has it, its client, and how that authenticates. */
async function discover() {
  const issuer = new URL(provider.issuer);
  const as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, insecure()),
  );
  const { clientSecret } = provider.clients.app;
  const client = { client_id: 'app' };
  return { as, client, auth: oauth.ClientSecretPost(clientSecret) };
}

/** Does a request of oauth4webapi, once more where it was asked for a nonce. Tells how often it was sent. */
async function withNonce(send) {
  try {
    return { value: await send(), sent: 1 };
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return { value: await send(), sent: 2 };
  }
}

/** A key, and a token that oidc-provider bound to it. */
async function getToken({ resource = SIGNED_WITH, scope = 'posts:write', alg = 'ES256' } = {}) {
  const { as, client, auth } = await discover();
  const keyPair = await oauth.generateKeyPair(alg);
  const DPoP = oauth.DPoP(client, keyPair);
  const { value } = await withNonce(async () => {
    const parameters = new URLSearchParams({ resource, scope });
    const options = { DPoP, ...insecure() };
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      auth,
      parameters,
      options,
    );
    return oauth.processClientCredentialsResponse(as, client, response);
  });
  assert.equal(value.token_type, 'dpop');
  return { token: value.access_token, DPoP, keyPair };
}

const optionsWith = (more) => ({
  tenantDomain: provider.issuer,
  audience: provider.audience,
  ...provider.clients.app,
  ...more,
});

for (const { name, protectApi, start } of guarded) {
  describe(name, () => {
    const startWith = (t, option) => start(t, protectApi(optionsWith({ dpop: option })), ROUTES);

    for (const [kind, resource] of [
      ['a JWT', SIGNED_WITH],
      ['an opaque token', OPAQUE],
    ]) {
      for (const alg of PROOF_ALGS) {
        it(`oauth4webapi loops from use_dpop_nonce to 200 with ${kind} and ${alg}`, async (t) => {
          const api = await startWith(t, { mode: 'required', nonce: { secret: SECRET } });
          const { token, DPoP } = await getToken({ resource, alg });
          const send = (method, path) => {
            const options = { DPoP, ...insecure() };
            const url = new URL(path, api.url);
            return oauth.protectedResourceRequest(
              token,
              method,
              url,
              undefined,
              undefined,
              options,
            );
          };
          const first = await withNonce(() => send('GET', '/me?a=b'));
          assert.equal(first.sent, 2);
          assert.equal(first.value.status, 200);
          const { claims } = await first.value.json();
          assert.equal(claims.cnf.jkt, await DPoP.calculateThumbprint());
          // The nonce is remembered.
          const second = await withNonce(() => send('POST', '/write'));
          assert.equal(second.sent, 1);
          assert.equal(second.value.status, 200);
          // And the handle reads our challenges.
          const unscoped = await getToken({ resource, alg, scope: 'posts:read' });
          const refused = await withNonce(() =>
            oauth.protectedResourceRequest(
              unscoped.token,
              'POST',
              new URL('/write', api.url),
              undefined,
              undefined,
              { DPoP: unscoped.DPoP, ...insecure() },
            ),
          ).catch((error) => error);
          assert.equal(refused.name, 'WWWAuthenticateChallengeError');
          assert.equal(refused.status, 403);
          const [{ scheme, parameters }] = refused.cause;
          assert.equal(scheme, 'dpop');
          assert.equal(parameters.error, 'insufficient_scope');
          assert.equal(parameters.scope, 'posts:write');
          assert.match(parameters.algs, /\bES256\b/);
          assert.deepEqual(api.errors, []);
        });
      }

      it(`npm’s dpop proves ${kind}, and nobody else’s proof does`, async (t) => {
        const api = await startWith(t, 'when_present');
        const { token, keyPair } = await getToken({ resource });
        const url = `${api.url}/me`;
        const ask = async (proof, scheme = 'DPoP') => {
          const headers = [['Authorization', `${scheme} ${token}`]];
          if (proof !== undefined) headers.push(['DPoP', proof]);
          return (await raw(url, { headers })).status;
        };
        const prove = (keys, htu = url, htm = 'GET', nonce = undefined, forToken = token) =>
          dpop.generateProof(keys, htu, htm, nonce, forToken);
        const good = await prove(keyPair);
        assert.equal(await ask(good), 200);
        assert.equal(await ask(good), 401);
        assert.equal(await ask(await prove(keyPair, url, 'GET', undefined, token)), 200);
        for (const wrong of [
          undefined,
          await prove(await dpop.generateKeyPair('ES256')),
          await prove(keyPair, `${url}/`),
          await prove(keyPair, url, 'POST'),
          await prove(keyPair, url, 'GET', undefined, `${token}x`),
          // Without `ath`: a proof for the token endpoint.
          await dpop.generateProof(keyPair, url, 'GET'),
        ]) {
          assert.equal(await ask(wrong), 401);
        }
        assert.equal(await ask(undefined, 'Bearer'), 401);
        assert.equal(await ask(await prove(keyPair), 'Bearer'), 401);
        assert.deepEqual(api.errors, []);
      });
    }
  });
}

describe('without a framework', () => {
  for (const [kind, resource] of [
    ['a JWT', SIGNED_WITH],
    ['an opaque token', OPAQUE],
  ]) {
    it(`${kind} of oidc-provider passes with a proof by npm’s dpop, of each algorithm it has`, async () => {
      const client = new MonoCloudBackendNodeClient(optionsWith());
      const url = 'https://api.example.com/me';
      for (const alg of PROOF_ALGS) {
        const { token, keyPair } = await getToken({ resource, alg });
        const proof = await dpop.generateProof(keyPair, url, 'GET', undefined, token);
        const request = { proof, method: 'GET', url };
        const { cnf } = await client.validateAccessToken(token, { dpop: request });
        assert.equal(cnf.jkt, await dpop.calculateThumbprint(keyPair.publicKey));
        const [, payload] = proof.split('.');
        const { ath } = JSON.parse(Buffer.from(payload, 'base64url'));
        assert.equal(ath, sha256(token));
        await assert.rejects(client.validateAccessToken(token, { dpop: request }), {
          code: 'invalid_dpop_proof',
          reason: 'dpop_proof_replayed',
        });
      }
    });
  }
});
