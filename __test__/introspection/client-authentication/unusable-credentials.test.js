'use strict';

// Contract §5, client authentication: credentials that cannot work are refused at construction.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');

const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
} = require('@monocloud/backend-node');
const { createClientCert, pem } = require('../../support/certs.js');
const { assertClean } = require('../../support/introspection.js');
const { AUDIENCE, constructionError, makeJwk, privateParts } = require('./support.js');

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
  const MISPLACED = 'a secret in the wrong place';
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
    [
      'private_key_jwt',
      'a d that is a text',
      { clientSecret: { ...ec, d: MISPLACED } },
      /"d" is missing, or not base64url/,
    ],
    [
      'client_secret_jwt',
      'an alg that is a text',
      { clientSecret: { ...oct, alg: MISPLACED } },
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
      const isText = typeof clientSecret === 'string';
      const own = isText ? [clientSecret] : privateParts(clientSecret ?? {});
      const secrets = [...own, MISPLACED];
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
});
