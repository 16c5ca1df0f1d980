'use strict';

// Contract §5, client authentication: each method against oidc-provider, in a process of its own.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const crypto = require('node:crypto');

const { ACCEPTED } = require('../../support/algorithms.js');
const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
} = require('@monocloud/backend-node');
const { createCa, createClientCert, createServerCert, pem } = require('../../support/certs.js');
const { startOidcProvider } = require('../../support/oidc/index.js');
const { assertClean, failureOf, withEnvironment } = require('../../support/introspection.js');
const { ODD_SECRET, constructionError, makeJwk, privateParts } = require('./support.js');

const base = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };

const registered = (client_id, token_endpoint_auth_method, more) => ({
  ...base,
  client_id,
  token_endpoint_auth_method,
  ...more,
});

describe('client authentication at oidc-provider', () => {
  const ca = createCa();
  const clientCa = createCa({ name: 'Client CA', keyType: 'rsa' });
  const between = createCa({ name: 'Intermediate CA', issuer: clientCa });
  const san = (name) => ({ san: [`DNS:${name}.client.test`] });
  const known = {
    ec: createClientCert(clientCa, san('known')),
    rsa: createClientCert(clientCa, { ...san('known'), keyType: 'rsa' }),
  };
  const underIntermediate = createClientCert(between, san('known'));
  const selfSigned = { ec: createClientCert(), rsa: createClientCert(null, { keyType: 'rsa' }) };
  const jwks = Object.fromEntries(ACCEPTED.map((alg) => [alg, makeJwk(alg)]));
  const sharedSecret = crypto.randomBytes(64).toString('base64url');
  const ODD_ID = 'api: 100% + "odd" = &';

  let provider;
  let token;

  before(async () => {
    provider = await startOidcProvider({
      tls: { ...createServerCert(ca), ca: ca.cert },
      mtls: { ca: clientCa.cert },
      clients: [
        registered('odd-basic', 'client_secret_basic', { client_secret: ODD_SECRET }),
        registered('odd-post', 'client_secret_post', { client_secret: ODD_SECRET }),
        registered(ODD_ID, 'client_secret_basic', { client_secret: ODD_SECRET }),
        ...['HS256', 'HS384', 'HS512'].map((alg) =>
          registered(`secret-jwt-${alg}`, 'client_secret_jwt', {
            client_secret: sharedSecret,
            token_endpoint_auth_signing_alg: alg,
          }),
        ),
        ...Object.entries(jwks).map(([alg, { published }]) =>
          registered(`private-key-jwt-${alg}`, 'private_key_jwt', {
            jwks: { keys: [published] },
            token_endpoint_auth_signing_alg: alg,
          }),
        ),
        registered('tls', 'tls_client_auth', { tls_client_auth_san_dns: 'known.client.test' }),
        registered('other-tls', 'tls_client_auth', {
          tls_client_auth_san_dns: 'other.client.test',
        }),
        registered('self-signed', 'self_signed_tls_client_auth', {
          jwks: { keys: [selfSigned.ec.jwk, selfSigned.rsa.jwk] },
        }),
      ],
    });
    token = await provider.opaqueToken({ scope: 'posts:read' });
  });
  after(() => provider?.close());

  const optionsFor = ({ tls, ...more }) => ({
    tenantDomain: provider.issuer,
    audience: provider.audience,
    tls: { ca: ca.cert, ...tls },
    ...more,
  });
  const clientFor = (options) => new MonoCloudBackendNodeClient(optionsFor(options));

  /** Twice, as nothing of the first time may be used a second time (an assertion, say). */
  async function passes(client) {
    for (let round = 0; round < 2; round += 1) {
      const claims = await client.validateAccessToken(token, { scopes: ['posts:read'] });
      assert.equal(claims.iss, provider.issuer);
      assert.equal(claims.client_id, 'app');
      assert.equal('active' in claims, false);
    }
  }

  async function isInvalidClient(client, secrets = []) {
    const error = await failureOf(() => client.validateAccessToken(token));
    assert.ok(error instanceof MonoCloudOPError, error.stack);
    assert.equal(error.error, 'invalid_client');
    assert.equal(error.message, 'invalid_client');
    assert.equal(error.errorDescription, 'client authentication failed');
    assert.equal(error.raw.status, 401);
    assert.equal(error.raw.statusText, 'Unauthorized');
    assert.deepEqual(JSON.parse(error.raw.body), {
      error: 'invalid_client',
      error_description: 'client authentication failed',
    });
    assert.match(error.raw.headers['content-type'], /json/);
    assert.equal(error.raw.headers['set-cookie'], undefined);
    assertClean(error, [token, ...secrets]);
  }

  for (const [id, method] of [
    ['basic', 'client_secret_basic'],
    ['post', 'client_secret_post'],
    ['secret-jwt', 'client_secret_jwt'],
    ['private-key-jwt', 'private_key_jwt'],
  ]) {
    it(`${method} passes with its own credentials`, async () => {
      assert.equal(provider.clients[id].clientAuthMethod, method);
      await passes(clientFor(provider.clients[id]));
    });

    it(`${method} passes with its own credentials from the environment`, async () => {
      const { clientId, clientSecret } = provider.clients[id];
      const text = typeof clientSecret === 'string' ? clientSecret : JSON.stringify(clientSecret);
      const variables = {
        CLIENT_ID: clientId,
        CLIENT_SECRET: text,
        CLIENT_AUTH_METHOD: method,
      };
      await passes(withEnvironment(variables, () => clientFor({})));
    });
  }

  it('a client without clientAuthMethod uses client_secret_post, the other class Basic', async () => {
    const { clientAuthMethod: _, ...post } = provider.clients.post;
    await passes(clientFor(post));
    const { clientAuthMethod: __, ...basic } = provider.clients.basic;
    const { tenantDomain, audience, ...more } = optionsFor(basic);
    const other = new MonoCloudOidcBackendClient(tenantDomain, audience, more);
    assert.equal((await other.introspectAccessToken(token)).client_id, 'app');
  });

  for (const method of ['basic', 'post']) {
    it(`client_secret_${method} passes with a secret of every kind of punctuation`, async () => {
      const credentials = provider.clients[`odd-${method}`];
      assert.equal(credentials.clientSecret, ODD_SECRET);
      await passes(clientFor(credentials));
    });

    it(`client_secret_${method} is refused with a secret that only decodes to the same`, async () => {
      const credentials = provider.clients[`odd-${method}`];
      for (const clientSecret of [
        ODD_SECRET.replace('%41', 'A'),
        ODD_SECRET.replace('w+rd', 'w rd'),
        encodeURIComponent(ODD_SECRET),
      ]) {
        await isInvalidClient(clientFor({ ...credentials, clientSecret }), [clientSecret]);
      }
    });
  }

  it('client_secret_basic passes with a client id of every kind of punctuation', async () => {
    await passes(clientFor(provider.clients[ODD_ID]));
  });

  it('client_secret_jwt passes with the string, which stands for HS256', async () => {
    await passes(clientFor(provider.clients['secret-jwt-HS256']));
  });

  for (const alg of ['HS256', 'HS384', 'HS512']) {
    const jwk = { kty: 'oct', k: Buffer.from(sharedSecret).toString('base64url'), alg };
    it(`client_secret_jwt passes with an oct JWK for ${alg}, as an object and as JSON`, async () => {
      const credentials = provider.clients[`secret-jwt-${alg}`];
      for (const clientSecret of [jwk, JSON.stringify(jwk)]) {
        await passes(clientFor({ ...credentials, clientSecret }));
      }
    });
  }

  it('client_secret_jwt with an oct JWK for another alg than the registered is refused', async () => {
    const k = Buffer.from(sharedSecret).toString('base64url');
    const clientSecret = { kty: 'oct', k, alg: 'HS384' };
    const credentials = { ...provider.clients['secret-jwt-HS256'], clientSecret };
    await isInvalidClient(clientFor(credentials), [sharedSecret, k]);
  });

  for (const alg of ACCEPTED) {
    it(`private_key_jwt passes with ${alg}, the JWK as an object`, async () => {
      const { clientId } = provider.clients[`private-key-jwt-${alg}`];
      const clientSecret = jwks[alg].secret;
      const clientAuthMethod = 'private_key_jwt';
      await passes(clientFor({ clientId, clientSecret, clientAuthMethod }));
    });

    it(`private_key_jwt passes with ${alg}, the JWK as JSON in the environment`, async () => {
      const variables = {
        CLIENT_ID: `private-key-jwt-${alg}`,
        CLIENT_SECRET: JSON.stringify(jwks[alg].secret, null, 2),
        CLIENT_AUTH_METHOD: 'private_key_jwt',
      };
      await passes(withEnvironment(variables, () => clientFor({})));
    });

    it(`private_key_jwt with ${alg} is refused with a key that is not registered`, async () => {
      const { clientId } = provider.clients[`private-key-jwt-${alg}`];
      const { secret } = makeJwk(alg);
      const options = { clientId, clientSecret: secret, clientAuthMethod: 'private_key_jwt' };
      await isInvalidClient(clientFor(options), privateParts(secret));
    });
  }

  it('private_key_jwt with the key of another client is refused', async () => {
    const clientSecret = jwks.ES384.secret;
    const clientAuthMethod = 'private_key_jwt';
    const options = { clientId: 'private-key-jwt-ES256', clientSecret, clientAuthMethod };
    await isInvalidClient(clientFor(options), privateParts(clientSecret));
  });

  for (const [id, method] of [
    ['basic', 'client_secret_basic'],
    ['post', 'client_secret_post'],
    ['secret-jwt', 'client_secret_jwt'],
  ]) {
    it(`${method} with a wrong secret is refused`, async () => {
      const clientSecret = 'wrong: not the secret that was agreed upon';
      await isInvalidClient(clientFor({ ...provider.clients[id], clientSecret }), [clientSecret]);
    });
  }

  it('a secret of another client, and a client that nobody knows, are refused', async () => {
    const { post, app } = provider.clients;
    const { clientSecret } = app;
    await isInvalidClient(clientFor({ ...post, clientSecret }), [clientSecret]);
    await isInvalidClient(clientFor({ ...post, clientId: 'nobody' }), [post.clientSecret]);
  });

  it('a client that may not introspect is told that the token is inactive', async () => {
    const error = await failureOf(() =>
      clientFor(provider.clients.stranger).validateAccessToken(token),
    );
    assert.equal(error.name, 'MonoCloudTokenError');
    assert.equal(error.code, 'inactive_token');
    assert.equal(error.message, 'Token is not active');
  });

  it('is given again once a secret was changed, not remembered', async () => {
    const wrong = clientFor({ ...provider.clients.post, clientSecret: 'wrong' });
    await isInvalidClient(wrong);
    await passes(clientFor(provider.clients.post));
    await isInvalidClient(wrong);
  });

  // --- by TLS ----------------------------------------------------------------------------------

  const EC_PARAMETERS = pem('EC PARAMETERS', Buffer.from('06082a8648ce3d030107', 'hex'));
  const exported = (identity, options) =>
    identity.privateKey.export({ format: 'pem', ...options }).toString();
  const encrypted = (identity, cipher) =>
    exported(identity, { type: 'pkcs8', cipher, passphrase: 'öffne dich 🔑' });

  const keyForms = (kind, identity) => ({
    'PKCS#8': { key: exported(identity, { type: 'pkcs8' }) },
    ...(kind === 'rsa'
      ? { 'PKCS#1': { key: exported(identity, { type: 'pkcs1' }) } }
      : {
          SEC1: { key: exported(identity, { type: 'sec1' }) },
          'SEC1 after EC PARAMETERS, as the openssl command writes it': {
            key: EC_PARAMETERS + exported(identity, { type: 'sec1' }),
          },
        }),
    'encrypted PKCS#8 (AES-256)': {
      key: encrypted(identity, 'aes-256-cbc'),
      passphrase: 'öffne dich 🔑',
    },
    'encrypted PKCS#8 (AES-128)': {
      key: encrypted(identity, 'aes-128-cbc'),
      passphrase: 'öffne dich 🔑',
    },
  });

  for (const [clientId, clientAuthMethod, identities] of [
    ['tls', 'tls_client_auth', known],
    ['self-signed', 'self_signed_tls_client_auth', selfSigned],
  ]) {
    for (const kind of ['ec', 'rsa']) {
      const identity = identities[kind];
      for (const [form, tls] of Object.entries(keyForms(kind, identity))) {
        it(`${clientAuthMethod} passes with a key of kind ${kind}, ${form}`, async () => {
          const { cert } = identity;
          await passes(clientFor({ clientId, clientAuthMethod, tls: { cert, ...tls } }));
        });
      }

      it(`${clientAuthMethod} with a passphrase that is not the key's (${kind}) fails at construction`, () => {
        const { cert } = identity;
        for (const cipher of ['aes-256-cbc', 'aes-128-cbc']) {
          const key = encrypted(identity, cipher);
          const construct = (passphrase) =>
            clientFor({ clientId, clientAuthMethod, tls: { cert, key, passphrase } });
          for (const passphrase of ['wrong', 'Öffne dich 🔑', 'öffne dich 🔑 ']) {
            const error = constructionError(() => construct(passphrase));
            assert.match(error.message, /^"tls\.key" can't be decrypted: "tls\.passphrase"/);
            assertClean(error, [passphrase, key]);
          }
          const error = constructionError(() => construct(undefined));
          assert.match(error.message, /^"tls\.key" is encrypted: set "tls\.passphrase"/);
        }
      });

      it(`${clientAuthMethod} with a key (${kind}) in OpenSSL's old encrypted form says what to do`, () => {
        const { cert } = identity;
        const type = kind === 'rsa' ? 'pkcs1' : 'sec1';
        const key = exported(identity, { type, cipher: 'aes-256-cbc', passphrase: 'p' });
        const tls = { cert, key, passphrase: 'p' };
        const error = constructionError(() => clientFor({ clientId, clientAuthMethod, tls }));
        assert.match(error.message, /^"tls\.key" is encrypted in OpenSSL's old form: .*pkcs8/);
      });
    }
  }

  it('tls_client_auth sends the whole chain, so that a root vouches for it', async () => {
    const tls = { cert: underIntermediate.cert + between.cert, key: underIntermediate.key };
    const who = { clientId: 'tls', clientAuthMethod: 'tls_client_auth' };
    await passes(clientFor({ ...who, tls }));
    await isInvalidClient(clientFor({ ...who, tls: { ...tls, cert: underIntermediate.cert } }));
  });

  const day = 24 * 60 * 60 * 1000;
  const badCertificates = {
    'the certificate of another client': () =>
      createClientCert(clientCa, { san: ['DNS:other.client.test'] }),
    'an expired certificate': () =>
      createClientCert(clientCa, {
        ...san('known'),
        notBefore: new Date(Date.now() - 2 * day),
        notAfter: new Date(Date.now() - day),
      }),
    'a certificate that is not valid yet': () =>
      createClientCert(clientCa, { ...san('known'), notBefore: new Date(Date.now() + day) }),
    'a certificate of a CA that the tenant does not know': () =>
      createClientCert(createCa(), san('known')),
    'a certificate that signs itself': () => createClientCert(null, san('known')),
  };
  for (const [what, make] of Object.entries(badCertificates)) {
    it(`tls_client_auth with ${what} is refused`, async () => {
      const { cert, key } = make();
      const options = { clientId: 'tls', clientAuthMethod: 'tls_client_auth', tls: { cert, key } };
      await isInvalidClient(clientFor(options), [key]);
    });
  }

  it('self_signed_tls_client_auth with another certificate is refused', async () => {
    for (const { cert, key } of [createClientCert(), known.ec]) {
      const clientAuthMethod = 'self_signed_tls_client_auth';
      const options = { clientId: 'self-signed', clientAuthMethod, tls: { cert, key } };
      await isInvalidClient(clientFor(options), [key]);
    }
  });

  it('tls_client_auth presents the certificate of its own client, however many there are', async () => {
    const other = createClientCert(clientCa, { san: ['DNS:other.client.test'] });
    const clients = [
      ['tls', known.ec],
      ['other-tls', other],
      ['tls', known.rsa],
    ].map(([clientId, { cert, key }]) =>
      clientFor({ clientId, clientAuthMethod: 'tls_client_auth', tls: { cert, key } }),
    );
    // All at the same time, over the same process's connections.
    await Promise.all(clients.map(passes));
  });
});
