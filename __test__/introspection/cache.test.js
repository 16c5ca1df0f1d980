'use strict';

// Contract §6: the user's own cache. It is asked first and believed no further than it must be; it
// never decides alone whether a token passes, and it never makes a valid one fail.

const { after, afterEach, before, beforeEach, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { setTimeout: sleep } = require('node:timers/promises');
const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudTokenError,
} = require('@monocloud/backend-node');

const { createClientCert } = require('../support/certs.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { assertClean, failureOf } = require('../support/introspection.js');
const { at } = require('../support/tokens.js');

const CREDENTIALS = { clientId: 'api', clientSecret: 'secret' };
const AUDIENCE = 'https://api.example.com';
const TIMEOUT = 100;
/** What a machine under load may take on top of it. */
const SLACK = 3000;
const never = () => new Promise(() => {});
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A user's cache: a Map that writes down what it is asked. `expiresAt` is for it to honour. */
function createCache({ store = new Map(), obedient = true } = {}) {
  const calls = [];
  return {
    store,
    calls,
    async get(token) {
      calls.push(['get', token]);
      const entry = store.get(token);
      if (entry === undefined) return undefined;
      if (obedient && entry.expiresAt <= Date.now() / 1000) return undefined;
      return entry.claims;
    },
    async set(token, claims, expiresAt) {
      calls.push(['set', token, claims, expiresAt]);
      store.set(token, { claims, expiresAt });
    },
    async delete(token) {
      calls.push(['delete', token]);
      store.delete(token);
    },
    /** The names of the calls since the last look. */
    names: () => calls.splice(0).map(([name]) => name),
    /** As if a stranger had written into it. */
    plant: (token, claims, expiresAt = nowSeconds() + 3600) =>
      store.set(token, { claims, expiresAt }),
  };
}

/** Both kinds of token, and how many of one's own requests each of its validations costs. */
const KINDS = [
  {
    kind: 'an opaque token',
    options: CREDENTIALS,
    make: (tenant, claims) => {
      const token = `opaque ${Math.random()}`;
      tenant.known.set(token, { ...tenant.claims(), ...claims });
      return token;
    },
    asked: (tenant) => tenant.requests.introspection,
  },
  {
    kind: 'a JWT that is introspected',
    options: { ...CREDENTIALS, introspectJwtTokens: true },
    make: (tenant, claims) => {
      const token = tenant.token({ jti: Math.random() });
      tenant.known.set(token, { ...tenant.claims(), ...claims });
      return token;
    },
    asked: (tenant) => tenant.requests.introspection,
  },
  {
    kind: 'a JWT',
    options: {},
    make: (tenant, claims) => tenant.token({ jti: Math.random(), ...claims }),
    // Keys at hand, nobody is asked.
    asked: () => 0,
  },
];

const own = (claims) => JSON.parse(JSON.stringify(claims));

for (const { kind, options, make, asked } of KINDS) {
  const introspected = options.clientId !== undefined;

  describe(`a cache and ${kind}`, () => {
    let tenant;
    let cache;
    let faults;
    const onFault = (message) => faults.push(message);

    before(async () => {
      tenant = await startFaultyTenant();
      tenant.known = new Map();
      const introspect = async (request, response) => {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('token');
        const claims = tenant.known.get(token);
        sendJson(response, claims ? { active: true, ...claims } : { active: false });
      };
      tenant.introspect = introspect;
    });
    beforeEach(() => {
      cache = createCache();
      faults = [];
      subscribe('@monocloud/backend-node:cache-fault', onFault);
      tenant.on('introspection', tenant.introspect);
    });
    afterEach(() => unsubscribe('@monocloud/backend-node:cache-fault', onFault));
    after(() => tenant?.close());

    const clientFor = (more) =>
      new MonoCloudBackendNodeClient(tenant.options({ ...options, cache, ...more }));

    /** How many times the tenant is asked about a token while `work` runs. */
    async function costs(expected, work) {
      const before = asked(tenant);
      const result = await work();
      assert.equal(asked(tenant) - before, introspected ? expected : 0, 'requests');
      return result;
    }

    /** A token that does not pass, and why. */
    async function refused(client, token, reason, route) {
      const error = await failureOf(() => client.validateAccessToken(token, route));
      assert.ok(error instanceof MonoCloudTokenError, error.stack);
      assert.equal(error.reason, reason);
      assertClean(error, [token]);
      return error;
    }

    it('is asked first, and a hit costs no request', async () => {
      const client = clientFor();
      const token = make(tenant, { scope: 'posts:read' });
      const first = await costs(1, () => client.validateAccessToken(token));
      assert.deepEqual(cache.names(), ['get', 'set']);
      const second = await costs(0, () => client.validateAccessToken(token));
      assert.deepEqual(cache.names(), ['get']);
      assert.deepEqual(second, first);
      assert.equal('active' in second, false);
      assert.deepEqual(faults, []);
    });

    it('is asked by the token to the byte, and told the claims and when they end', async () => {
      const token = make(tenant, { exp: nowSeconds() + 1234.5, scope: 'posts:read' });
      const claims = await clientFor().validateAccessToken(token);
      const [[, asked], [, stored, given, expiresAt, ...more]] = cache.calls;
      assert.equal(asked, token);
      assert.equal(stored, token);
      assert.deepEqual(given, claims);
      assert.equal(expiresAt, claims.exp);
      assert.deepEqual(more, []);
    });

    it('serves other clients of the same tenant, as a fleet shares it', async () => {
      const token = make(tenant);
      await clientFor().validateAccessToken(token);
      cache.names();
      const claims = await costs(0, () => clientFor().validateAccessToken(token));
      assert.equal(claims.sub, 'user');
      assert.deepEqual(cache.names(), ['get']);
    });

    it('may keep JSON, or objects of a prototype of its own', async () => {
      const token = make(tenant);
      const client = clientFor();
      const claims = await client.validateAccessToken(token);
      class Entry {
        constructor() {
          Object.assign(this, claims);
        }
      }
      for (const entry of [
        own(claims),
        new Entry(),
        Object.freeze(own(claims)),
        Object.assign(Object.create(null), claims),
        { toJSON: () => claims },
      ]) {
        cache.plant(token, entry);
        const hit = await costs(0, () => client.validateAccessToken(token));
        assert.deepEqual(hit, claims);
        assert.equal(Object.getPrototypeOf(hit), Object.prototype);
      }
    });

    it('keeps nothing that a caller could change for the next one', async () => {
      const client = clientFor();
      const token = make(tenant, { list: [1] });
      const first = await client.validateAccessToken(token);
      first.list.push(2);
      first.scope = 'admin';
      const second = await client.validateAccessToken(token);
      assert.deepEqual(second.list, [1]);
      second.list.push(3);
      second.scope = 'admin';
      const third = await client.validateAccessToken(token);
      assert.deepEqual(third.list, [1]);
      assert.equal(third.scope, 'posts:read');
    });

    it('need not be asynchronous', async () => {
      const store = new Map();
      cache = {
        get: (token) => store.get(token),
        set: (token, claims) => store.set(token, claims),
        delete: (token) => store.delete(token),
      };
      const client = clientFor();
      const token = make(tenant);
      await client.validateAccessToken(token);
      await costs(0, () => client.validateAccessToken(token));
      assert.deepEqual(faults, []);
    });

    it('is called as a method, once for each thing it is asked', async () => {
      class Private {
        #store = new Map();
        get(token) {
          return this.#store.get(token);
        }
        set(token, claims) {
          this.#store.set(token, claims);
        }
        delete(token) {
          this.#store.delete(token);
        }
      }
      cache = new Private();
      const client = clientFor();
      const token = make(tenant);
      await client.validateAccessToken(token);
      await costs(0, () => client.validateAccessToken(token));
      assert.deepEqual(faults, []);
    });

    // --- how long ------------------------------------------------------------------------------

    it('is not asked to keep what has ended, though the tolerance still lets it pass', async () => {
      const client = clientFor();
      const token = make(tenant, { exp: nowSeconds() - 100 });
      await costs(1, () => client.validateAccessToken(token));
      await costs(1, () => client.validateAccessToken(token));
      assert.deepEqual(cache.names(), ['get', 'get']);
    });

    it('that still has what has ended is told to delete it', async () => {
      cache = createCache({ obedient: false });
      const client = clientFor();
      const exp = nowSeconds() + 60;
      const token = make(tenant, { exp });
      await client.validateAccessToken(token);
      cache.names();
      // Within the tolerance it counts, on the hit as on a fresh token.
      await at(exp + 299, () => costs(0, () => client.validateAccessToken(token)));
      assert.deepEqual(cache.names(), ['get']);
      await at(exp + 300, () => costs(1, () => refused(client, token, 'expired')));
      assert.deepEqual(cache.names(), ['get', 'delete']);
      assert.equal(cache.store.size, 0);
    });

    it('is held to the skew and tolerance of the client', async () => {
      const client = clientFor({ clockTolerance: 0 });
      const exp = nowSeconds() + 1000;
      const token = make(tenant, { exp });
      await client.validateAccessToken(token);
      await at(exp - 1, () => costs(0, () => client.validateAccessToken(token)));
      client.setClockSkew(10);
      await at(exp - 10, () => costs(1, () => refused(client, token, 'expired')));
      client.setClockTolerance(10);
      await at(exp - 1, () => client.validateAccessToken(token));
    });

    it('is told to delete a hit that is not valid yet', async () => {
      const client = clientFor();
      const token = make(tenant, { nbf: nowSeconds() + 1000 });
      await refused(client, token, 'not_yet_valid');
      assert.deepEqual(cache.names(), ['get']);
      cache.plant(token, { ...tenant.claims(), nbf: nowSeconds() + 1000 });
      await refused(client, token, 'not_yet_valid');
      assert.deepEqual(cache.names(), ['get', 'delete']);
    });

    if (introspected) {
      it('keeps an answer until exp, or for as long as introspectionCacheDuration says', async () => {
        const now = nowSeconds();
        for (const [duration, exp, expected] of [
          [undefined, now + 600, now + 600],
          [30, now + 600, now + 30],
          [600, now + 30, now + 30],
          [30, undefined, now + 30],
          [0.5, undefined, now + 0.5],
          [0, now + 600, undefined],
          [0, undefined, undefined],
          [undefined, undefined, undefined],
          [30, now - 10, undefined],
        ]) {
          cache = createCache();
          const client = clientFor({ introspectionCacheDuration: duration });
          const token = make(tenant, { exp });
          await at(now, () => client.validateAccessToken(token));
          const sets = cache.calls.filter(([name]) => name === 'set').map((call) => call[3]);
          assert.deepEqual(sets, expected === undefined ? [] : [expected], `${duration} ${exp}`);
        }
      });

      it('may serve an answer without exp only where introspectionCacheDuration is set', async () => {
        const token = make(tenant, { exp: undefined });
        const { exp: _, ...claims } = tenant.claims();
        cache.plant(token, claims);
        const capped = clientFor({ introspectionCacheDuration: 60 });
        await costs(0, () => capped.validateAccessToken(token));
        cache.names();
        await costs(1, () => clientFor().validateAccessToken(token));
        assert.deepEqual(cache.names(), ['get', 'delete']);
      });

      it('keeps no answer that was not an active token', async () => {
        const client = clientFor();
        await refused(client, 'unknown', 'inactive');
        tenant.on('introspection', (_, response) => sendJson(response, {}, 500));
        const error = await failureOf(() => client.validateAccessToken(make(tenant)));
        assert.ok(error instanceof MonoCloudHttpError, error.stack);
        tenant.on('introspection', (_, response) => sendJson(response, {}, 401));
        await assert.rejects(client.validateAccessToken(make(tenant)), {
          name: 'MonoCloudOPError',
        });
        assert.deepEqual(cache.names(), ['get', 'get', 'get']);
        assert.equal(cache.store.size, 0);
      });

      it('spares a token that is there an outage of the tenant', async () => {
        const client = clientFor();
        const token = make(tenant);
        await client.validateAccessToken(token);
        tenant.on('introspection', (_, response) => sendJson(response, {}, 500));
        assert.equal((await client.validateAccessToken(token)).sub, 'user');
      });
    } else {
      it('keeps a JWT until exp, whatever introspectionCacheDuration says', async () => {
        const exp = nowSeconds() + 600;
        for (const introspectionCacheDuration of [0, 30, 6000]) {
          const token = make(tenant, { exp });
          await clientFor({ introspectionCacheDuration }).validateAccessToken(token);
          assert.equal(cache.store.get(token).expiresAt, exp);
        }
      });

      it('keeps no JWT that did not pass', async () => {
        const client = clientFor();
        const good = make(tenant);
        for (const [token, reason] of [
          [`${good.slice(0, -8)}AAAAAAAA`, 'invalid_signature'],
          [make(tenant, { exp: undefined }), 'missing_expiration'],
          [make(tenant, { exp: 1 }), 'expired'],
          [make(tenant, { aud: 'another' }), 'audience_mismatch'],
          [make(tenant, { iss: 'another' }), 'issuer_mismatch'],
          ['a.b.c', 'malformed_header'],
        ]) {
          await refused(client, token, reason);
          assert.equal(cache.store.size, 0);
        }
      });
    }

    // --- what a route requires -----------------------------------------------------------------

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
        const token = make(tenant, claims);
        await costs(1, () => refused(client, token, reason, route));
        assert.deepEqual(cache.names(), ['get', 'set'], reason);
        // From the cache the answer is the same, and the entry stays.
        await costs(0, () => refused(client, token, reason, route));
        assert.deepEqual(cache.names(), ['get'], reason);
        // A token that is bound to a DPoP key is let in by the client's mode alone.
        const free =
          reason === 'dpop_required'
            ? clientFor({ validateCertificateBinding: 'dangerously_ignore' })
            : client;
        const unbound = { validateCertificateBinding: false };
        await costs(0, () => free.validateAccessToken(token, unbound));
        cache.names();
      }
    });

    it('lets no hit into a route that needs another scope or group', async () => {
      const client = clientFor();
      const token = make(tenant, { scope: 'posts:read', groups: ['editors'] });
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
      const token = make(tenant, { cnf: { 'x5t#S256': right.thumbprint } });
      const bring = ({ cert }, more) => ({ clientCertificate: cert, ...more });
      await client.validateAccessToken(token, bring(right));
      await costs(0, async () => {
        await client.validateAccessToken(token, bring(right));
        await refused(client, token, 'certificate_mismatch', bring(wrong));
        await refused(client, token, 'certificate_missing');
        await refused(client, token, 'certificate_malformed', { clientCertificate: 'x' });
      });
      const strict = clientFor({ validateCertificateBinding: 'required' });
      const unbound = make(tenant);
      await client.validateAccessToken(unbound);
      await costs(0, () => refused(strict, unbound, 'token_not_bound', bring(right)));
    });

    it('lets no hit in at a client for another audience', async () => {
      const token = make(tenant);
      await clientFor().validateAccessToken(token);
      const other = clientFor({ audience: 'https://other.example.com' });
      await costs(1, () => refused(other, token, 'audience_mismatch'));
      // A token for both is for both.
      const both = make(tenant, { aud: [AUDIENCE, 'https://other.example.com'] });
      await clientFor().validateAccessToken(both);
      await costs(0, () => other.validateAccessToken(both));
    });

    it('lets no hit in at a client of another tenant', async (t) => {
      const elsewhere = await startFaultyTenant();
      t.after(() => elsewhere.close());
      elsewhere.on('introspection', (_, response) => sendJson(response, { active: false }));
      const token = make(tenant);
      await clientFor().validateAccessToken(token);
      const other = new MonoCloudBackendNodeClient(elsewhere.options({ ...options, cache }));
      const error = await failureOf(() => other.validateAccessToken(token));
      assert.ok(error instanceof MonoCloudTokenError, error.stack);
    });

    // --- poison --------------------------------------------------------------------------------

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
        const token = make(tenant);
        cache.plant(token, rubbish);
        const claims = await costs(1, () => client.validateAccessToken(token));
        assert.equal(claims.sub, 'user');
        assert.deepEqual(cache.names(), ['get', 'delete', 'set']);
        await costs(0, () => client.validateAccessToken(token));
        // And nobody else's token passes by it.
        const bad = introspected ? 'unknown' : `${token.slice(0, -8)}AAAAAAAA`;
        cache.plant(bad, rubbish);
        const reason = introspected ? 'inactive' : 'invalid_signature';
        await refused(client, bad, reason);
        assert.equal(cache.store.has(bad), false);
      });
    }

    it('that returns what can not be read is told to delete it, and the token passes', async () => {
      const cyclic = tenant.claims();
      cyclic.self = cyclic;
      const entries = [
        cyclic,
        {
          ...tenant.claims(),
          toJSON() {
            throw new Error('no');
          },
        },
        Object.defineProperty(tenant.claims(), 'x', {
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
        { ...tenant.claims(), big: 1n },
        { toJSON: () => undefined },
      ];
      for (const entry of entries) {
        const client = clientFor();
        const token = make(tenant);
        cache.get = async () => entry;
        const claims = await costs(1, () => client.validateAccessToken(token));
        assert.equal(claims.sub, 'user');
        cache = createCache();
      }
    });

    for (const nothing of [undefined, null]) {
      it(`that returns ${nothing} has nothing, and nothing is deleted`, async () => {
        const client = clientFor();
        cache.get = async () => nothing;
        await client.validateAccessToken(make(tenant));
        assert.deepEqual(cache.names(), ['set']);
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
        const token = make(tenant);
        cache.plant(token, poison(tenant.claims()));
        const claims = await costs(1, () => client.validateAccessToken(token));
        assert.equal(claims.sub, 'user');
        assert.equal(claims.iss, tenant.issuer);
        assert.equal('active' in claims, false);
        assert.deepEqual(cache.names(), ['get', 'delete', 'set']);
        await costs(0, () => client.validateAccessToken(token));
      });
    }

    it('pollutes no prototype, whatever it returns', async () => {
      const client = clientFor({ introspectionCacheDuration: 60 });
      const text = JSON.stringify(tenant.claims());
      for (const member of [
        '"__proto__":{"polluted":true,"scope":"admin"}',
        '"constructor":{"prototype":{"polluted":true}}',
        '"prototype":{"polluted":true}',
      ]) {
        const token = make(tenant);
        cache.plant(token, JSON.parse(text.replace('{', `{${member},`)));
        const claims = await client.validateAccessToken(token);
        assert.equal(Object.getPrototypeOf(claims), Object.prototype);
        assert.equal(claims.polluted, undefined);
        assert.equal({}.polluted, undefined);
        assert.equal(Object.prototype.polluted, undefined);
        // Claims that only a prototype holds are no claims.
        await refused(client, token, 'missing_scopes', { scopes: ['admin'] });
        const inherited = make(tenant, { scope: undefined });
        cache.plant(inherited, Object.create({ ...tenant.claims(), scope: 'admin' }));
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
          const token = make(tenant, { cnf });
          cache.plant(token, poison({ ...MonoCloudBackendNodeClient.decodeJwt(token) }));
          cache.names();
          const route = { scopes: ['posts:read'], validateCertificateBinding: false };
          const claims = await client.validateAccessToken(token, route);
          assert.deepEqual(claims, MonoCloudBackendNodeClient.decodeJwt(token));
          assert.deepEqual(cache.names(), ['get', 'delete', 'set']);
          await refused(client, token, 'certificate_missing');
        }
      });

      it('that returns another token’s claims is told to delete them', async () => {
        const client = clientFor();
        const admin = make(tenant, { scope: 'admin', sub: 'root' });
        const token = make(tenant);
        await client.validateAccessToken(admin);
        cache.store.set(token, cache.store.get(admin));
        assert.equal((await client.validateAccessToken(token)).sub, 'user');
        cache.store.set(token, cache.store.get(admin));
        await refused(client, token, 'missing_scopes', { scopes: ['admin'] });
      });

      it('does not bring an expired JWT back with an exp in the year 9999', async () => {
        const client = clientFor();
        const token = make(tenant, { exp: nowSeconds() - 1000 });
        const claims = MonoCloudBackendNodeClient.decodeJwt(token);
        cache.plant(token, { ...claims, exp: 253_402_300_799 });
        await refused(client, token, 'expired');
        assert.equal(cache.store.size, 0);
        cache.plant(token, claims);
        await refused(client, token, 'expired');
        assert.equal(cache.store.size, 0);
      });

      it('is never given a JWT that nobody signed', async () => {
        const client = clientFor();
        const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const forged = `${part({ alg: 'none' })}.${part(tenant.claims())}.`;
        await refused(client, forged, 'unsupported_algorithm');
        assert.equal(cache.store.size, 0);
      });
    }

    // --- a cache that fails --------------------------------------------------------------------

    const FAULTS = {
      throws: () => {
        throw new Error('the cache is broken');
      },
      rejects: async () => {
        throw new Error('the cache is broken');
      },
      'rejects with nothing': () => Promise.reject(),
      hangs: never,
      'hands back a thenable that throws': () => ({
        // biome-ignore lint/suspicious/noThenProperty: what a careless cache may hand back
        then() {
          throw new Error('the cache is broken');
        },
      }),
      'hands back a thenable that never calls': () => ({
        // biome-ignore lint/suspicious/noThenProperty: what a careless cache may hand back
        then() {},
      }),
    };
    for (const [what, fault] of Object.entries(FAULTS)) {
      for (const operations of [['get'], ['set'], ['delete'], ['get', 'set', 'delete']]) {
        it(`that ${what} at ${operations.join(', ')} lets tokens pass, within its time`, async () => {
          const client = clientFor();
          await client.getJwks();
          for (const operation of operations) cache[operation] = fault;
          const token = make(tenant);
          // What is stale has to be deleted.
          if (operations[0] === 'delete') cache.plant(token, {});
          const begun = performance.now();
          assert.equal((await client.validateAccessToken(token)).sub, 'user');
          const took = performance.now() - begun;
          assert.ok(took < TIMEOUT + SLACK, `${took} ms`);
          assert.ok(faults.length > 0);
          for (const message of faults) {
            assert.ok(operations.includes(message.operation), message.operation);
            assert.ok('error' in message);
          }
          assert.equal(client.stats().cache.faults, faults.length);
          // A bad token is still a bad one.
          const bad = introspected ? 'unknown' : `${token.slice(0, -8)}AAAAAAAA`;
          await refused(client, bad, introspected ? 'inactive' : 'invalid_signature');
          await sleep(0);
        });
      }
    }

    it('is told of by the operation and the error, and never by the token', async () => {
      const error = new Error('the cache is broken');
      cache.get = () => {
        throw error;
      };
      const token = make(tenant);
      await clientFor().validateAccessToken(token);
      assert.deepEqual(faults, [{ operation: 'get', error }]);
      faults = [];
      cache.get = never;
      await clientFor().validateAccessToken(token);
      const [late] = faults;
      assert.equal(late.operation, 'get');
      assert.ok(late.error instanceof Error);
      assertClean(late.error, [token]);
    });

    it('gets as long as cacheTimeout says', async () => {
      const token = make(tenant);
      const slow = createCache();
      cache = {
        get: async (asked) => {
          await sleep(250);
          return slow.get(asked);
        },
        set: slow.set,
        delete: slow.delete,
      };
      const patient = clientFor({ cacheTimeout: 2000 });
      await patient.validateAccessToken(token);
      assert.deepEqual(faults, []);
      await costs(0, () => patient.validateAccessToken(token));
      const hasty = clientFor({ cacheTimeout: 30 });
      const begun = performance.now();
      await costs(1, () => hasty.validateAccessToken(token));
      assert.ok(performance.now() - begun < 30 + SLACK);
      assert.equal(faults[0].operation, 'get');
    });

    it('gets all the time in the world with a cacheTimeout beyond every timer', async () => {
      cache.get = async () => {
        await sleep(50);
        return undefined;
      };
      for (const cacheTimeout of [2 ** 31, 1e10, 1e300]) {
        await clientFor({ cacheTimeout }).validateAccessToken(make(tenant));
      }
      assert.deepEqual(faults, []);
    });

    it('that is too late is none the worse: its answer is not used, and nothing is thrown', async () => {
      const token = make(tenant);
      let settle;
      cache.get = () =>
        new Promise((_resolve, reject) => {
          settle = reject;
        });
      await clientFor({ cacheTimeout: 20 }).validateAccessToken(token);
      const unhandled = [];
      const note = (error) => unhandled.push(error);
      process.on('unhandledRejection', note);
      settle(new Error('at last'));
      await sleep(20);
      process.off('unhandledRejection', note);
      assert.deepEqual(unhandled, []);
    });

    it('keeps no request waiting longer in all than it would wait once', async () => {
      const part = async () => {
        await sleep(70);
        return {};
      };
      cache = { get: part, set: part, delete: part };
      const client = clientFor();
      await client.getJwks();
      const times = [];
      for (let n = 0; n < 5; n += 1) {
        const begun = performance.now();
        await client.validateAccessToken(make(tenant));
        times.push(performance.now() - begun);
      }
      // All three in turn would be 210 ms. The machine may be busy once, or four times.
      assert.ok(Math.min(...times) < TIMEOUT + 80, `${times} ms`);
    });

    if (introspected) {
      it('is not blamed for the time that the tenant took', async () => {
        tenant.on('introspection', async (request, response) => {
          await sleep(250);
          return tenant.introspect(request, response);
        });
        const { set } = cache;
        cache.set = async (...entry) => {
          await sleep(20);
          return set(...entry);
        };
        const client = clientFor();
        const token = make(tenant);
        await client.validateAccessToken(token);
        assert.deepEqual(faults, []);
        assert.equal(cache.store.size, 1, 'it was waited for');
        assert.equal(client.stats().cache.faults, 0);
      });

      it('that misses a token many times at once causes one introspection and one set', async () => {
        tenant.on('introspection', async (request, response) => {
          await sleep(300);
          return tenant.introspect(request, response);
        });
        const client = clientFor();
        const token = make(tenant, { scope: 'posts:read' });
        const route = (index) => ({ scopes: index % 2 ? ['posts:read'] : ['admin'] });
        const results = await costs(1, () =>
          Promise.allSettled(
            Array.from({ length: 1000 }, (_, index) =>
              client.validateAccessToken(token, route(index)),
            ),
          ),
        );
        const sets = cache.calls.filter(([name]) => name === 'set');
        assert.equal(sets.length, 1);
        results.forEach(({ status, value, reason }, index) => {
          if (index % 2) assert.equal(value?.sub, 'user', String(reason));
          else assert.equal(reason?.code, 'insufficient_scope', status);
        });
        const values = results.filter(({ value }) => value).map(({ value }) => value);
        assert.equal(new Set(values).size, 500, 'each has its own');
        cache.names();
        await costs(0, () => client.validateAccessToken(token));
        assert.deepEqual(cache.names(), ['get']);
      });

      it('that hangs while many ask costs one introspection and no more time', async () => {
        cache.get = never;
        cache.set = never;
        tenant.on('introspection', async (request, response) => {
          await sleep(400);
          return tenant.introspect(request, response);
        });
        const client = clientFor();
        await client.getMetadata();
        const token = make(tenant);
        const begun = performance.now();
        await costs(1, () =>
          Promise.all(Array.from({ length: 1000 }, () => client.validateAccessToken(token))),
        );
        const took = performance.now() - begun;
        assert.ok(took < 400 + 2 * TIMEOUT + SLACK, `${took} ms`);
      });

      it('that is asked after a failure asks again, and remembers none', async () => {
        tenant.on('introspection', (_, response) => sendJson(response, {}, 500));
        const client = clientFor();
        const token = make(tenant);
        const results = await Promise.allSettled(
          Array.from({ length: 50 }, () => client.validateAccessToken(token)),
        );
        assert.equal(new Set(results.map(({ reason }) => reason)).size, 50);
        for (const { reason } of results) assert.equal(reason.status, 500);
        tenant.on('introspection', tenant.introspect);
        await costs(1, () => client.validateAccessToken(token));
      });
    }

    it('that misses a JWT many times at once is told to set it once', async () => {
      const client = clientFor();
      const token = make(tenant);
      let open;
      const gate = new Promise((resolve) => {
        open = resolve;
      });
      const { set } = cache;
      cache.set = async (...entry) => {
        await gate;
        return set(...entry);
      };
      const many = Promise.all(
        Array.from({ length: 200 }, () => client.validateAccessToken(token)),
      );
      await sleep(30);
      open();
      await many;
      assert.equal(cache.calls.filter(([name]) => name === 'set').length, 1);
      assert.deepEqual(faults, []);
    });

    it('is counted in stats()', async () => {
      const client = clientFor();
      const token = make(tenant);
      for (let n = 0; n < 3; n += 1) await client.validateAccessToken(token);
      await failureOf(() => client.validateAccessToken(token, { scopes: ['admin'] }));
      assert.deepEqual(client.stats().cache, { hits: 3, misses: 1, faults: 0 });
      assert.equal(client.stats().accepted, 3);
      assert.equal(client.stats().refused, 1);
    });

    it('is not for the methods that name what they do', async () => {
      const client = clientFor();
      const token = make(tenant);
      if (introspected) await client.introspectAccessToken(token);
      else await client.validateJwtAccessToken(token);
      assert.deepEqual(cache.names(), []);
    });
  });
}

describe('what is handed in as a cache', () => {
  let tenant;

  before(async () => {
    tenant = await startFaultyTenant();
  });
  after(() => tenant?.close());

  it('must have its three methods', () => {
    for (const [cache, name] of [
      [{}, 'cache.get'],
      [{ get() {}, set() {} }, 'cache.delete'],
      [{ get() {}, set: 1, delete() {} }, 'cache.set'],
      [[], 'cache'],
      ['x', 'cache'],
      [() => {}, 'cache'],
    ]) {
      assert.throws(() => new MonoCloudBackendNodeClient(tenant.options({ cache })), {
        name: 'MonoCloudValidationError',
        message: new RegExp(`^"${name}`),
      });
    }
  });
});
