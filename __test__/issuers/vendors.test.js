'use strict';

// oidc-provider, a process of its own and shaped to each vendor's documentation, guarded by the helper alone: the
// API reaches the vendor's own host name over TLS, through a proxy that knows where it is.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { assertAnswer } = require('../support/answers.js');
const { guarded } = require('../support/guarded.js');
const { get, raw } = require('../support/http.js');
const { makeKey, sharedPair, sign } = require('../support/tokens.js');
const { API, VENDORS, ca, startInternet, startVendor } = require('../support/vendors.js');

const ROUTES = [
  { path: '/me' },
  { path: '/read', options: { scopes: ['orders:read'] } },
  { path: '/write', options: { scopes: ['orders:read', 'orders:write'] } },
  { path: '/admin', options: { groups: ['admin'] } },
];

const partOf = (token, at) => JSON.parse(Buffer.from(token.split('.')[at], 'base64url'));
const insufficient = (scopes) =>
  `Bearer error="insufficient_scope"${scopes ? `, scope="${scopes}"` : ''}`;

/** Claims of tokens that the vendor signs, and that are not for this API. */
const NOT_FOR_US = {
  'entra-v1': [
    { aud: 'api://other' },
    { aud: ['API://orders'] },
    { iss: VENDORS['entra-v2'].issuer },
    { iss: VENDORS['entra-v1'].issuer.slice(0, -1) },
    { scp: 5 },
  ],
  'entra-v2': [
    { aud: `api://${API}` },
    { iss: VENDORS['entra-v1'].issuer },
    { iss: `${VENDORS['entra-v2'].issuer}/` },
    { iss: VENDORS['entra-v2'].issuer.toUpperCase() },
  ],
  cognito: [
    { token_use: 'id' },
    { token_use: null },
    { token_use: ['access'] },
    { client_id: 'another' },
    { client_id: null },
    { client_id: ['app'] },
    { client_id: null, azp: 'another' },
    { aud: 'app' },
    { aud: [] },
    { iss: VENDORS.cognito.issuer.replace('AbC', 'AbD') },
  ],
  auth0: [
    { aud: ['https://example.eu.auth0.com/userinfo'] },
    { aud: 'https://api.example.com/' },
    { aud: [] },
    { iss: 'https://example.eu.auth0.com' },
    { iss: 'https://other.eu.auth0.com/' },
  ],
  keycloak: [
    { aud: 'account' },
    { typ: 'ID' },
    { typ: 'Refresh' },
    { typ: null },
    { iss: 'https://sso.example.com/realms/our staff' },
    { iss: 'https://sso.example.com/realms/master' },
  ],
  okta: [
    { aud: 'https://example.okta.com' },
    { iss: 'https://example.okta.com' },
    { iss: 'https://example.okta.com/oauth2/default' },
  ],
};

/** Claims of tokens that pass as well. */
const FOR_US = {
  'entra-v1': [{ aud: API }, { aud: ['other', 'api://orders'] }],
  cognito: [{ client_id: 'web' }, { client_id: null, azp: 'app' }],
  keycloak: [{ typ: 'DPoP' }],
};

let internet;
/** Each vendor is started once, and signs each token once. */
const providers = new Map();

async function providerOf(vendor) {
  if (!providers.has(vendor)) {
    const provider = await startVendor(vendor);
    const issued = new Map();
    const token = (request) => {
      const wish = JSON.stringify(request);
      if (!issued.has(wish)) issued.set(wish, provider.token(request));
      return issued.get(wish);
    };
    providers.set(vendor, { ...provider, token });
  }
  return providers.get(vendor);
}

before(async () => {
  internet = await startInternet();
  process.env.HTTPS_PROXY = internet.url;
});
after(async () => {
  delete process.env.HTTPS_PROXY;
  await internet?.close();
  for (const provider of providers.values()) await provider.close();
});

for (const [vendor, { options, issuer, host, header, groups, scopes }] of Object.entries(VENDORS)) {
  describe(`tokens like those of ${vendor}`, () => {
    let provider;
    before(async () => {
      provider = await providerOf(vendor);
      internet.ports.clear();
      internet.ports.set(host, provider.port);
      internet.asked.length = 0;
    });

    it('look like them', async () => {
      const token = await provider.token({ scope: 'orders:read', claims: { groups: ['admin'] } });
      assert.deepEqual(Object.keys(partOf(token, 0)).sort(), header);
      const claims = partOf(token, 1);
      assert.equal(claims.iss, issuer);
      assert.equal(scopes(claims), 'orders:read');
      assert.ok(groups(claims).includes('admin'));
      const published = provider.jwks.keys.map(({ alg }) => alg !== undefined);
      assert.ok(published.every((named) => named === !vendor.startsWith('entra')));
    });

    for (const framework of guarded) {
      it(`pass and are refused by the helper's options alone: ${framework.name}`, async (t) => {
        const protect = framework.protectApi({ ...options(), tls: { ca: ca.cert } });
        const { url, errors } = await framework.start(t, protect, ROUTES);
        const ask = async (path, request) => get(url + path, await provider.token(request));

        assertAnswer(await get(`${url}/me`), 'no token');
        const whole = { scope: 'orders:read orders:write', claims: { groups: ['ops', 'admin'] } };
        const token = await provider.token(whole);
        for (const { path } of ROUTES) {
          const { status, json } = await get(url + path, token);
          assert.equal(status, 200, `${vendor} ${path}`);
          assert.deepEqual(json.claims, partOf(token, 1));
        }
        // Discovery and keys are the vendor's own.
        assert.deepEqual([...new Set(internet.asked)], [host]);

        const reader = { scope: 'orders:read', claims: { groups: ['ops'] } };
        assert.equal((await ask('/me', reader)).status, 200);
        assert.equal((await ask('/read', reader)).status, 200);
        const short = await ask('/write', reader);
        assert.equal(short.status, 403);
        assert.equal(short.headers['www-authenticate'], insufficient('orders:read orders:write'));
        const outside = await ask('/admin', reader);
        assert.equal(outside.status, 403);
        assert.equal(outside.headers['www-authenticate'], insufficient());
        for (const path of ['/read', '/admin'])
          assert.equal((await ask(path, {})).status, 403, path);

        for (const claims of FOR_US[vendor] ?? []) {
          const { status } = await ask('/me', { claims });
          assert.equal(status, 200, `${vendor} ${JSON.stringify(claims)}`);
        }
        for (const claims of NOT_FOR_US[vendor]) {
          const wrong = await provider.token({ scope: 'orders:read', claims });
          // What takes a scope for another type is the 403 of a route that asks for it.
          const path = 'scp' in claims ? '/read' : '/me';
          const { status } = await get(url + path, wrong);
          assert.equal(status, path === '/me' ? 401 : 403, `${vendor} ${JSON.stringify(claims)}`);
        }
        const expired = await ask('/me', { claims: { exp: partOf(token, 1).iat - 3600 } });
        assertAnswer(expired, 'invalid token');
        const pair = sharedPair('RS256', 'stranger');
        const stranger = makeKey('RS256', { pair, kid: partOf(token, 0).kid });
        const forged = sign(stranger, { claims: partOf(token, 1), header: { typ: 'JWT' } });
        assertAnswer(await get(`${url}/me`, forged), 'invalid token');
        assert.deepEqual([...new Set(internet.asked)], [host]);
        assert.deepEqual(errors, []);
      });
    }

    it('need nothing of the environment', async (t) => {
      const [framework] = guarded;
      const variables = {
        MONOCLOUD_BACKEND_TENANT_DOMAIN: 'https://other.example.com',
        MONOCLOUD_BACKEND_AUDIENCE: 'https://other.example.com',
        MONOCLOUD_BACKEND_ISSUER: 'https://other.example.com/',
      };
      Object.assign(process.env, variables);
      t.after(() => {
        for (const name of Object.keys(variables)) delete process.env[name];
      });
      const protect = framework.protectApi({ ...options(), tls: { ca: ca.cert } });
      const { url } = await framework.startOne(t, protect);
      const token = await provider.token();
      const headers = [['Authorization', `Bearer ${token}`]];
      assert.equal((await raw(`${url}/`, { headers })).status, 200);
    });
  });
}

describe('all five at once', () => {
  // Both of Entra's versions are at one host: one at a time.
  const names = Object.keys(VENDORS).filter((name) => name !== 'entra-v1');
  before(async () => {
    for (const name of names) internet.ports.set(VENDORS[name].host, (await providerOf(name)).port);
  });

  for (const framework of guarded) {
    it(`are told apart by their issuer: ${framework.name}`, async (t) => {
      const issuers = names.map((name) => VENDORS[name].options());
      const protect = framework.protectApi({ issuers, tls: { ca: ca.cert } });
      const { url, errors } = await framework.start(t, protect, ROUTES);
      for (const name of names) {
        const provider = await providerOf(name);
        const token = await provider.token({ scope: 'orders:read', claims: { groups: ['admin'] } });
        for (const path of ['/me', '/read', '/admin']) {
          const { status, json } = await get(url + path, token);
          assert.equal(status, 200, `${name} ${path}`);
          assert.equal(json.claims.iss, VENDORS[name].issuer);
        }
        assert.equal((await get(`${url}/write`, token)).status, 403, name);
        // Signed by one, and said to be another's.
        for (const other of names) {
          if (other === name) continue;
          const claims = { iss: VENDORS[other].issuer, aud: VENDORS[other].audience };
          assertAnswer(await get(`${url}/me`, await provider.token({ claims })), 'invalid token');
        }
        for (const claims of NOT_FOR_US[name]) {
          const { status } = await get(`${url}/me`, await provider.token({ claims }));
          assert.equal(status, 401, `${name} ${JSON.stringify(claims)}`);
        }
      }
      assert.deepEqual(errors, []);
    });
  }
});
