'use strict';

// `./internal`: `getPublicSigKeyFromIssuerJwks`.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { MonoCloudTokenError } = require('@monocloud/backend-node');
const internal = require('@monocloud/backend-node/internal');
const { makePairSync } = require('../../js/testing/pairs.js');

describe('getPublicSigKeyFromIssuerJwks', () => {
  const jwk = (type, options) => makePairSync(type, options).publicKey.export({ format: 'jwk' });
  const RSA = jwk('rsa', { modulusLength: 2048 });
  const EC = Object.fromEntries(
    ['P-256', 'P-384', 'P-521'].map((namedCurve) => [namedCurve, jwk('ec', { namedCurve })]),
  );
  const get = (keys, alg, kid) => internal.getPublicSigKeyFromIssuerJwks(keys, { alg, kid });
  const refuses = (promise, reason, message = /./) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof MonoCloudTokenError);
      assert.equal(error.code, 'invalid_token');
      assert.equal(error.reason, reason);
      assert.match(error.message, message);
      return true;
    });

  it('finds the one that fits, of every family', async () => {
    const keys = [RSA, ...Object.values(EC)];
    for (const [alg, name, detail] of [
      ['RS256', 'RSASSA-PKCS1-v1_5', 'SHA-256'],
      ['RS384', 'RSASSA-PKCS1-v1_5', 'SHA-384'],
      ['PS512', 'RSA-PSS', 'SHA-512'],
      ['ES256', 'ECDSA', 'P-256'],
      ['ES384', 'ECDSA', 'P-384'],
      ['ES512', 'ECDSA', 'P-521'],
    ]) {
      const key = await get(keys, alg);
      assert.equal(key.type, 'public');
      assert.deepEqual(key.usages, ['verify']);
      assert.equal(key.algorithm.name, name);
      assert.equal(key.algorithm.hash?.name ?? key.algorithm.namedCurve, detail);
    }
  });

  it('minds kid, alg, use and key_ops, and passes over what is no key', async () => {
    const wanted = { ...RSA, kid: '2', alg: 'RS256', use: 'sig', key_ops: ['verify'] };
    const keys = [null, {}, { ...RSA, kid: '1' }, wanted];
    assert.equal((await get(keys, 'RS256', '2')).type, 'public');
    for (const other of [
      { ...wanted, kid: '3' },
      { ...wanted, alg: 'PS256' },
      { ...wanted, use: 'enc' },
      { ...wanted, key_ops: ['encrypt'] },
      { ...wanted, kty: 'EC' },
    ]) {
      await refuses(get([other], 'RS256', '2'), 'unknown_key');
    }
    await refuses(get([EC['P-256']], 'ES384'), 'unknown_key');
    await refuses(get([RSA, { ...RSA, kid: '1' }], 'RS256'), 'ambiguous_key');
    await refuses(get([], 'RS256'), 'unknown_key');
  });

  it('takes no other algorithm, no bad or small key, and no private one', async () => {
    for (const alg of ['none', 'HS256', 'EdDSA', 'rs256', '', undefined]) {
      await refuses(get([RSA], alg), 'unsupported_algorithm', /^unsupported JWS "alg" identifier$/);
    }
    await refuses(get([{ kty: 'RSA' }], 'RS256'), 'unknown_key');
    await refuses(get([jwk('rsa', { modulusLength: 1024 })], 'RS256'), 'unknown_key');
    const secret = { ...EC['P-256'], d: 'a private part' };
    await assert.rejects(get([secret], 'ES256'), {
      name: 'MonoCloudValidationError',
      message: 'A JWKS must have public keys only',
    });
  });
});
