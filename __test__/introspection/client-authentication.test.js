'use strict';

// Contract §5, client authentication: how this API proves to the tenant who it is. What
// oidc-provider can do is done against it, a process of its own; what it lacks (SPIFFE) or does not
// tell (the details of an assertion) against a server on loopback that checks what it is sent.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');

const { createCa, createClientCert, createServerCert, pem } = require('../support/certs.js');
const { makePairSync } = require('../../js/testing/pairs.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { loadJose, startOidcProvider } = require('../support/oidc/index.js');
const {
  assertClean,
  failureOf,
  recordIntrospections,
  withEnvironment,
} = require('../support/introspection.js');

const AUDIENCE = 'https://api.example.com';
const KEY_KINDS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  RS384: ['rsa', { modulusLength: 2048 }],
  RS512: ['rsa', { modulusLength: 3072 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  PS384: ['rsa', { modulusLength: 2048 }],
  PS512: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519', {}],
  Ed25519: ['ed25519', {}],
};

/** A private JWK and its public half, each with `alg` and `kid`. */
function makeJwk(alg, kid = `key-${alg}`) {
  const { privateKey, publicKey } = makePairSync(...KEY_KINDS[alg]);
  const named = (key) => ({ ...key.export({ format: 'jwk' }), kid, alg });
  return { secret: named(privateKey), published: { ...named(publicKey), use: 'sig' } };
}

/** Everything of a private JWK that nobody may see. */
const privateParts = ({ d, p, q, dp, dq, qi, k }) =>
  [d, p, q, dp, dq, qi, k].filter((part) => part !== undefined);

// With what looks like an escape, and all that a form or a Basic pair would take for its own.
const ODD_SECRET = 'p%41ss:w+rd &=?#"\\/;,~*!%zz%%2B++ \'`^|<>{}[]()@$_-.';
const FOREIGN_SECRETS = [
  'pässwörd-ÄÖÜß',
  '秘密のパスワード',
  '🔑🔐-👩‍👩‍👧',
  'ein %F6 + ein ö : ein 🔑',
  '\u00a0 \t\n\r\u0000',
  ' leading and trailing ',
  '+',
  '%',
  ':',
];

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
  const jwks = Object.fromEntries(Object.keys(KEY_KINDS).map((alg) => [alg, makeJwk(alg)]));
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

  for (const alg of Object.keys(KEY_KINDS)) {
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

function constructionError(construct) {
  try {
    construct();
  } catch (error) {
    assert.ok(error instanceof MonoCloudValidationError, error.stack);
    return error;
  }
  return assert.fail('it was constructed');
}

describe('client authentication as it goes over the wire', () => {
  let tenant;

  before(async () => {
    tenant = await startFaultyTenant();
  });
  after(() => tenant?.close());

  const clientFor = (more) => new MonoCloudBackendNodeClient(tenant.options(more));

  /** What one introspection by such a client sends. */
  async function sentBy(options) {
    const seen = recordIntrospections(tenant);
    const client = clientFor(options);
    await client.validateAccessToken('opaque');
    assert.equal(seen.length, 1);
    return { ...seen[0], client, seen };
  }

  const form = (text) => new URLSearchParams({ '': text }).toString().slice(1);

  for (const clientSecret of [ODD_SECRET, ...FOREIGN_SECRETS]) {
    const shown = JSON.stringify(clientSecret);
    it(`client_secret_basic form-encodes id and secret first: ${shown}`, async () => {
      for (const clientId of ['api', 'äpi:%+ 🔑']) {
        const { headers, form: members } = await sentBy({
          clientId,
          clientSecret,
          clientAuthMethod: 'client_secret_basic',
        });
        const [scheme, pair, ...rest] = headers.authorization.split(' ');
        assert.equal(scheme, 'Basic');
        assert.deepEqual(rest, []);
        const text = Buffer.from(pair, 'base64').toString();
        // As a server reads it: up to the first colon, then each half out of the form encoding.
        const [id, secret, ...more] = text
          .split(':')
          .map((half) => new URLSearchParams(`=${half}`).get(''));
        assert.deepEqual([id, secret, more], [clientId, clientSecret, []]);
        assert.equal(text, `${form(clientId)}:${form(clientSecret)}`);
        assert.deepEqual(members, { token: 'opaque', token_type_hint: 'access_token' });
      }
    });

    it(`client_secret_post sends id and secret in the form: ${shown}`, async () => {
      for (const clientId of ['api', 'äpi:%+ 🔑']) {
        const { headers, form: members } = await sentBy({
          clientId,
          clientSecret,
          clientAuthMethod: 'client_secret_post',
        });
        assert.equal(headers.authorization, undefined);
        assert.deepEqual(members, {
          token: 'opaque',
          token_type_hint: 'access_token',
          client_id: clientId,
          client_secret: clientSecret,
        });
      }
    });
  }

  const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

  /** Verifies an assertion of RFC 7523 in every detail; returns its `jti`. */
  async function checkAssertion({ headers, form: members }, { key, alg, kid, clientId, times }) {
    const jose = await loadJose();
    assert.equal(headers.authorization, undefined);
    const { client_assertion: assertion, ...others } = members;
    assert.deepEqual(others, {
      token: 'opaque',
      token_type_hint: 'access_token',
      client_id: clientId,
      client_assertion_type: JWT_BEARER,
    });
    const { payload, protectedHeader } = await jose.jwtVerify(assertion, key, {
      algorithms: [alg],
    });
    const expected = kid === undefined ? { alg, typ: 'JWT' } : { alg, typ: 'JWT', kid };
    assert.deepEqual(protectedHeader, expected);
    const { jti, iat, nbf, exp, ...names } = payload;
    assert.deepEqual(names, { iss: clientId, sub: clientId, aud: tenant.issuer });
    assert.equal(typeof jti, 'string');
    assert.ok(Buffer.from(jti, 'base64url').length >= 16, 'a jti that nobody guesses');
    assert.ok(Number.isInteger(iat));
    assert.ok(iat >= times.from && iat <= times.to, `iat ${iat}`);
    assert.equal(nbf, iat);
    assert.equal(exp, iat + 60);
    return jti;
  }

  /** The same client twice: what it sends is right, and never the same. */
  async function assertionsOf(options, expected) {
    const from = Math.floor(Date.now() / 1000);
    const { client, seen } = await sentBy(options);
    await client.validateAccessToken('opaque');
    const times = { from, to: Math.floor(Date.now() / 1000) };
    assert.equal(seen.length, 2);
    const jtis = [];
    for (const entry of seen) {
      jtis.push(await checkAssertion(entry, { ...expected, clientId: options.clientId, times }));
    }
    assert.notEqual(jtis[0], jtis[1]);
  }

  for (const alg of Object.keys(KEY_KINDS)) {
    it(`private_key_jwt makes a fresh assertion of one minute with ${alg}`, async () => {
      const jose = await loadJose();
      const { secret, published } = makeJwk(alg, 'the key: 1');
      const options = { clientId: 'äpi "1"', clientAuthMethod: 'private_key_jwt' };
      const key = await jose.importJWK(published, alg);
      for (const clientSecret of [secret, JSON.stringify(secret)]) {
        await assertionsOf({ ...options, clientSecret }, { key, alg, kid: 'the key: 1' });
      }
    });
  }

  for (const [alg, implied] of [
    ['PS256', 'RS256'],
    ['ES256', 'ES256'],
    ['ES384', 'ES384'],
    ['ES512', 'ES512'],
    ['Ed25519', 'EdDSA'],
  ]) {
    it(`private_key_jwt takes ${implied} where a JWK of its kind names neither alg nor kid`, async () => {
      const jose = await loadJose();
      const { secret, published } = makeJwk(alg);
      const { alg: _, kid: __, ...clientSecret } = secret;
      const options = { clientId: 'api', clientSecret, clientAuthMethod: 'private_key_jwt' };
      await assertionsOf(options, { key: await jose.importJWK(published, implied), alg: implied });
    });
  }

  it('client_secret_jwt signs with HS256 over the bytes of the secret', async () => {
    for (const clientSecret of ['a secret of 32 bytes and of more', '🔑 schlüssel '.repeat(4)]) {
      const key = new TextEncoder().encode(clientSecret);
      const options = { clientId: 'api', clientSecret, clientAuthMethod: 'client_secret_jwt' };
      await assertionsOf(options, { key, alg: 'HS256' });
    }
  });

  for (const alg of ['HS256', 'HS384', 'HS512', undefined]) {
    it(`client_secret_jwt signs with the ${alg} of its oct JWK`, async () => {
      const bytes = crypto.randomBytes(64);
      const jwk = { kty: 'oct', k: bytes.toString('base64url'), kid: 'shared', alg };
      const options = { clientId: 'api', clientAuthMethod: 'client_secret_jwt' };
      for (const clientSecret of [jwk, JSON.stringify(jwk)]) {
        const expected = { key: new Uint8Array(bytes), alg: alg ?? 'HS256', kid: 'shared' };
        await assertionsOf({ ...options, clientSecret }, expected);
      }
    });
  }

  it('the assertion is for the issuer to the byte, a path and all', async (t) => {
    const jose = await loadJose();
    const behind = await startFaultyTenant();
    t.after(() => behind.close());
    const issuer = `${behind.origin}/tenants/one`;
    const documents = (_request, response) => sendJson(response, { ...behind.metadata(), issuer });
    behind.on('other', documents);
    const seen = recordIntrospections(behind, undefined, { iss: issuer });
    const { secret } = makeJwk('ES256');
    const client = new MonoCloudBackendNodeClient({
      tenantDomain: `${issuer}/`,
      audience: AUDIENCE,
      clientId: 'api',
      clientSecret: secret,
      clientAuthMethod: 'private_key_jwt',
    });
    await client.validateAccessToken('opaque');
    const { aud } = jose.decodeJwt(seen[0].form.client_assertion);
    assert.equal(aud, issuer);
  });
});

describe('SPIFFE client authentication', () => {
  const id = 'spiffe://example.org/api';
  const bundle = createCa({ name: 'example.org' });
  const serverCa = createCa();
  const svid = createClientCert(bundle, { san: [`URI:${id}`] });

  it('spiffe_jwt sends the SVID that it was given, as an assertion of its own type', async (t) => {
    const jose = await loadJose();
    const trust = makeJwk('ES256', 'example.org');
    const key = await jose.importJWK(trust.published, 'ES256');
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    const refuse = (response) => sendJson(response, { error: 'invalid_client' }, 401);
    const seen = recordIntrospections(tenant, async (response, { form, headers }) => {
      const { client_assertion: assertion, client_assertion_type: type, client_id: who } = form;
      try {
        assert.equal(headers.authorization, undefined);
        assert.equal(type, 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe');
        const { payload } = await jose.jwtVerify(assertion, key, { audience: tenant.issuer });
        assert.equal(payload.sub, id);
        assert.equal(who, id);
      } catch {
        return refuse(response);
      }
      return sendJson(response, { active: true, ...tenant.claims() });
    });

    const sign = (secret) =>
      jose
        .importJWK(secret, 'ES256')
        .then((signer) =>
          new jose.SignJWT({})
            .setProtectedHeader({ alg: 'ES256', kid: 'example.org' })
            .setSubject(id)
            .setAudience(tenant.issuer)
            .setExpirationTime('60s')
            .sign(signer),
        );
    const clientFor = (clientSecret) =>
      new MonoCloudBackendNodeClient(
        tenant.options({ clientId: id, clientSecret, clientAuthMethod: 'spiffe_jwt' }),
      );

    const good = await sign(trust.secret);
    assert.equal((await clientFor(good).validateAccessToken('opaque')).sub, 'user');
    assert.equal(seen[0].form.client_assertion, good, 'to the byte');
    assert.deepEqual(Object.keys(seen[0].form).sort(), [
      'client_assertion',
      'client_assertion_type',
      'client_id',
      'token',
      'token_type_hint',
    ]);

    const forged = await sign(makeJwk('ES256', 'example.org').secret);
    const error = await failureOf(() => clientFor(forged).validateAccessToken('opaque'));
    assert.ok(error instanceof MonoCloudOPError, error.stack);
    assert.equal(error.error, 'invalid_client');
    assertClean(error, [forged, 'opaque']);
  });

  it('spiffe_x509 presents its SVID at the alias, and names only its id', async (t) => {
    const mtls = {
      ...createServerCert(serverCa),
      ca: bundle.cert,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const tenant = await startFaultyTenant({ tls: createServerCert(serverCa) });
    const alias = await startFaultyTenant({ tls: mtls });
    t.after(() => Promise.all([tenant.close(), alias.close()]));
    tenant.on('discovery', (_request, response) =>
      sendJson(response, {
        ...tenant.metadata(),
        mtls_endpoint_aliases: { introspection_endpoint: `${alias.origin}/introspect` },
      }),
    );
    const seen = recordIntrospections(alias, (response, { form }, request) => {
      const { subjectaltname: names } = request.socket.getPeerCertificate();
      const known = names.split(', ').includes(`URI:${form.client_id}`);
      if (known) sendJson(response, { active: true, ...tenant.claims() });
      else sendJson(response, { error: 'invalid_client' }, 401);
    });
    const clientFor = ({ cert, key }) =>
      new MonoCloudBackendNodeClient(
        tenant.options({
          clientId: id,
          clientAuthMethod: 'spiffe_x509',
          tls: { cert, key, ca: serverCa.cert },
        }),
      );

    assert.equal((await clientFor(svid).validateAccessToken('opaque')).sub, 'user');
    assert.equal(seen[0].certificate, svid.der.toString('base64'));
    assert.equal(seen[0].headers.authorization, undefined);
    assert.deepEqual(seen[0].form, {
      token: 'opaque',
      token_type_hint: 'access_token',
      client_id: id,
    });

    const other = createClientCert(bundle, { san: ['URI:spiffe://example.org/other'] });
    const refused = await failureOf(() => clientFor(other).validateAccessToken('opaque'));
    assert.ok(refused instanceof MonoCloudOPError, refused.stack);
    assert.equal(refused.error, 'invalid_client');

    // This server ends the handshake instead of answering.
    const day = 24 * 60 * 60 * 1000;
    const expired = createClientCert(bundle, {
      san: [`URI:${id}`],
      notBefore: new Date(Date.now() - 2 * day),
      notAfter: new Date(Date.now() - day),
    });
    const stranger = createClientCert(createCa(), { san: [`URI:${id}`] });
    for (const identity of [expired, stranger]) {
      const before = alias.sockets.length;
      const error = await failureOf(() => clientFor(identity).validateAccessToken('opaque'));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.match(error.reason, /^(tls_failed|connection_lost)$/);
      assert.equal(error.status, undefined);
      assert.equal(alias.sockets.length, before + 1, 'it is not tried again');
      assertClean(error, [identity.key, 'opaque']);
    }
    assert.equal(seen.length, 2);
    assert.equal(tenant.requests.introspection, 0);
  });
});

describe('credentials that can not work', () => {
  const good = { tenantDomain: 'https://tenant.example', audience: AUDIENCE, clientId: 'api' };
  const { secret: rsa } = makeJwk('RS256');
  const { secret: ec, published: ecPublic } = makeJwk('ES256');
  const { secret: ed } = makeJwk('EdDSA');
  const oct = { kty: 'oct', k: Buffer.from('a shared secret').toString('base64url') };
  const identity = createClientCert();
  const another = createClientCert();
  const without = (jwk, ...names) =>
    Object.fromEntries(Object.entries(jwk).filter(([name]) => !names.includes(name)));

  const SECRET = /^"clientSecret" /;
  const cases = [
    ...['client_secret_basic', 'client_secret_post', 'spiffe_jwt'].flatMap((method) => [
      [method, 'a JWK', { clientSecret: rsa }, SECRET],
      [method, 'a JWK as JSON', { clientSecret: JSON.stringify(oct) }, SECRET],
    ]),
    ['private_key_jwt', 'a string', { clientSecret: 'a shared secret' }, SECRET],
    ['private_key_jwt', 'a PEM', { clientSecret: identity.key }, SECRET],
    ['private_key_jwt', 'an oct JWK', { clientSecret: oct }, /"kty" must be RSA, EC or OKP/],
    ['private_key_jwt', 'a public JWK', { clientSecret: ecPublic }, /"d" is missing/],
    [
      'private_key_jwt',
      'half an RSA JWK',
      { clientSecret: without(rsa, 'p', 'q', 'dp', 'dq', 'qi') },
      /"p" is missing/,
    ],
    [
      'private_key_jwt',
      'an RSA JWK with an alg for EC',
      { clientSecret: { ...rsa, alg: 'ES256' } },
      /"alg" does not go with an RSA key/,
    ],
    [
      'private_key_jwt',
      'an EC JWK with an alg for RSA',
      { clientSecret: { ...ec, alg: 'RS256' } },
      /"alg" does not go with its curve/,
    ],
    [
      'private_key_jwt',
      'an EC JWK with the alg of another curve',
      { clientSecret: { ...ec, alg: 'ES384' } },
      /"alg" does not go with its curve/,
    ],
    [
      'private_key_jwt',
      'an Ed25519 JWK with an alg for RSA',
      { clientSecret: { ...ed, alg: 'PS256' } },
      /"alg" does not go with an Ed25519 key/,
    ],
    [
      'private_key_jwt',
      'an alg of none',
      { clientSecret: { ...rsa, alg: 'none' } },
      /"alg" does not go/,
    ],
    [
      'private_key_jwt',
      'an alg of HS256',
      { clientSecret: { ...rsa, alg: 'HS256' } },
      /"alg" does not go/,
    ],
    [
      'private_key_jwt',
      'a curve that nobody has',
      { clientSecret: { ...ec, crv: 'P-257' } },
      /"crv" must be P-256, P-384 or P-521/,
    ],
    [
      'private_key_jwt',
      'secp256k1',
      { clientSecret: { ...ec, crv: 'secp256k1' } },
      /"crv" must be/,
    ],
    [
      'private_key_jwt',
      'a kty that nobody has',
      { clientSecret: { ...ec, kty: 'DSA' } },
      /"kty" must be RSA, EC or OKP/,
    ],
    [
      'private_key_jwt',
      'numbers that are no key',
      { clientSecret: { ...ec, d: ec.x } },
      /its numbers are no valid private key/,
    ],
    [
      'private_key_jwt',
      'a number of bytes that is none',
      { clientSecret: { ...ec, d: 'AA' } },
      /its numbers are no valid private key/,
    ],
    [
      'private_key_jwt',
      'a d that is no base64url',
      { clientSecret: { ...ec, d: '+/=' } },
      /"d" is missing, or not base64url/,
    ],
    [
      'private_key_jwt',
      'a kid that is no string',
      { clientSecret: { ...ec, kid: 1 } },
      /"kid" must be a string/,
    ],
    ['client_secret_jwt', 'a private JWK', { clientSecret: ec }, /"kty" must be "oct"/],
    [
      'client_secret_jwt',
      'an oct JWK without k',
      { clientSecret: { kty: 'oct' } },
      /"k" is missing/,
    ],
    [
      'client_secret_jwt',
      'an oct JWK for RSA',
      { clientSecret: { ...oct, alg: 'RS256' } },
      /"alg" must be HS256, HS384 or HS512/,
    ],
    [
      'client_secret_jwt',
      'an oct JWK for a cipher',
      { clientSecret: { ...oct, alg: 'A256GCM' } },
      /"alg" must be HS256/,
    ],
    ...['tls_client_auth', 'self_signed_tls_client_auth', 'spiffe_x509'].flatMap((method) => [
      [method, 'no certificate', {}, /^"tls\.cert" is required with clientAuthMethod/],
      [method, 'roots only', { tls: { ca: identity.cert } }, /^"tls\.cert" is required/],
      [method, 'a secret instead', { clientSecret: 'x' }, /^"tls\.cert" is required/],
      [
        method,
        'a certificate without its key',
        { tls: { cert: identity.cert } },
        /^"tls\.key" is required with "tls\.cert"/,
      ],
      [
        method,
        'a key without its certificate',
        { tls: { key: identity.key } },
        /^"tls\.cert" is required with "tls\.key"/,
      ],
      [
        method,
        'a key of another certificate',
        { tls: { cert: identity.cert, key: another.key } },
        /^"tls\.key" must be the private key of "tls\.cert"/,
      ],
      [
        method,
        'a key that is a certificate',
        { tls: { cert: identity.cert, key: identity.cert } },
        /^"tls\.key" must be a private key in PEM/,
      ],
      [
        method,
        'a certificate that is a key',
        { tls: { cert: identity.key, key: identity.key } },
        /^"tls\.cert" must be certificates in PEM/,
      ],
      [
        method,
        'rubbish for both',
        { tls: { cert: 'x', key: 'y' } },
        /^"tls\.cert" must be certificates in PEM/,
      ],
      [
        method,
        'a certificate of rubbish in PEM',
        { tls: { cert: pem('CERTIFICATE', Buffer.from('rubbish')), key: identity.key } },
        /^"tls\./,
      ],
      [
        method,
        'roots of rubbish',
        { tls: { ca: 'x', cert: identity.cert, key: identity.key } },
        /^"tls\.ca" must be certificates in PEM/,
      ],
    ]),
  ];

  for (const [clientAuthMethod, what, more, message] of cases) {
    it(`${clientAuthMethod} with ${what} fails at construction, naming what is missing`, () => {
      const options = { ...good, clientAuthMethod, ...more };
      const error = constructionError(() => new MonoCloudBackendNodeClient(options));
      assert.match(error.message, message);
      if (message === SECRET) assert.match(error.message, /MONOCLOUD_BACKEND_CLIENT_SECRET/);
      const { clientSecret } = more;
      const secrets = typeof clientSecret === 'object' ? privateParts(clientSecret) : [];
      // A secret of a letter or two is in every sentence.
      assertClean(
        error,
        secrets.filter((part) => part.length > 4),
      );
    });

    it(`${clientAuthMethod} with ${what} fails in the other class as well`, () => {
      const { tenantDomain, audience, ...others } = good;
      const options = { ...others, clientAuthMethod, ...more };
      const error = constructionError(
        () => new MonoCloudOidcBackendClient(tenantDomain, audience, options),
      );
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /MONOCLOUD_BACKEND/, 'it reads no environment');
    });
  }

  it('a JWK that can sign is not asked for a method that needs none, and no clientId is fine', () => {
    const { clientId: _, ...nobody } = good;
    assert.ok(new MonoCloudBackendNodeClient({ ...nobody, clientAuthMethod: 'private_key_jwt' }));
  });

  it('a method that does not exist is refused, naming those that do', () => {
    const options = { ...good, clientAuthMethod: 'none' };
    const error = constructionError(() => new MonoCloudBackendNodeClient(options));
    for (const method of [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'spiffe_jwt',
      'spiffe_x509',
    ]) {
      assert.ok(error.message.includes(method), error.message);
    }
  });
});
