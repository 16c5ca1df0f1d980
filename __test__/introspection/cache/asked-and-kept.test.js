'use strict';

// Contract §6: what the cache of a program is asked, what it keeps, and for how long.

const { it } = require('node:test');
const assert = require('node:assert/strict');

const { MonoCloudHttpError } = require('@monocloud/backend-node');
const { sendJson } = require('../../support/faulty-tenant.js');
const { failureOf } = require('../../support/introspection.js');
const { at } = require('../../support/tokens.js');
const { createCache, nowSeconds, suites } = require('./support.js');

const own = (claims) => JSON.parse(JSON.stringify(claims));

suites((suite) => {
  const { make, clientFor, costs, refused, introspected } = suite;

  it('is asked first, and a hit costs no request', async () => {
    const client = clientFor();
    const token = make(suite.tenant, { scope: 'posts:read' });
    const first = await costs(1, () => client.validateAccessToken(token));
    assert.deepEqual(suite.cache.names(), ['get', 'set']);
    const second = await costs(0, () => client.validateAccessToken(token));
    assert.deepEqual(suite.cache.names(), ['get']);
    assert.deepEqual(second, first);
    assert.equal('active' in second, false);
    assert.deepEqual(suite.faults, []);
  });

  it('is asked by the token to the byte, and told the claims and when they end', async () => {
    const token = make(suite.tenant, { exp: nowSeconds() + 1234.5, scope: 'posts:read' });
    const claims = await clientFor().validateAccessToken(token);
    const [[, asked], [, stored, given, expiresAt, ...more]] = suite.cache.calls;
    assert.equal(asked, token);
    assert.equal(stored, token);
    assert.deepEqual(given, claims);
    assert.equal(expiresAt, claims.exp);
    assert.deepEqual(more, []);
  });

  it('serves other clients of the same tenant, as a fleet shares it', async () => {
    const token = make(suite.tenant);
    await clientFor().validateAccessToken(token);
    suite.cache.names();
    const claims = await costs(0, () => clientFor().validateAccessToken(token));
    assert.equal(claims.sub, 'user');
    assert.deepEqual(suite.cache.names(), ['get']);
  });

  it('may keep JSON, or objects of a prototype of its own', async () => {
    const token = make(suite.tenant);
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
      suite.cache.plant(token, entry);
      const hit = await costs(0, () => client.validateAccessToken(token));
      assert.deepEqual(hit, claims);
      assert.equal(Object.getPrototypeOf(hit), Object.prototype);
    }
  });

  it('keeps nothing that a caller could change for the next one', async () => {
    const client = clientFor();
    const token = make(suite.tenant, { list: [1] });
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
    suite.cache = {
      get: (token) => store.get(token),
      set: (token, claims) => store.set(token, claims),
      delete: (token) => store.delete(token),
    };
    const client = clientFor();
    const token = make(suite.tenant);
    await client.validateAccessToken(token);
    await costs(0, () => client.validateAccessToken(token));
    assert.deepEqual(suite.faults, []);
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
    suite.cache = new Private();
    const client = clientFor();
    const token = make(suite.tenant);
    await client.validateAccessToken(token);
    await costs(0, () => client.validateAccessToken(token));
    assert.deepEqual(suite.faults, []);
  });

  it('is not asked to keep what has ended, though the tolerance still lets it pass', async () => {
    const client = clientFor();
    const token = make(suite.tenant, { exp: nowSeconds() - 100 });
    await costs(1, () => client.validateAccessToken(token));
    await costs(1, () => client.validateAccessToken(token));
    assert.deepEqual(suite.cache.names(), ['get', 'get']);
  });

  it('that still has what has ended is told to delete it', async () => {
    suite.cache = createCache({ obedient: false });
    const client = clientFor();
    const exp = nowSeconds() + 60;
    const token = make(suite.tenant, { exp });
    await client.validateAccessToken(token);
    suite.cache.names();
    // Within the tolerance it counts, on the hit as on a fresh token.
    await at(exp + 299, () => costs(0, () => client.validateAccessToken(token)));
    assert.deepEqual(suite.cache.names(), ['get']);
    await at(exp + 300, () => costs(1, () => refused(client, token, 'expired')));
    assert.deepEqual(suite.cache.names(), ['get', 'delete']);
    assert.equal(suite.cache.store.size, 0);
  });

  it('is held to the skew and tolerance of the client', async () => {
    const client = clientFor({ clockTolerance: 0 });
    const exp = nowSeconds() + 1000;
    const token = make(suite.tenant, { exp });
    await client.validateAccessToken(token);
    await at(exp - 1, () => costs(0, () => client.validateAccessToken(token)));
    client.setClockSkew(10);
    await at(exp - 10, () => costs(1, () => refused(client, token, 'expired')));
    client.setClockTolerance(10);
    await at(exp - 1, () => client.validateAccessToken(token));
  });

  it('is told to delete a hit that is not valid yet', async () => {
    const client = clientFor();
    const token = make(suite.tenant, { nbf: nowSeconds() + 1000 });
    await refused(client, token, 'not_yet_valid');
    assert.deepEqual(suite.cache.names(), ['get']);
    suite.cache.plant(token, { ...suite.tenant.claims(), nbf: nowSeconds() + 1000 });
    await refused(client, token, 'not_yet_valid');
    assert.deepEqual(suite.cache.names(), ['get', 'delete']);
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
        suite.cache = createCache();
        const client = clientFor({ introspectionCacheDuration: duration });
        const token = make(suite.tenant, { exp });
        await at(now, () => client.validateAccessToken(token));
        const sets = suite.cache.calls.filter(([name]) => name === 'set').map((call) => call[3]);
        assert.deepEqual(sets, expected === undefined ? [] : [expected], `${duration} ${exp}`);
      }
    });

    it('may serve an answer without exp only where introspectionCacheDuration is set', async () => {
      const token = make(suite.tenant, { exp: undefined });
      const { exp: _, ...claims } = suite.tenant.claims();
      suite.cache.plant(token, claims);
      const capped = clientFor({ introspectionCacheDuration: 60 });
      await costs(0, () => capped.validateAccessToken(token));
      suite.cache.names();
      await costs(1, () => clientFor().validateAccessToken(token));
      assert.deepEqual(suite.cache.names(), ['get', 'delete']);
    });

    it('keeps no answer that was not an active token', async () => {
      const client = clientFor();
      await refused(client, 'unknown', 'inactive');
      suite.tenant.on('introspection', (_, response) => sendJson(response, {}, 500));
      const error = await failureOf(() => client.validateAccessToken(make(suite.tenant)));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      suite.tenant.on('introspection', (_, response) => sendJson(response, {}, 401));
      await assert.rejects(client.validateAccessToken(make(suite.tenant)), {
        name: 'MonoCloudOPError',
      });
      assert.deepEqual(suite.cache.names(), ['get', 'get', 'get']);
      assert.equal(suite.cache.store.size, 0);
    });

    it('keeps an inactive answer where introspectionCacheDuration is set, and no failure', async () => {
      const client = clientFor({ introspectionCacheDuration: 60 });
      await costs(1, () => refused(client, 'unknown', 'inactive'));
      await costs(0, () => refused(client, 'unknown', 'inactive'));
      const token = make(suite.tenant);
      for (const status of [500, 401]) {
        suite.tenant.on('introspection', (_, response) => sendJson(response, {}, status));
        await failureOf(() => client.validateAccessToken(token));
        assert.deepEqual([...suite.cache.store.keys()], ['unknown']);
      }
      suite.tenant.on('introspection', suite.tenant.introspect);
      assert.equal((await clientFor().validateAccessToken(token)).sub, 'user');
    });

    it('refuses no token by an entry whose active is not false', async () => {
      const client = clientFor({ introspectionCacheDuration: 60 });
      for (const active of [0, null, 'false', 'true', {}]) {
        const token = make(suite.tenant);
        suite.cache.plant(token, { ...suite.tenant.claims(), active });
        const claims = await costs(1, () => client.validateAccessToken(token));
        assert.equal(claims.sub, 'user', JSON.stringify(active));
      }
    });

    it('asks again about an inactive token once its entry has ended', async () => {
      const client = clientFor({ introspectionCacheDuration: 60 });
      for (const [exp, requests] of [
        [nowSeconds() + 60, 0],
        [nowSeconds() - 1, 1],
      ]) {
        suite.cache.plant('unknown', { active: false, exp });
        await costs(requests, () => refused(client, 'unknown', 'inactive'));
      }
    });

    it('spares a token that is there an outage of the tenant', async () => {
      const client = clientFor();
      const token = make(suite.tenant);
      await client.validateAccessToken(token);
      suite.tenant.on('introspection', (_, response) => sendJson(response, {}, 500));
      assert.equal((await client.validateAccessToken(token)).sub, 'user');
    });
  } else {
    it('keeps a JWT until exp, whatever introspectionCacheDuration says', async () => {
      const exp = nowSeconds() + 600;
      for (const introspectionCacheDuration of [0, 30, 6000]) {
        const token = make(suite.tenant, { exp });
        await clientFor({ introspectionCacheDuration }).validateAccessToken(token);
        assert.equal(suite.cache.store.get(token).expiresAt, exp);
      }
    });

    it('keeps a JWT while the tenant can’t be reached, which says nothing about it', async () => {
      const token = make(suite.tenant);
      await clientFor().validateAccessToken(token);
      suite.cache.names();
      const fetcher = () => Promise.reject(new TypeError('fetch failed'));
      const error = await failureOf(() => clientFor({ fetcher }).validateAccessToken(token));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.deepEqual(suite.cache.names(), ['get']);
    });

    it('keeps no JWT that did not pass', async () => {
      const client = clientFor();
      const good = make(suite.tenant);
      for (const [token, reason] of [
        [`${good.slice(0, -8)}AAAAAAAA`, 'invalid_signature'],
        [make(suite.tenant, { exp: undefined }), 'missing_expiration'],
        [make(suite.tenant, { exp: 1 }), 'expired'],
        [make(suite.tenant, { aud: 'another' }), 'audience_mismatch'],
        [make(suite.tenant, { iss: 'another' }), 'issuer_mismatch'],
        ['a.b.c', 'malformed_header'],
      ]) {
        await refused(client, token, reason);
        assert.equal(suite.cache.store.size, 0);
      }
    });
  }
});
