'use strict';

// End to end: tokens of a certified authorization server, a process of its own, through both majors
// of both frameworks over real sockets. Nothing on that path is ours but the package.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { frameworks, get } = require('../support/http.js');
const { assertAnswer } = require('../support/answers.js');
const { createCa, createServerCert } = require('../support/certs.js');
const { runScript } = require('../support/child.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { ACCEPTED } = require('../support/algorithms.js');
const { startOidcProvider } = require('../support/oidc/index.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');

const adapters = {
  express: require('@monocloud/backend-node/express'),
  fastify: require('@monocloud/backend-node/fastify'),
};

const ROUTES = [
  { path: '/me' },
  { path: '/read', options: { scopes: ['posts:read'] } },
  { path: '/write', options: { scopes: ['posts:read', 'posts:write'] } },
  { path: '/admin', options: { groups: ['admin'] } },
  { path: '/admin-or-ops', options: { groups: ['admin', 'ops'] } },
  { path: '/write-admin', options: { scopes: ['posts:write'], groups: ['admin'] } },
];

const optionsFor = ({ issuer, audience }, more) => ({ tenantDomain: issuer, audience, ...more });

describe('access tokens of oidc-provider', () => {
  let provider;
  let other;

  before(async () => {
    [provider, other] = await Promise.all([
      startOidcProvider(),
      startOidcProvider({ algorithms: ['RS256'] }),
    ]);
  });
  after(async () => {
    await provider?.close();
    await other?.close();
  });

  for (const { name, adapter, create } of frameworks) {
    describe(`through ${name}`, () => {
      const { protectApi } = adapters[adapter];
      const errors = [];
      let api;

      before(async () => {
        api = await create(protectApi(optionsFor(provider)), ROUTES, { record: errors });
      });
      after(async () => {
        await api?.close();
        assert.deepEqual(errors, []);
      });

      /** An API like the other, with other options. */
      const startWith = async (t, options) => {
        const another = await create(protectApi(options), ROUTES, { record: errors });
        t.after(() => another.close());
        return another.url;
      };

      for (const alg of ACCEPTED) {
        it(`are 200 with their claims when signed with ${alg}`, async () => {
          const token = await provider.token({ alg, scope: 'posts:read posts:write' });
          const { status, json } = await get(`${api.url}/write`, token);
          assert.equal(status, 200);
          const { claims } = json;
          assert.equal(claims.iss, provider.issuer);
          assert.equal(claims.aud, provider.audience);
          assert.equal(claims.scope, 'posts:read posts:write');
          assert.equal(claims.client_id, 'app');
          const payload = Buffer.from(token.split('.')[1], 'base64url').toString();
          assert.deepEqual(claims, JSON.parse(payload), 'what was signed, and nothing else');
        });

        it(`are 401 when signed with ${alg} and changed by one bit`, async () => {
          const token = await provider.token({ alg });
          const [header, payload, signature] = token.split('.');
          const bytes = Buffer.from(signature, 'base64url');
          bytes[bytes.length >> 1] ^= 1;
          const forged = `${header}.${payload}.${bytes.toString('base64url')}`;
          assertAnswer(await get(`${api.url}/me`, forged), 'invalid token');
          const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
          claims.scope = 'admin';
          const raised = Buffer.from(JSON.stringify(claims)).toString('base64url');
          const answer = await get(`${api.url}/me`, `${header}.${raised}.${signature}`);
          assertAnswer(answer, 'invalid token');
        });
      }

      it('are asked for', async () => {
        for (const { path: route } of ROUTES) assertAnswer(await get(api.url + route), 'no token');
      });

      it('are 403 without the scopes of the route', async () => {
        const bare = await provider.token();
        const reader = await provider.token({ scope: 'posts:read' });
        // The server drops what the API does not know; nothing is granted by asking for it.
        const dropped = await provider.token({ scope: 'posts:read unknown' });
        assert.equal((await get(`${api.url}/me`, bare)).status, 200);
        assertAnswer(await get(`${api.url}/read`, bare), 'forbidden');
        assert.equal((await get(`${api.url}/read`, reader)).status, 200);
        assert.equal((await get(`${api.url}/read`, dropped)).status, 200);
        assertAnswer(await get(`${api.url}/write`, reader), 'forbidden');
        assertAnswer(await get(`${api.url}/write-admin`, reader), 'forbidden');
      });

      it('are 403 without a group of the route', async () => {
        const none = await provider.token({ scope: 'posts:write' });
        const ops = await provider.token({ claims: { groups: ['ops'] } });
        const objects = await provider.token({
          scope: 'posts:write',
          claims: { groups: [{ id: '1', name: 'ops' }, { id: 'admin' }] },
        });
        assertAnswer(await get(`${api.url}/admin`, none), 'forbidden');
        assertAnswer(await get(`${api.url}/admin`, ops), 'forbidden');
        assertAnswer(await get(`${api.url}/write-admin`, none), 'forbidden');
        assert.equal((await get(`${api.url}/admin-or-ops`, ops)).status, 200);
        for (const route of ['/admin', '/admin-or-ops', '/write-admin']) {
          assert.equal((await get(api.url + route, objects)).status, 200, route);
        }
      });

      it('are 403 without each group where all have to be there', async (t) => {
        const url = await startWith(t, optionsFor(provider, { groupOptions: { matchAll: true } }));
        const ops = await provider.token({ claims: { groups: ['ops'] } });
        const both = await provider.token({ claims: { groups: ['ops', 'admin'] } });
        assertAnswer(await get(`${url}/admin-or-ops`, ops), 'forbidden');
        assert.equal((await get(`${url}/admin-or-ops`, both)).status, 200);
      });

      it('are 401 once expired, as the tolerance has it', async (t) => {
        const strict = await startWith(t, optionsFor(provider, { clockTolerance: 0 }));
        const lenient = await startWith(t, optionsFor(provider));
        const token = await provider.token({ expiresIn: 2 });
        const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
        assert.equal((await get(`${strict}/me`, token)).status, 200);
        // oidc-provider's clock is not ours to set.
        await new Promise((resolve) => setTimeout(resolve, exp * 1000 - Date.now()));
        assertAnswer(await get(`${strict}/me`, token), 'invalid token');
        assert.equal((await get(`${lenient}/me`, token)).status, 200);
      });

      it('are 401 for another audience', async (t) => {
        const token = await provider.token();
        const { audience } = provider;
        for (const wrong of [`${audience}/`, 'https://api.example.org', audience.toUpperCase()]) {
          const url = await startWith(t, optionsFor(provider, { audience: wrong }));
          assertAnswer(await get(`${url}/me`, token), 'invalid token', wrong);
        }
      });

      it('are 401 at another tenant', async (t) => {
        const url = await startWith(t, optionsFor(other));
        const [mine, theirs] = await Promise.all([other.token(), provider.token()]);
        assert.equal((await get(`${url}/me`, mine)).status, 200);
        assertAnswer(await get(`${url}/me`, theirs), 'invalid token');
        assertAnswer(await get(`${api.url}/me`, mine), 'invalid token');
      });
    });
  }

  it('are told from those of another issuer with the same keys', async (t) => {
    const twin = await startOidcProvider({ jwks: provider.jwks });
    t.after(() => twin.close());
    const client = new MonoCloudBackendNodeClient(optionsFor(provider));
    const token = await twin.token();
    await assert.rejects(client.validateAccessToken(token), { reason: 'issuer_mismatch' });
    assert.ok(await client.validateAccessToken(await provider.token()));
  });
});

describe('an https oidc-provider with a CA of its own', () => {
  const ca = createCa();
  const stranger = createCa({ name: 'Another CA' });
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-e2e-'));
  const caFile = path.join(directory, 'ca.pem');
  const strangerFile = path.join(directory, 'stranger.pem');
  const script = `
    const { MonoCloudBackendNodeClient } = load('js/index.js');
    const client = new MonoCloudBackendNodeClient(input.options);
    say(await outcome(async () => (await client.validateAccessToken(input.token)).client_id));`;
  let provider;

  before(async () => {
    fs.writeFileSync(caFile, ca.cert);
    fs.writeFileSync(strangerFile, stranger.cert);
    const tls = { ...createServerCert(ca), ca: ca.cert };
    provider = await startOidcProvider({ algorithms: ['RS256', 'ES256'], tls });
  });
  after(async () => {
    await provider?.close();
    fs.rmSync(directory, { recursive: true, force: true });
  });

  /** What a process with that environment makes of a good token. */
  const validateIn = async (env, more) => {
    const token = await provider.token({ alg: 'ES256' });
    const input = { options: optionsFor(provider, more), token };
    const { said, code, stderr } = await runScript(script, { env, input });
    assert.equal(code, 0, stderr);
    return said[0];
  };

  const assertRefused = (outcome) => {
    assert.equal(outcome.name, 'MonoCloudHttpError', JSON.stringify(outcome));
    assert.equal(outcome.reason, 'tls_failed');
  };

  it('is refused by a client that does not know the CA', async () => {
    assertRefused(await validateIn({}));
  });

  for (const variable of ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']) {
    it(`is trusted by ${variable}`, async () => {
      assert.deepEqual(await validateIn({ [variable]: caFile }), { value: 'app' });
    });

    it(`is refused where ${variable} names another CA, no CA, or nothing`, async () => {
      for (const file of [strangerFile, path.join(directory, 'nowhere.pem'), directory, '']) {
        assertRefused(await validateIn({ [variable]: file }));
      }
    });
  }

  it('is trusted where the two variables name two CAs', async () => {
    for (const env of [
      { NODE_EXTRA_CA_CERTS: caFile, SSL_CERT_FILE: strangerFile },
      { NODE_EXTRA_CA_CERTS: strangerFile, SSL_CERT_FILE: caFile },
    ]) {
      assert.deepEqual(await validateIn(env), { value: 'app' });
    }
  });

  it('is trusted by tls.ca, in this process and in another', async () => {
    assert.deepEqual(await validateIn({}, { tls: { ca: ca.cert } }), { value: 'app' });
    const client = new MonoCloudBackendNodeClient(optionsFor(provider, { tls: { ca: ca.cert } }));
    assert.ok(await client.validateAccessToken(await provider.token({ alg: 'ES256' })));
  });

  it('is refused where tls.ca is another CA', async () => {
    assertRefused(await validateIn({}, { tls: { ca: stranger.cert } }));
  });

  it('is trusted by tls.ca of several CAs, and beside the environment’s', async () => {
    const both = { tls: { ca: stranger.cert + ca.cert } };
    assert.deepEqual(await validateIn({}, both), { value: 'app' });
    const env = { NODE_EXTRA_CA_CERTS: caFile };
    assert.deepEqual(await validateIn(env, { tls: { ca: stranger.cert } }), { value: 'app' });
  });

  it('is not trusted by NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    assertRefused(await validateIn({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }));
  });

  it('is refused under another name, and once its certificate has expired', async (t) => {
    const day = 24 * 60 * 60 * 1000;
    for (const certificate of [
      createServerCert(ca, { san: ['DNS:tenant.example.com'] }),
      createServerCert(ca, {
        notBefore: new Date(Date.now() - 3 * day),
        notAfter: new Date(Date.now() - day),
      }),
      createServerCert(ca, { notBefore: new Date(Date.now() + day) }),
      createServerCert(undefined),
    ]) {
      const { cert, key } = certificate;
      const tenant = await startFaultyTenant({ tls: { cert, key } });
      t.after(() => tenant.close());
      const options = tenant.options({ tls: { ca: ca.cert } });
      const client = new MonoCloudBackendNodeClient(options);
      await assert.rejects(client.validateAccessToken(tenant.token()), { reason: 'tls_failed' });
    }
  });

  for (const { name, adapter, create } of frameworks) {
    it(`is trusted through ${name}, or the answer is 503`, async (t) => {
      const { protectApi } = adapters[adapter];
      const token = await provider.token({ alg: 'ES256', scope: 'posts:read' });
      const options = optionsFor(provider, { tls: { ca: ca.cert } });
      const trusting = await create(protectApi(options), ROUTES);
      t.after(() => trusting.close());
      assert.equal((await get(`${trusting.url}/read`, token)).status, 200);
      assertAnswer(await get(`${trusting.url}/write`, token), 'forbidden');
      const wary = await create(protectApi(optionsFor(provider)), ROUTES);
      t.after(() => wary.close());
      assertAnswer(await get(`${wary.url}/read`, token), 'unavailable');
    });
  }
});
