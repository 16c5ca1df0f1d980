'use strict';

// The DPoP client of the test tenant. Its proofs are checked with oauth4webapi and jose, which share no line with it,
// and its requests by a resource server that asks for nonces.

const assert = require('node:assert/strict');
const { createHash, webcrypto } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const { after, before, describe, test } = require('node:test');

const { createTestTenant } = require('../../js/testing/index.js');
const { CERTIFICATE, claimsOf, headerOf, introspect, now } = require('./support.js');

const sha256 = (text) => createHash('sha256').update(text).digest('base64url');
const URL_OF_API = 'https://api.example.com/posts';

let jose;
let oauth;
let tenant;
before(async () => {
  globalThis.crypto ??= webcrypto;
  jose = await import('jose');
  oauth = await import('oauth4webapi');
  tenant = await createTestTenant();
});
after(() => tenant.close());

/** What oauth4webapi says of a request with that token and proof. */
async function validate(token, proof, { url = URL_OF_API, method = 'GET' } = {}) {
  const issuer = new URL(tenant.tenantDomain);
  const insecure = { [oauth.allowInsecureRequests]: true };
  const discovered = await oauth.discoveryRequest(issuer, insecure);
  const as = await oauth.processDiscoveryResponse(issuer, discovered);
  const headers = { authorization: `DPoP ${token}`, dpop: proof };
  const request = new Request(url, { method, headers });
  return oauth.validateJwtAccessToken(as, request, tenant.audience, {
    ...insecure,
    requireDPoP: true,
    signingAlgorithms: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
  });
}

describe('a proof', () => {
  for (const proofAlg of ['ES256', 'EdDSA', 'RS256', 'PS256']) {
    test(`of ${proofAlg} is one that oauth4webapi and jose accept`, async () => {
      const client = tenant.dpopClient({ proofAlg });
      const token = await client.token();
      assert.equal(client.thumbprint, await jose.calculateJwkThumbprint(client.jwk));
      assert.deepEqual(claimsOf(token).cnf, { jkt: client.thumbprint });
      const proof = await client.proof({ url: URL_OF_API });
      await jose.jwtVerify(proof, await jose.importJWK(client.jwk, proofAlg));
      assert.equal((await validate(token, proof)).cnf.jkt, client.thumbprint);
      assert.deepEqual(headerOf(proof), { typ: 'dpop+jwt', alg: proofAlg, jwk: client.jwk });
      for (const name of ['d', 'kid', 'use', 'alg']) assert.ok(!(name in client.jwk));
    });
  }

  test('is for the method, the URL without query and fragment, the token, and once', async () => {
    const client = tenant.dpopClient();
    const url = `${URL_OF_API}/1?a=b#c`;
    const one = claimsOf(await client.proof({ url, method: 'DELETE', token: 'abc', nonce: 'n' }));
    const two = claimsOf(await client.proof({ url, method: 'DELETE', token: 'abc', nonce: 'n' }));
    assert.ok(Math.abs(one.iat - now()) <= 1);
    assert.notEqual(one.jti, two.jti);
    const { iat, jti, ...rest } = one;
    const htu = `${URL_OF_API}/1`;
    assert.deepEqual(rest, { htm: 'DELETE', htu, ath: sha256('abc'), nonce: 'n' });
    assert.ok(Number.isInteger(iat) && typeof jti === 'string');
  });

  test('may be wrong in every claim and header parameter', async () => {
    const client = tenant.dpopClient();
    const proof = await client.proof({
      url: URL_OF_API,
      claims: { jti: undefined, htm: 'get', extra: 1 },
      header: { typ: 'JWT', kid: 'x', jwk: undefined },
    });
    const { jti, htm, extra } = claimsOf(proof);
    assert.deepEqual([jti, htm, extra], [undefined, 'get', 1]);
    assert.deepEqual(headerOf(proof), { typ: 'JWT', alg: 'ES256', kid: 'x' });
    await assert.rejects(validate(await client.token(), proof));
  });

  test('of another key is refused by oauth4webapi', async () => {
    const [owner, thief] = [tenant.dpopClient(), tenant.dpopClient()];
    const token = await owner.token();
    await assert.rejects(validate(token, await thief.proof({ url: URL_OF_API, token })));
  });
});

describe('a token', () => {
  test('may be bound to a key, to a certificate, or to both', async () => {
    const { thumbprint } = tenant.dpopClient();
    const bound = claimsOf(await tenant.issueToken({ jkt: thumbprint }));
    assert.deepEqual(bound.cnf, { jkt: thumbprint });
    const both = claimsOf(await tenant.issueToken({ jkt: thumbprint, certificate: CERTIFICATE }));
    assert.deepEqual(Object.keys(both.cnf).sort(), ['jkt', 'x5t#S256']);
  });

  test('of a client has the content of its options, and is the same each time', async () => {
    const client = tenant.dpopClient({ scopes: ['a'], subject: 'ada', alg: 'ES384' });
    const token = await client.token();
    assert.equal(await client.token(), token);
    assert.equal(headerOf(token).alg, 'ES384');
    const { scope, sub, cnf } = claimsOf(token);
    assert.deepEqual([scope, sub, cnf], ['a', 'ada', { jkt: client.thumbprint }]);
    const opaque = tenant.dpopClient({ opaque: true });
    const { body } = await introspect(tenant, { token: await opaque.token() });
    assert.deepEqual(body.cnf, { jkt: opaque.thumbprint });
  });

  test('wrong options are refused by name', async () => {
    assert.throws(() => tenant.dpopClient({ scope: 'a' }), /dpopClient\(\) has no option "scope"/);
    assert.throws(() => tenant.dpopClient({ proofAlg: 'HS256' }), /"proofAlg" must be one of/);
    assert.throws(() => tenant.dpopClient({ opaque: 1 }), /"opaque" must be a boolean/);
    await assert.rejects(tenant.issueToken({ jkt: 'short' }), /"jkt" must be a thumbprint/);
    await assert.rejects(tenant.dpopClient({ scopes: 'a' }).token(), /"scopes" must be an array/);
    const client = tenant.dpopClient();
    await assert.rejects(client.proof({ url: URL_OF_API, htm: 'GET' }), /no option "htm"/);
    await assert.rejects(client.proof({}), /"url" must be a non-empty string/);
  });
});

describe('fetch', () => {
  /** Answers by its handler, and keeps the requests. */
  async function startApi(t, handler) {
    const seen = [];
    const server = http.createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push({ ...request.headers, method: request.method, url: request.url, body });
      handler(request, response, seen.length);
      response.end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    return { seen, url: `http://127.0.0.1:${server.address().port}` };
  }

  test('sends the token and a fresh proof', async (t) => {
    const { seen, url } = await startApi(t, () => {});
    const client = tenant.dpopClient();
    const { fetch } = client;
    await fetch(`${url}/a?b=c`);
    await fetch(new URL('/a', url), { method: 'post', body: 'text' });
    await fetch(new Request(`${url}/a`, { method: 'PUT', body: '{}', headers: { a: 'b' } }));
    const token = await client.token();
    assert.deepEqual(
      seen.map(({ dpop, authorization, method, body }) => {
        const { htm, htu, ath } = claimsOf(dpop);
        assert.deepEqual([htu, ath], [`${url}/a`, sha256(token)]);
        return [authorization, method, htm, body];
      }),
      [
        [`DPoP ${token}`, 'GET', 'GET', ''],
        [`DPoP ${token}`, 'POST', 'POST', 'text'],
        [`DPoP ${token}`, 'PUT', 'PUT', '{}'],
      ],
    );
    assert.equal(seen[2].a, 'b');
    assert.equal(new Set(seen.map(({ dpop }) => claimsOf(dpop).jti)).size, 3);
  });

  test('repeats once with the nonce that it is asked for, body included, and remembers it', async (t) => {
    const { seen, url } = await startApi(t, (request, response) => {
      const { nonce } = claimsOf(request.headers.dpop);
      if (nonce !== 'one') {
        const challenge = 'DPoP error="use_dpop_nonce", algs="ES256"';
        response.writeHead(401, { 'DPoP-Nonce': 'one', 'WWW-Authenticate': challenge });
      }
    });
    const client = tenant.dpopClient();
    assert.equal((await client.fetch(url, { method: 'POST', body: 'text' })).status, 200);
    assert.deepEqual(
      seen.map(({ dpop, body }) => [claimsOf(dpop).nonce, body]),
      [
        [undefined, 'text'],
        ['one', 'text'],
      ],
    );
    assert.equal((await client.fetch(url)).status, 200);
    assert.equal(seen.length, 3);
  });

  test('a server that never likes a nonce, and one that gives none, get no third request', async (t) => {
    for (const headers of [{ 'DPoP-Nonce': 'one' }, {}]) {
      const { seen, url } = await startApi(t, (_request, response) => {
        response.writeHead(401, { ...headers, 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"' });
      });
      assert.equal((await tenant.dpopClient().fetch(url)).status, 401);
      assert.equal(seen.length, 'DPoP-Nonce' in headers ? 2 : 1);
    }
  });

  test('the newest nonce of an answer of any kind is sent next', async (t) => {
    const { seen, url } = await startApi(t, (_request, response, count) => {
      response.setHeader('DPoP-Nonce', `nonce ${count}`);
    });
    const client = tenant.dpopClient();
    for (let i = 0; i < 3; i += 1) await client.fetch(url);
    const nonces = seen.map(({ dpop }) => claimsOf(dpop).nonce);
    assert.deepEqual(nonces, [undefined, 'nonce 1', 'nonce 2']);
  });

  test('headers of the caller are sent as they are', async (t) => {
    const { seen, url } = await startApi(t, () => {});
    const client = tenant.dpopClient();
    await client.fetch(url, { headers: { authorization: 'DPoP other' } });
    await client.fetch(url, { headers: { dpop: 'a proof of mine' } });
    assert.equal(seen[0].authorization, 'DPoP other');
    assert.equal(claimsOf(seen[0].dpop).ath, sha256('other'));
    assert.equal(seen[1].dpop, 'a proof of mine');
  });
});
