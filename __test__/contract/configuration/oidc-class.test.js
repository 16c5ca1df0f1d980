'use strict';

// Contract §2: `new MonoCloudOidcBackendClient(tenantDomain, audience, options)`.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const {
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { METADATA, at } = require('../../support/tokens.js');
const {
  AUDIENCE,
  BASE,
  FLAGS,
  ISSUER,
  NOW,
  NUMBERS,
  PREFIX,
  TEXTS,
  allBut,
  option,
  passes,
  refusal,
  shown,
  startIntrospection,
  validate,
  withEnv,
} = require('./support.js');

describe('§2 new MonoCloudOidcBackendClient(tenantDomain, audience, options)', () => {
  const oidc = (...args) => new MonoCloudOidcBackendClient(...args);
  const BAD = Object.fromEntries(
    [...NUMBERS, ...FLAGS, ...TEXTS, { variable: 'TENANT_DOMAIN' }, { variable: 'AUDIENCE' }]
      .concat({ variable: 'CLIENT_SECRET' })
      .map(({ variable }) => [PREFIX + variable, 'no such thing']),
  );

  it('reads no environment', async () => {
    const client = withEnv(BAD, () => oidc(ISSUER, AUDIENCE));
    assert.equal(await passes(client), true);
    const good = { [`${PREFIX}TENANT_DOMAIN`]: ISSUER, [`${PREFIX}AUDIENCE`]: AUDIENCE };
    withEnv(good, () => {
      refusal(() => oidc(), '"tenantDomain" is required');
      refusal(() => oidc(ISSUER), '"audience" is required');
      refusal(() => oidc(undefined, AUDIENCE), '"tenantDomain" is required');
    });
    const patient = withEnv({ [`${PREFIX}CLOCK_TOLERANCE`]: '5' }, () => oidc(ISSUER, AUDIENCE));
    assert.equal(await passes(patient, { exp: NOW - 299 }), true);
  });

  it('advises no environment variable', async () => {
    const without = (error) => {
      assert.ok(error instanceof MonoCloudValidationError, error.stack);
      assert.ok(!error.message.includes(PREFIX), error.message);
      return true;
    };
    assert.throws(() => oidc(), without);
    assert.throws(() => oidc(ISSUER), without);
    for (const { name } of [...NUMBERS, ...FLAGS, ...TEXTS, { name: 'clientSecret' }]) {
      assert.throws(() => oidc(ISSUER, AUDIENCE, option(name, 5n)), without);
    }
    await assert.rejects(oidc(ISSUER, AUDIENCE).introspectAccessToken('opaque'), without);
    const tenant = await startIntrospection();
    for (const options of [
      { clientAuthMethod: 'private_key_jwt' },
      { clientAuthMethod: 'tls_client_auth', trustStoreId: 'other', fetcher: fetch },
    ]) {
      const client = oidc(tenant.url, AUDIENCE, { clientId: 'me', ...options });
      await assert.rejects(client.introspectAccessToken('opaque'), without);
    }
    await tenant.close();
  });

  it('gives a bare host https://', async () => {
    const urls = [];
    const fetcher = (url) => {
      urls.push(url);
      throw new Error();
    };
    for (const domain of [
      'tenant.example',
      'tenant.example/',
      'tenant.example:8443',
      'tenant.example/one',
      'localhost:8080',
      'https://tenant.example',
      'http://127.0.0.1:8080',
    ]) {
      await assert.rejects(oidc(domain, AUDIENCE, { fetcher }).getMetadata());
    }
    assert.deepEqual(
      urls,
      [
        'https://tenant.example',
        'https://tenant.example',
        'https://tenant.example:8443',
        'https://tenant.example/one',
        'https://localhost:8080',
        'https://tenant.example',
        'http://127.0.0.1:8080',
      ].map((domain) => domain + METADATA),
    );
    assert.equal(await passes(oidc('tenant.example', AUDIENCE)), true);
  });

  it('has the same rules otherwise', () => {
    for (const value of [
      ...allBut('string'),
      '',
      'http://tenant.example',
      'ten ant',
      'a?b',
      'a@b',
    ]) {
      refusal(() => oidc(value, AUDIENCE), '"tenantDomain" ', shown(value));
    }
    for (const value of [...allBut('string'), '', 'api']) {
      refusal(() => oidc(ISSUER, value), '"audience" ', shown(value));
    }
    refusal(() => oidc(ISSUER, AUDIENCE, { clockSkew: -1 }), '"clockSkew" must be');
    refusal(() => oidc(ISSUER, AUDIENCE, 1), '"options" must be an object');
    oidc(ISSUER, AUDIENCE, null);
    oidc(ISSUER, AUDIENCE, { ...BASE, tenantDomain: 'no uri', audience: 1 });
  });

  it('authenticates with client_secret_basic by default', async () => {
    const tenant = await startIntrospection();
    const client = oidc(tenant.url, AUDIENCE, { clientId: 'me', clientSecret: 'a:b c' });
    await at(NOW, () => client.introspectAccessToken('opaque'));
    const [{ authorization, form }] = tenant.asked;
    assert.equal(authorization, `Basic ${Buffer.from('me:a%3Ab+c').toString('base64')}`);
    assert.equal(form.client_secret, undefined);
    await tenant.close();
  });

  it('has no cache', async () => {
    const calls = [];
    const note = (name) => async () => void calls.push(name);
    const cache = { get: note('get'), set: note('set'), delete: note('delete') };
    await validate(oidc(ISSUER, AUDIENCE, { cache }));
    assert.deepEqual(calls, []);
    assert.equal(MonoCloudOidcBackendClient.prototype.validateAccessToken, undefined);
  });

  it('refuses tokens as the other class does', async () => {
    await assert.rejects(validate(oidc(ISSUER, AUDIENCE), { exp: 1 }), MonoCloudTokenError);
  });
});
