'use strict';

// Contract §5, client authentication: the bytes of secrets and assertions as the tenant gets them.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const crypto = require('node:crypto');

const { ACCEPTED } = require('../../support/algorithms.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { sendJson, startFaultyTenant } = require('../../support/faulty-tenant.js');
const { loadJose } = require('../../support/oidc/index.js');
const { recordIntrospections } = require('../../support/introspection.js');
const { AUDIENCE, ODD_SECRET, makeJwk } = require('./support.js');

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

  for (const alg of ACCEPTED) {
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
