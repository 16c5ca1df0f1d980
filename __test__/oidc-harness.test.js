'use strict';

// The other tests trust what the harness hands them. This one doesn't: it has jose, not our own
// code, say that the tokens are what they claim to be.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { createCa, createClientCert, createServerCert } = require('./support/certs.js');
const { ACCEPTED } = require('./support/algorithms.js');
const { loadJose, send, startOidcProvider } = require('./support/oidc/index.js');

const form = { 'content-type': 'application/x-www-form-urlencoded' };

function introspect(url, token, client, tls) {
  const body = new URLSearchParams({ token, client_id: client.clientId });
  if (client.clientSecret) {
    body.set('client_secret', client.clientSecret);
  }
  return send(url, { method: 'POST', headers: form, body: body.toString(), tls });
}

describe('oidc-provider on http', () => {
  let provider;
  let jose;

  before(async () => {
    [provider, jose] = await Promise.all([startOidcProvider(), loadJose()]);
  });
  after(() => provider?.close());

  async function verify(token) {
    const keys = jose.createLocalJWKSet(await publicKeys(provider));
    return jose.jwtVerify(token, keys, { issuer: provider.issuer, audience: provider.audience });
  }

  it('announces itself', async () => {
    const { text } = await send(`${provider.issuer}/.well-known/openid-configuration`);
    const metadata = JSON.parse(text);
    assert.equal(metadata.issuer, provider.issuer);
    assert.equal(metadata.jwks_uri, `${provider.issuer}/jwks`);
    assert.ok(metadata.introspection_endpoint.startsWith(provider.issuer));
    assert.equal(metadata.mtls_endpoint_aliases, undefined);
  });

  it('publishes public keys only, one an algorithm', async () => {
    const { keys } = await publicKeys(provider);
    assert.deepEqual(keys.map((key) => key.alg).sort(), [...ACCEPTED].sort());
    assert.ok(keys.every((key) => key.d === undefined));
  });

  for (const alg of ACCEPTED) {
    it(`signs with ${alg}`, async () => {
      const token = await provider.token({ alg, scope: 'posts:read posts:write' });
      const { payload, protectedHeader } = await verify(token);
      assert.equal(protectedHeader.alg, alg);
      assert.equal(protectedHeader.typ, 'at+jwt');
      assert.equal(payload.scope, 'posts:read posts:write');
      assert.equal(payload.client_id, 'app');
    });
  }

  it('drops a scope that the API does not know', async () => {
    const { payload } = await verify(await provider.token({ scope: 'posts:read launch:rockets' }));
    assert.equal(payload.scope, 'posts:read');
  });

  it('adds claims and sets the lifetime', async () => {
    const token = await provider.token({ claims: { groups: ['admin'] }, expiresIn: 42 });
    const { payload } = await verify(token);
    assert.deepEqual(payload.groups, ['admin']);
    assert.equal(payload.exp - payload.iat, 42);
  });

  it('issues, introspects and revokes opaque tokens', async () => {
    const token = await provider.opaqueToken({ scope: 'posts:read', claims: { groups: ['ops'] } });
    assert.ok(!token.includes('.'));
    const endpoint = `${provider.issuer}/token/introspection`;

    const alive = JSON.parse((await introspect(endpoint, token, provider.clients.post)).text);
    assert.equal(alive.active, true);
    assert.equal(alive.aud, provider.audience);
    assert.equal(alive.iss, provider.issuer);
    assert.deepEqual(alive.groups, ['ops']);

    const denied = JSON.parse((await introspect(endpoint, token, provider.clients.stranger)).text);
    assert.deepEqual(denied, { active: false });

    await provider.revoke(token);
    const revoked = JSON.parse((await introspect(endpoint, token, provider.clients.post)).text);
    assert.deepEqual(revoked, { active: false });
  });

  it('refuses a wrong secret', async () => {
    const wrong = { clientId: 'post', clientSecret: 'wrong' };
    const answer = await introspect(`${provider.issuer}/token/introspection`, 'x', wrong);
    assert.equal(answer.status, 401);
    assert.equal(JSON.parse(answer.text).error, 'invalid_client');
  });

  it('takes private_key_jwt and client_secret_jwt assertions', async () => {
    const token = await provider.opaqueToken();
    for (const id of ['private-key-jwt', 'secret-jwt']) {
      const { clientSecret } = provider.clients[id];
      const [alg, key] =
        id === 'secret-jwt'
          ? ['HS256', new TextEncoder().encode(clientSecret)]
          : ['ES256', await jose.importJWK(clientSecret, 'ES256')];
      const assertion = await new jose.SignJWT({})
        .setProtectedHeader({ alg, kid: clientSecret.kid })
        .setIssuer(id)
        .setSubject(id)
        .setAudience(provider.issuer)
        .setJti(id)
        .setIssuedAt()
        .setExpirationTime('60s')
        .sign(key);
      const body = new URLSearchParams({
        token,
        client_assertion: assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      });
      const { text } = await send(`${provider.issuer}/token/introspection`, {
        method: 'POST',
        headers: form,
        body: body.toString(),
      });
      assert.equal(JSON.parse(text).active, true, `${id}: ${text}`);
    }
  });
});

describe('oidc-provider with keys that name no algorithm', () => {
  it('signs RS and PS with one RSA key, and comes back as the same issuer', async () => {
    const jose = await loadJose();
    const first = await startOidcProvider({ keysNameAlg: false });
    const port = Number(new URL(first.issuer).port);
    const token = await first.token({ alg: 'PS384' });
    const ed = await first.token({ alg: 'Ed25519' });
    const { jwks } = first;
    await first.close();

    const second = await startOidcProvider({ keysNameAlg: false, port, jwks });
    try {
      assert.equal(second.issuer, first.issuer);
      const set = await publicKeys(second);
      assert.equal(set.keys.filter((key) => key.kty === 'RSA').length, 1);
      assert.equal(set.keys.find((key) => key.kty === 'RSA').alg, undefined);
      await jose.jwtVerify(token, jose.createLocalJWKSet(set), { issuer: second.issuer });
      await jose.jwtVerify(ed, jose.createLocalJWKSet(set), { issuer: second.issuer });
    } finally {
      await second.close();
    }
  });
});

describe('oidc-provider on https with mutual TLS', () => {
  const ca = createCa();
  const clientCa = createCa({ name: 'Client CA', keyType: 'rsa' });
  const known = createClientCert(clientCa, { san: ['DNS:known.client.test'] });
  const selfSigned = createClientCert();
  const base = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };
  let provider;

  before(async () => {
    provider = await startOidcProvider({
      algorithms: ['RS256', 'ES256'],
      tls: { ...createServerCert(ca), ca: ca.cert },
      mtls: { ca: clientCa.cert },
      clients: [
        {
          ...base,
          client_id: 'tls',
          token_endpoint_auth_method: 'tls_client_auth',
          tls_client_auth_san_dns: 'known.client.test',
          tls_client_certificate_bound_access_tokens: true,
        },
        {
          ...base,
          client_id: 'self-signed',
          token_endpoint_auth_method: 'self_signed_tls_client_auth',
          jwks: { keys: [selfSigned.jwk] },
          tls_client_certificate_bound_access_tokens: true,
        },
      ],
    });
  });
  after(() => provider?.close());

  it('is reached through its CA only', async () => {
    const url = `${provider.issuer}/.well-known/openid-configuration`;
    assert.ok(url.startsWith('https://127.0.0.1:'));
    const { text } = await send(url, { tls: { ca: ca.cert } });
    assert.equal(
      JSON.parse(text).mtls_endpoint_aliases.introspection_endpoint,
      `${provider.mtlsOrigin}/token/introspection`,
    );
    await assert.rejects(send(url), { code: /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY/ });
  });

  for (const [clientId, certificate] of [
    ['tls', known],
    ['self-signed', selfSigned],
  ]) {
    it(`binds tokens of "${clientId}" to its certificate`, async () => {
      const { decodeJwt } = await loadJose();
      const token = await provider.token({ clientId, certificate, alg: 'ES256' });
      assert.deepEqual(decodeJwt(token).cnf, { 'x5t#S256': certificate.thumbprint });
    });

    it(`lets "${clientId}" introspect with its certificate and nobody else`, async () => {
      const token = await provider.opaqueToken({ clientId, certificate });
      const endpoint = `${provider.mtlsOrigin}/token/introspection`;
      const tls = ({ cert, key }) => ({ ca: ca.cert, cert, key });
      const right = await introspect(endpoint, token, { clientId }, tls(certificate));
      assert.equal(right.status, 200, right.text);
      assert.equal(JSON.parse(right.text).cnf['x5t#S256'], certificate.thumbprint);
      const other = createClientCert(clientCa, { san: ['DNS:other.client.test'] });
      const wrong = await introspect(endpoint, token, { clientId }, tls(other));
      assert.equal(wrong.status, 401);
    });
  }
});

describe('the process of oidc-provider', () => {
  it('says why it did not start', async () => {
    await assert.rejects(
      startOidcProvider({ jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }),
      /oidc-provider exited with 1[\s\S]*only RSA, EC/,
    );
  });

  it('ends with the process that started it, even one that is killed', async () => {
    const harness = path.join(__dirname, 'support', 'oidc', 'index.js');
    const script = `require(${JSON.stringify(harness)})
      .startOidcProvider({ algorithms: ['ES256'] })
      .then((p) => { console.log(p.process.pid); setInterval(() => {}, 1000); });`;
    const parent = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = await once(parent.stdout, 'data');
    const pid = Number(chunk);
    assert.ok(alive(pid));
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const deadline = Date.now() + 10_000;
    while (alive(pid) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(!alive(pid), 'the server outlived its parent');
  });
});

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function publicKeys(provider) {
  return JSON.parse((await send(`${provider.issuer}/jwks`)).text);
}
