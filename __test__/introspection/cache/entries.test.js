'use strict';

// Contract §6: what a route requires of an entry, and entries that are unusable or planted.

const { it } = require('node:test');
const assert = require('node:assert/strict');

const { MonoCloudBackendNodeClient, MonoCloudTokenError } = require('@monocloud/backend-node');
const { createClientCert } = require('../../support/certs.js');
const { sendJson, startFaultyTenant } = require('../../support/faulty-tenant.js');
const { failureOf } = require('../../support/introspection.js');
const { AUDIENCE, createCache, nowSeconds, suites } = require('./support.js');

suites((suite) => {
  const { make, clientFor, costs, refused, introspected, options } = suite;

  it('keeps a token whatever the first route made of it', async () => {
    const certificate = createClientCert();
    for (const [claims, route, reason] of [
      [{}, { scopes: ['admin'] }, 'missing_scopes'],
      [{}, { groups: ['ops'] }, 'missing_groups'],
      [{}, { validateCertificateBinding: true }, 'certificate_missing'],
      [
        {},
        { validateCertificateBinding: true, clientCertificate: certificate.cert },
        'token_not_bound',
      ],
      [{ cnf: { 'x5t#S256': 'x' } }, {}, 'certificate_missing'],
      [
        { cnf: { 'x5t#S256': 'x' } },
        { clientCertificate: certificate.cert },
        'certificate_mismatch',
      ],
      [
        { cnf: { 'x5t#S256': 'x', jku: 'x' } },
        { clientCertificate: certificate.cert },
        'unsupported_confirmation',
      ],
      [{ cnf: { jkt: 'x' } }, {}, 'dpop_required'],
    ]) {
      const client = clientFor();
      const token = make(suite.tenant, claims);
      await costs(1, () => refused(client, token, reason, route));
      assert.deepEqual(suite.cache.names(), ['get', 'set'], reason);
      // From the cache the answer is the same, and the entry stays.
      await costs(0, () => refused(client, token, reason, route));
      assert.deepEqual(suite.cache.names(), ['get'], reason);
      const free = reason === 'dpop_required' ? clientFor({ dpop: 'dangerously_ignore' }) : client;
      const unbound = { validateCertificateBinding: false };
      await costs(0, () => free.validateAccessToken(token, unbound));
      suite.cache.names();
    }
  });

  it('lets no hit into a route that needs another scope or group', async () => {
    const client = clientFor();
    const token = make(suite.tenant, { scope: 'posts:read', groups: ['editors'] });
    await client.validateAccessToken(token, { scopes: ['posts:read'], groups: ['editors'] });
    await costs(0, async () => {
      await client.validateAccessToken(token, { scopes: ['posts:read'], groups: ['editors'] });
      const scope = await refused(client, token, 'missing_scopes', { scopes: ['posts:write'] });
      assert.equal(scope.code, 'insufficient_scope');
      const group = await refused(client, token, 'missing_groups', { groups: ['ops'] });
      assert.equal(group.code, 'insufficient_groups');
    });
    const matching = clientFor({ groupOptions: { matchAll: true } });
    const groups = ['editors', 'ops'];
    await costs(0, () => refused(matching, token, 'missing_groups', { groups }));
    const elsewhere = clientFor({ groupOptions: { groupsClaim: 'roles' } });
    const route = { groups: ['editors'] };
    await costs(0, () => refused(elsewhere, token, 'missing_groups', route));
  });

  it('lets no hit in with another certificate than the token’s', async () => {
    const right = createClientCert();
    const wrong = createClientCert();
    const client = clientFor();
    const token = make(suite.tenant, { cnf: { 'x5t#S256': right.thumbprint } });
    const bring = ({ cert }, more) => ({ clientCertificate: cert, ...more });
    await client.validateAccessToken(token, bring(right));
    await costs(0, async () => {
      await client.validateAccessToken(token, bring(right));
      await refused(client, token, 'certificate_mismatch', bring(wrong));
      await refused(client, token, 'certificate_missing');
      await refused(client, token, 'certificate_malformed', { clientCertificate: 'x' });
    });
    const strict = clientFor({ validateCertificateBinding: 'required' });
    const unbound = make(suite.tenant);
    await client.validateAccessToken(unbound);
    await costs(0, () => refused(strict, unbound, 'token_not_bound', bring(right)));
  });

  it('lets no hit in at a client for another audience', async () => {
    const token = make(suite.tenant);
    await clientFor().validateAccessToken(token);
    const other = clientFor({ audience: 'https://other.example.com' });
    await costs(1, () => refused(other, token, 'audience_mismatch'));
    // A token for both is for both.
    const both = make(suite.tenant, { aud: [AUDIENCE, 'https://other.example.com'] });
    await clientFor().validateAccessToken(both);
    await costs(0, () => other.validateAccessToken(both));
  });

  it('lets no hit in at a client of another tenant', async (t) => {
    const elsewhere = await startFaultyTenant();
    t.after(() => elsewhere.close());
    elsewhere.on('introspection', (_, response) => sendJson(response, { active: false }));
    const token = make(suite.tenant);
    await clientFor().validateAccessToken(token);
    const other = new MonoCloudBackendNodeClient(
      elsewhere.options({ ...options, cache: suite.cache }),
    );
    const error = await failureOf(() => other.validateAccessToken(token));
    assert.ok(error instanceof MonoCloudTokenError, error.stack);
  });

  const RUBBISH = {
    'an empty object': {},
    'a string': 'rubbish',
    'an empty string': '',
    'the number 0': 0,
    'a number': 42,
    true: true,
    false: false,
    'an array': [],
    'an array of claims': [{ sub: 'user' }],
    'a function': () => {},
    'a symbol': Symbol('x'),
    'a bigint': 1n,
    NaN: Number.NaN,
    'a date': new Date(),
    'a map': new Map([['sub', 'user']]),
    bytes: Buffer.from('{}'),
    'half of JSON': '{"sub":"user"',
  };
  for (const [what, rubbish] of Object.entries(RUBBISH)) {
    it(`that returns ${what} is told to delete it, and the token passes`, async () => {
      const client = clientFor();
      const token = make(suite.tenant);
      suite.cache.plant(token, rubbish);
      const claims = await costs(1, () => client.validateAccessToken(token));
      assert.equal(claims.sub, 'user');
      assert.deepEqual(suite.cache.names(), ['get', 'delete', 'set']);
      await costs(0, () => client.validateAccessToken(token));
      // And nobody else's token passes by it.
      const bad = introspected ? 'unknown' : `${token.slice(0, -8)}AAAAAAAA`;
      suite.cache.plant(bad, rubbish);
      const reason = introspected ? 'inactive' : 'invalid_signature';
      await refused(client, bad, reason);
      assert.equal(suite.cache.store.has(bad), false);
    });
  }

  it('that returns what can not be read is told to delete it, and the token passes', async () => {
    const cyclic = suite.tenant.claims();
    cyclic.self = cyclic;
    const entries = [
      cyclic,
      {
        ...suite.tenant.claims(),
        toJSON() {
          throw new Error('no');
        },
      },
      Object.defineProperty(suite.tenant.claims(), 'x', {
        enumerable: true,
        get() {
          throw new Error('no');
        },
      }),
      new Proxy(
        {},
        {
          get() {
            throw new Error('no');
          },
          ownKeys() {
            throw new Error('no');
          },
        },
      ),
      { ...suite.tenant.claims(), big: 1n },
      { toJSON: () => undefined },
    ];
    for (const entry of entries) {
      const client = clientFor();
      const token = make(suite.tenant);
      suite.cache.get = async () => entry;
      const claims = await costs(1, () => client.validateAccessToken(token));
      assert.equal(claims.sub, 'user');
      suite.cache = createCache();
    }
  });

  for (const nothing of [undefined, null]) {
    it(`that returns ${nothing} has nothing, and nothing is deleted`, async () => {
      const client = clientFor();
      suite.cache.get = async () => nothing;
      await client.validateAccessToken(make(suite.tenant));
      assert.deepEqual(suite.cache.names(), ['set']);
    });
  }

  const POISON = {
    'says active: false': (claims) => ({ ...claims, active: false }),
    'says active: true': (claims) => ({ ...claims, active: true }),
    'is of another issuer': (claims) => ({ ...claims, iss: 'https://evil.example.com' }),
    'is for another audience': (claims) => ({ ...claims, aud: 'https://evil.example.com' }),
    'has no issuer': ({ iss: _, ...claims }) => claims,
    'has no audience': ({ aud: _, ...claims }) => claims,
    'has no exp': ({ exp: _, ...claims }) => claims,
    'has an exp as a string': (claims) => ({ ...claims, exp: String(claims.exp) }),
    'has an exp of null': (claims) => ({ ...claims, exp: null }),
    'has an exp in milliseconds, as a Date': (claims) => ({ ...claims, exp: new Date() }),
    'has expired': (claims) => ({ ...claims, exp: 1 }),
    'has a subject that is none': (claims) => ({ ...claims, sub: {} }),
    'is a list of the claims': (claims) => [claims],
    'is the claims as JSON': (claims) => JSON.stringify(claims),
  };
  for (const [what, poison] of Object.entries(POISON)) {
    it(`that returns what ${what} does not harm a valid token, nor help a bad one`, async () => {
      const client = clientFor();
      const token = make(suite.tenant);
      suite.cache.plant(token, poison(suite.tenant.claims()));
      const claims = await costs(1, () => client.validateAccessToken(token));
      assert.equal(claims.sub, 'user');
      assert.equal(claims.iss, suite.tenant.issuer);
      assert.equal('active' in claims, false);
      assert.deepEqual(suite.cache.names(), ['get', 'delete', 'set']);
      await costs(0, () => client.validateAccessToken(token));
    });
  }

  it('pollutes no prototype, whatever it returns', async () => {
    const client = clientFor({ introspectionCacheDuration: 60 });
    const text = JSON.stringify(suite.tenant.claims());
    for (const member of [
      '"__proto__":{"polluted":true,"scope":"admin"}',
      '"constructor":{"prototype":{"polluted":true}}',
      '"prototype":{"polluted":true}',
    ]) {
      const token = make(suite.tenant);
      suite.cache.plant(token, JSON.parse(text.replace('{', `{${member},`)));
      const claims = await client.validateAccessToken(token);
      assert.equal(Object.getPrototypeOf(claims), Object.prototype);
      assert.equal(claims.polluted, undefined);
      assert.equal({}.polluted, undefined);
      assert.equal(Object.prototype.polluted, undefined);
      // Claims that only a prototype holds are no claims.
      await refused(client, token, 'missing_scopes', { scopes: ['admin'] });
      const inherited = make(suite.tenant, { scope: undefined });
      suite.cache.plant(inherited, Object.create({ ...suite.tenant.claims(), scope: 'admin' }));
      await refused(client, inherited, 'missing_scopes', { scopes: ['admin'] });
    }
  });

  if (!introspected) {
    it('that returns claims which are not the JWT’s own words is told to delete them', async () => {
      const client = clientFor();
      for (const poison of [
        (claims) => ({ ...claims, scope: 'posts:read admin' }),
        (claims) => ({ ...claims, groups: ['admins'] }),
        (claims) => ({ ...claims, sub: 'root' }),
        (claims) => ({ ...claims, exp: 253_402_300_799 }),
        (claims) => ({ ...claims, more: undefined, extra: 1 }),
        ({ cnf: _, ...claims }) => claims,
      ]) {
        const cnf = { 'x5t#S256': 'x' };
        const token = make(suite.tenant, { cnf });
        suite.cache.plant(token, poison({ ...MonoCloudBackendNodeClient.decodeJwt(token) }));
        suite.cache.names();
        const route = { scopes: ['posts:read'], validateCertificateBinding: false };
        const claims = await client.validateAccessToken(token, route);
        assert.deepEqual(claims, MonoCloudBackendNodeClient.decodeJwt(token));
        assert.deepEqual(suite.cache.names(), ['get', 'delete', 'set']);
        await refused(client, token, 'certificate_missing');
      }
    });

    it('that returns another token’s claims is told to delete them', async () => {
      const client = clientFor();
      const admin = make(suite.tenant, { scope: 'admin', sub: 'root' });
      const token = make(suite.tenant);
      await client.validateAccessToken(admin);
      suite.cache.store.set(token, suite.cache.store.get(admin));
      assert.equal((await client.validateAccessToken(token)).sub, 'user');
      suite.cache.store.set(token, suite.cache.store.get(admin));
      await refused(client, token, 'missing_scopes', { scopes: ['admin'] });
    });

    it('does not bring an expired JWT back with an exp in the year 9999', async () => {
      const client = clientFor();
      const token = make(suite.tenant, { exp: nowSeconds() - 1000 });
      const claims = MonoCloudBackendNodeClient.decodeJwt(token);
      suite.cache.plant(token, { ...claims, exp: 253_402_300_799 });
      await refused(client, token, 'expired');
      assert.equal(suite.cache.store.size, 0);
      suite.cache.plant(token, claims);
      await refused(client, token, 'expired');
      assert.equal(suite.cache.store.size, 0);
    });

    it('is never given a JWT that nobody signed', async () => {
      const client = clientFor();
      const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const forged = `${part({ alg: 'none' })}.${part(suite.tenant.claims())}.`;
      await refused(client, forged, 'unsupported_algorithm');
      assert.equal(suite.cache.store.size, 0);
    });
  }
});
