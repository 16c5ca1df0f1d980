'use strict';

// Keys of a set that can't be used, member by member (RFC 7517 §4): each is passed over, and the rest
// of the set serves.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { makeKey, makePair, sign } = require('../support/tokens.js');

const ISSUER = 'https://tenant.example';
const AUDIENCE = 'https://api.example.com';
const METADATA = { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` };

/** For an algorithm that none of the others is for. */
const other = makeKey('ES384', { kid: 'other' });
const of = {
  EC: makeKey('ES256'),
  RSA: makeKey('RS256', { pair: makePair('RS256') }),
  OKP: makeKey('EdDSA'),
};

const claims = () => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'ada',
  exp: Math.floor(Date.now() / 1000) + 600,
});

/** What a token that `key` signed comes to, with a set of these keys: nothing, or the reason. */
async function answerTo(key, header, ...keys) {
  const client = new MonoCloudBackendNodeClient({
    tenantDomain: ISSUER,
    audience: AUDIENCE,
    metadataResolver: () => METADATA,
    jwksResolver: () => ({ keys }),
  });
  try {
    await client.validateAccessToken(sign(key, { header, claims: claims() }));
    return undefined;
  } catch (error) {
    return error.reason ?? error;
  }
}

/** The same with a key that can't be used: alone, and beside one that can. */
async function assertPassedOver(key, jwk, what, header) {
  assert.equal(await answerTo(key, header, jwk), 'unknown_key', what);
  assert.equal(await answerTo(key, header, jwk, other.jwk), 'unknown_key', what);
  assert.equal(await answerTo(other, undefined, jwk, other.jwk), undefined, what);
  assert.equal(await answerTo(other, undefined, other.jwk, jwk), undefined, what);
}

const MEMBERS = {
  EC: ['kty', 'crv', 'x', 'y', 'kid', 'use', 'alg'],
  RSA: ['kty', 'n', 'e', 'kid', 'use', 'alg'],
  OKP: ['kty', 'crv', 'x', 'kid', 'use', 'alg'],
};

describe('a key', () => {
  for (const [type, members] of Object.entries(MEMBERS)) {
    const key = of[type];
    for (const member of members) {
      it(`of type ${type} whose ${member} is no string is passed over`, async () => {
        assert.equal(await answerTo(key, undefined, key.jwk), undefined);
        for (const value of [1, true, {}, [], [key.jwk[member]]]) {
          const jwk = { ...key.jwk, [member]: value };
          const what = JSON.stringify(value);
          // With the name that it would have, and without, where it would be the only one.
          await assertPassedOver(key, jwk, what);
          await assertPassedOver(key, jwk, what, { kid: undefined });
        }
      });
    }

    it(`of type ${type} without a name serves tokens without one`, async () => {
      const { kid: _, ...nameless } = key.jwk;
      assert.equal(await answerTo(key, { kid: undefined }, nameless), undefined);
      assert.equal(await answerTo(key, { kid: 'one' }, nameless), 'unknown_key');
    });

    it(`of type ${type} for no algorithm that is accepted is passed over`, async () => {
      for (const alg of ['none', 'HS256', 'RSA-OAEP', 'ECDH-ES', 'ES256K', 'x', '']) {
        await assertPassedOver(key, { ...key.jwk, alg }, alg);
      }
    });

    it(`of type ${type} for another type's algorithm is passed over`, async () => {
      for (const foreign of Object.keys(of).filter((each) => each !== type)) {
        await assertPassedOver(key, { ...key.jwk, alg: of[foreign].jwk.alg }, foreign);
      }
    });

    it(`of type ${type} for anything but signatures is passed over`, async () => {
      for (const more of [
        { use: 'enc' },
        { use: 'Sig' },
        { use: '' },
        { key_ops: [] },
        { key_ops: ['sign'] },
        { key_ops: ['Verify', 'encrypt'] },
        { key_ops: 'verify' },
        { key_ops: ['verify', 1] },
        { key_ops: {} },
      ]) {
        await assertPassedOver(key, { ...key.jwk, ...more }, JSON.stringify(more));
      }
      const both = { ...key.jwk, key_ops: ['sign', 'verify'] };
      assert.equal(await answerTo(key, undefined, both), undefined);
    });
  }

  it('with an exponent of four bytes is used, with one of five is not', async () => {
    const pair = makePair('RS256', { publicExponent: 0xc0000001 });
    const key = makeKey('RS256', { pair });
    const bytes = Buffer.from(key.jwk.e, 'base64url');
    assert.equal(bytes.length, 4);
    assert.equal(await answerTo(key, undefined, key.jwk), undefined);
    // Zeros before it make it no longer.
    const zeros = Buffer.concat([Buffer.alloc(3), bytes]).toString('base64url');
    assert.equal(await answerTo(key, undefined, { ...key.jwk, e: zeros }), undefined);
    for (const e of [[1, 0, 0, 0, 1], [1], [2], [0], [0xc0, 0, 0, 0]]) {
      const jwk = { ...key.jwk, e: Buffer.from(e).toString('base64url') };
      await assertPassedOver(key, jwk, String(e));
    }
  });

  it('by the name and for the algorithm of another one makes both of no use', async () => {
    for (const key of Object.values(of)) {
      const twin = makeKey(key.alg, { kid: key.jwk.kid });
      for (const keys of [
        [key.jwk, twin.jwk],
        [twin.jwk, key.jwk],
      ]) {
        assert.equal(await answerTo(key, undefined, ...keys), 'ambiguous_key');
        assert.equal(await answerTo(twin, undefined, ...keys), 'ambiguous_key');
      }
      // One key that is listed twice is one.
      assert.equal(await answerTo(key, undefined, key.jwk, { ...key.jwk }), undefined);
    }
    const { RSA: key } = of;
    const sameModulus = { ...key.jwk, e: 'Aw' };
    for (const keys of [
      [key.jwk, sameModulus],
      [sameModulus, key.jwk],
    ]) {
      assert.equal(await answerTo(key, undefined, ...keys), 'ambiguous_key');
    }
  });
});
