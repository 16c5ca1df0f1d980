'use strict';

// Contract §2: `clientId`, `clientSecret` and `clientAuthMethod`.

const assert = require('node:assert/strict');
const util = require('node:util');
const { after, before, describe, it } = require('node:test');

const { MonoCloudOidcBackendClient, MonoCloudValidationError } = require('@monocloud/backend-node');
const { at, sign } = require('../../support/tokens.js');
const {
  AUDIENCE,
  CLAIMS,
  NOW,
  PREFIX,
  SECRET,
  allBut,
  build,
  clientWith,
  key,
  refusal,
  shown,
  startIntrospection,
} = require('./support.js');

describe('§2 clientId, clientSecret, clientAuthMethod, by their effect', () => {
  let tenant;
  before(async () => {
    tenant = await startIntrospection();
  });
  after(() => tenant.close());

  const ask = async (client, token = 'opaque') => {
    await at(NOW, () => client.introspectAccessToken(token));
    return tenant.asked.pop();
  };
  const asking = (options, variables) =>
    build({ tenantDomain: tenant.url, audience: AUDIENCE, ...options }, variables);

  it('clientId defaults to none, and then nothing is introspected', async () => {
    const blank = (text) => asking({}, { [`${PREFIX}CLIENT_ID`]: text });
    for (const client of [asking(), blank(''), blank(' ')]) {
      await assert.rejects(client.introspectAccessToken('opaque'), (error) => {
        assert.ok(error instanceof MonoCloudValidationError);
        assert.match(error.message, /^clientId is required/);
        assert.ok(error.message.includes(`${PREFIX}CLIENT_ID`));
        return true;
      });
    }
    assert.deepEqual(tenant.asked, []);
  });

  it('client_secret_post is the default', async () => {
    const { authorization, form } = await ask(asking({ clientId: 'me', clientSecret: SECRET }));
    assert.equal(authorization, undefined);
    assert.deepEqual(form, {
      token: 'opaque',
      token_type_hint: 'access_token',
      client_id: 'me',
      client_secret: SECRET,
    });
  });

  it('clientId without a secret is no error, and by password it is a public client', async () => {
    for (const clientAuthMethod of ['client_secret_post', 'client_secret_basic']) {
      const { authorization, form } = await ask(asking({ clientId: 'me', clientAuthMethod }));
      assert.equal(authorization, undefined);
      assert.deepEqual(form, {
        token: 'opaque',
        token_type_hint: 'access_token',
        client_id: 'me',
      });
    }
    for (const clientAuthMethod of ['client_secret_jwt', 'private_key_jwt', 'spiffe_jwt']) {
      const client = asking({ clientId: 'me', clientAuthMethod });
      const jwt = sign(key, { claims: { ...CLAIMS, iss: tenant.url } });
      await at(NOW, () => client.validateAccessToken(jwt));
      await assert.rejects(ask(client), (error) => {
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
        assert.match(error.message, /^"clientSecret" is required/);
        assert.ok(error.message.includes(`${PREFIX}CLIENT_SECRET`), error.message);
        return true;
      });
    }
    assert.deepEqual(tenant.asked, []);
  });

  it('come from the environment, and those of the constructor win', async () => {
    const variables = {
      [`${PREFIX}CLIENT_ID`]: 'from-env',
      [`${PREFIX}CLIENT_SECRET`]: 'secret-from-env',
      [`${PREFIX}CLIENT_AUTH_METHOD`]: 'client_secret_basic',
    };
    const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const { authorization } = await ask(asking({}, variables));
    assert.equal(authorization, basic('from-env', 'secret-from-env'));
    const mixed = await ask(asking({ clientSecret: SECRET }, variables));
    assert.equal(mixed.authorization, basic('from-env', SECRET));
    const { form } = await ask(
      asking(
        { clientId: 'me', clientSecret: SECRET, clientAuthMethod: 'client_secret_post' },
        variables,
      ),
    );
    assert.equal(form.client_id, 'me');
    assert.equal(form.client_secret, SECRET);
  });

  it('clientSecret may be a JWK, as an object, as its JSON, and in the environment', async () => {
    const jwk = { kty: 'oct', alg: 'HS256', k: Buffer.alloc(32, 7).toString('base64url') };
    const method = { clientId: 'me', clientAuthMethod: 'client_secret_jwt' };
    for (const client of [
      asking({ ...method, clientSecret: jwk }),
      asking({ ...method, clientSecret: JSON.stringify(jwk) }),
      asking(method, { [`${PREFIX}CLIENT_SECRET`]: JSON.stringify(jwk) }),
    ]) {
      const { form } = await ask(client);
      const claims = MonoCloudOidcBackendClient.decodeJwt(form.client_assertion);
      assert.deepEqual([claims.iss, claims.sub, claims.aud], ['me', 'me', tenant.url]);
    }
  });

  it('introspectJwtTokens sends JWTs there too; by default they are not', async () => {
    const credentials = { clientId: 'me', clientSecret: SECRET };
    const jwt = sign(key, { claims: { ...CLAIMS, iss: tenant.url } });
    const asked = async (client) => {
      await at(NOW, () => client.validateAccessToken(jwt));
      return tenant.asked.splice(0).map(({ form }) => form.token);
    };
    const variables = { [`${PREFIX}INTROSPECT_JWT_TOKENS`]: 'true' };
    assert.deepEqual(await asked(asking(credentials)), []);
    assert.deepEqual(await asked(asking({ ...credentials, introspectJwtTokens: true })), [jwt]);
    assert.deepEqual(await asked(asking(credentials, variables)), [jwt]);
    const no = { ...credentials, introspectJwtTokens: false };
    assert.deepEqual(await asked(asking(no, variables)), []);
  });

  it('trustStoreId picks the alias of its trust store', async () => {
    const options = { clientId: 'me', clientAuthMethod: 'tls_client_auth', fetcher: fetch };
    const VARIABLE = `${PREFIX}TRUST_STORE_ID`;
    assert.equal((await ask(asking(options))).at, 'mtls');
    assert.equal((await ask(asking(options, { [VARIABLE]: '' }))).at, 'mtls');
    assert.equal((await ask(asking({ ...options, trustStoreId: 'one' }))).at, 'store-one');
    assert.equal((await ask(asking(options, { [VARIABLE]: 'one' }))).at, 'store-one');
    const wins = asking({ ...options, trustStoreId: 'one' }, { [VARIABLE]: 'other' });
    assert.equal((await ask(wins)).at, 'store-one');
    for (const trustStoreId of ['other', '__proto__', 'ONE']) {
      await assert.rejects(ask(asking({ ...options, trustStoreId })), (error) => {
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
        assert.match(error.message, /^"trustStoreId"/);
        assert.ok(error.message.includes(VARIABLE), error.message);
        return true;
      });
    }
    const byPassword = { clientId: 'me', clientSecret: SECRET, trustStoreId: 'one' };
    assert.equal((await ask(asking(byPassword))).at, 'plain');
  });

  it('introspectionCacheDuration caps what the cache keeps; unset it is until exp', async () => {
    const cappedAt = async (options, variables) => {
      const ends = [];
      const cache = {
        get: async () => undefined,
        set: async (_token, _claims, end) => void ends.push(end),
        delete: async () => {},
      };
      const credentials = { clientId: 'me', clientSecret: SECRET };
      const client = asking({ ...credentials, cache, ...options }, variables);
      await at(NOW, () => client.validateAccessToken('opaque'));
      return ends;
    };
    assert.deepEqual(await cappedAt({}), [CLAIMS.exp]);
    assert.deepEqual(await cappedAt({ introspectionCacheDuration: 20 }), [NOW + 20]);
    assert.deepEqual(await cappedAt({ introspectionCacheDuration: 600 }), [CLAIMS.exp]);
    const variables = { [`${PREFIX}INTROSPECTION_CACHE_DURATION`]: '30' };
    assert.deepEqual(await cappedAt({}, variables), [NOW + 30]);
    assert.deepEqual(await cappedAt({ introspectionCacheDuration: 20 }, variables), [NOW + 20]);
  });
});

describe('§2 clientSecret', () => {
  const VARIABLE = `${PREFIX}CLIENT_SECRET`;
  const cyclic = { kty: 'oct', k: SECRET };
  cyclic.self = cyclic;

  it('is a text or a JWK, and its value is never in a message', () => {
    const odd = [
      cyclic,
      { k: SECRET },
      { kty: 1, k: SECRET },
      [SECRET],
      [{ kty: 'oct', k: SECRET }],
      Object(SECRET),
      Object(Symbol(SECRET)),
      Symbol(SECRET),
      Buffer.from(SECRET),
      () => SECRET,
      { kty: 'oct', k: 5n },
      {
        toJSON() {
          throw new Error(SECRET);
        },
      },
      { toJSON: () => SECRET },
      { toJSON: () => undefined },
      Proxy.revocable({}, {}).proxy,
      '',
    ];
    const { proxy, revoke } = Proxy.revocable({ kty: 'oct', k: SECRET }, {});
    revoke();
    for (const clientSecret of [...odd.slice(0, -2), '', proxy, ...allBut('string', 'object')]) {
      const error = refusal(() => clientWith({ clientSecret }), '"clientSecret" ');
      assert.ok(error.message.includes(VARIABLE), error.message);
      assert.ok(!util.inspect(error, { showHidden: true, depth: 9 }).includes(SECRET));
    }
  });

  it('that is a JWK without a byte in it is as empty as an empty text', () => {
    const method = { clientId: 'me', clientAuthMethod: 'client_secret_jwt' };
    for (const k of ['', undefined, null, 5]) {
      const clientSecret = { kty: 'oct', k };
      refusal(() => clientWith({ ...method, clientSecret }), '"clientSecret" ', shown(k));
    }
  });

  it('is not in sight on a client', () => {
    const client = clientWith({ clientId: 'me', clientSecret: SECRET });
    for (const text of [
      util.inspect(client, { showHidden: true, depth: 20, showProxy: true }),
      JSON.stringify(client),
      Object.keys(client).join(),
      String(client),
    ]) {
      assert.ok(!text.includes(SECRET), text);
    }
  });
});
