'use strict';

// RFC 9449 §4.3, points 6 and 7: a proof is signed with the key in it, which is public and strong enough.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { encode, makeKey, makePair, signatureOf } = require('../support/tokens.js');
const { claimsText, holderOf, judge, proofOf } = require('./support.js');
const { publicJwk, startHolder, thumbprintOf } = require('./support.js');

const holder = holderOf('ES256');
let issuer;
let client;
let token;

before(async () => {
  ({ issuer, client, token } = await startHolder(holder));
});
after(() => issuer?.close());

const judgeProof = (proof) => judge(client, token, proof);
const judged = (parts) => judgeProof(proofOf(holder, token, parts));

describe('jwk', () => {
  const withJwk = (jwk, own = holder) =>
    judge(client, token, proofOf(own, token, { header: { jwk } }));

  it('is there, and is an object', async () => {
    for (const jwk of [undefined, null, '', 'x', 1, true, [], [publicJwk(holder)], {}]) {
      assert.equal(await withJwk(jwk), 'dpop_proof_key', JSON.stringify(jwk));
    }
    assert.equal(await withJwk(JSON.stringify(publicJwk(holder))), 'dpop_proof_key');
  });

  it('has no private member, right or made up', async () => {
    const { privateKey } = holder.pair;
    assert.equal(await withJwk(privateKey.export({ format: 'jwk' })), 'dpop_proof_key');
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
      for (const value of ['AA', '', null]) {
        const jwk = { ...publicJwk(holder), [name]: value };
        assert.equal(await withJwk(jwk), 'dpop_proof_key', `${name} ${value}`);
      }
    }
    for (const alg of ['RS256', 'EdDSA']) {
      const own = holderOf(alg);
      const bound = issuer.boundTo(own);
      const jwk = own.pair.privateKey.export({ format: 'jwk' });
      assert.equal(
        await judge(client, bound, proofOf(own, bound, { header: { jwk } })),
        'dpop_proof_key',
      );
    }
  });

  it('is asymmetric, and no certificate', async () => {
    const pem = readFileSync(path.join(__dirname, '../fixtures/client.pem'), 'utf8');
    const x5c = [pem.replaceAll(/-----[A-Z ]+-----|\s/g, '')];
    for (const jwk of [
      { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      { kty: 'oct' },
      { x5c },
      { kty: 'EC', x5c },
      { kty: 'X509', x5c },
    ]) {
      assert.equal(await withJwk(jwk), 'dpop_proof_key');
    }
  });

  it('is of the type and curve of alg', async () => {
    for (const [alg, other] of [
      ['ES256', 'ES384'],
      ['ES256', 'ES512'],
      ['ES256', 'RS256'],
      ['ES256', 'EdDSA'],
      ['ES384', 'ES256'],
      ['RS256', 'ES256'],
      ['EdDSA', 'ES256'],
    ]) {
      const jwk = publicJwk(holderOf(other));
      assert.equal(await withJwk(jwk, holderOf(alg)), 'dpop_proof_key', `${alg} ${other}`);
    }
    const { x } = publicJwk(holderOf('EdDSA'));
    assert.equal(
      await withJwk({ kty: 'OKP', crv: 'X25519', x }, holderOf('EdDSA')),
      'dpop_proof_key',
    );
  });

  it('has 2048 bits of RSA', async () => {
    for (const modulusLength of [1024, 2040]) {
      for (const alg of ['RS256', 'PS256']) {
        const weak = makeKey('RS256', { pair: makePair('RS256', { modulusLength }) });
        const bound = issuer.boundTo(weak);
        const proof = proofOf(weak, bound, { alg, header: { alg } });
        assert.equal(
          await judge(client, bound, proof),
          'dpop_proof_key',
          `${alg} ${modulusLength}`,
        );
      }
    }
  });

  it('is a point of its curve', async () => {
    const { x, y } = publicJwk(holder);
    const off = Buffer.from(y, 'base64url');
    off[31] ^= 1;
    const zero = Buffer.alloc(32).toString('base64url');
    for (const wrong of [
      { x, y: off.toString('base64url') },
      { x: zero, y: zero },
      { x: y, y: x },
      { x, y: undefined },
      { x: undefined, y },
      { x: `${x}AA`, y },
      { x: x.slice(0, -2), y },
      { x: `${x}=`, y },
      { x, y: Buffer.alloc(32, 0xff).toString('base64url') },
    ]) {
      const verdict = await withJwk({ kty: 'EC', crv: 'P-256', ...wrong });
      // A library that verifies with the point finds that it is none only there.
      assert.ok(
        ['dpop_proof_key', 'dpop_key_mismatch', 'dpop_proof_signature'].includes(verdict),
        `${JSON.stringify(wrong)}: ${verdict}`,
      );
    }
  });

  it('off its curve, and of small order, verifies nothing even where the token is bound to it', async () => {
    const bytes = (hex) => Buffer.from(hex, 'hex').toString('base64url');
    const off = Buffer.from(publicJwk(holder).y, 'base64url');
    off[31] ^= 1;
    const small = [
      '0100000000000000000000000000000000000000000000000000000000000000',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '0000000000000000000000000000000000000000000000000000000000000080',
      '0000000000000000000000000000000000000000000000000000000000000000',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
      // Not canonical: p and p + 1.
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ];
    const keys = [
      ...small.map((hex) => ({ alg: 'EdDSA', jwk: { crv: 'Ed25519', kty: 'OKP', x: bytes(hex) } })),
      {
        alg: 'ES256',
        jwk: { ...publicJwk(holder), y: off.toString('base64url') },
      },
    ];
    for (const { alg, jwk } of keys) {
      const bound = issuer.token({ jkt: thumbprintOf({ jwk }) });
      // R = the identity or the key itself, S = 0: a signature of any message, where the order is not checked.
      const zero = Buffer.alloc(32);
      const identity = Buffer.from(small[0], 'hex');
      const own = Buffer.from(jwk.x, 'base64url');
      const signatures = [
        [identity, zero],
        [own, zero],
        [zero, zero],
      ];
      for (const halves of signatures) {
        const signature = Buffer.concat(halves).toString('base64url');
        const proof = proofOf(holderOf(alg), bound, { header: { jwk }, signature });
        const verdict = await judge(client, bound, proof);
        assert.ok(
          ['dpop_proof_key', 'dpop_proof_signature'].includes(verdict),
          `${alg}: ${verdict}`,
        );
      }
    }
  });

  it('for another purpose is refused, and for this one passes', async () => {
    const own = publicJwk(holder);
    for (const more of [
      { use: 'enc' },
      { key_ops: ['encrypt'] },
      { key_ops: [] },
      { alg: 'ES384' },
    ]) {
      assert.equal(await withJwk({ ...own, ...more }), 'dpop_proof_key', JSON.stringify(more));
    }
    for (const more of [
      { use: 'sig' },
      { key_ops: ['verify'] },
      { alg: 'ES256' },
      { kid: 'x', ext: true },
    ]) {
      assert.equal(await withJwk({ ...own, ...more }), 'passed', JSON.stringify(more));
    }
  });
});

describe('the signature', () => {
  it('is by the key in the proof, over exactly the proof', async () => {
    const [header, payload, signature] = proofOf(holder, token).split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const flipped = (at) => {
      const copy = Buffer.from(bytes);
      copy[at] ^= 1;
      return copy.toString('base64url');
    };
    const input = `${header}.${payload}`;
    for (const wrong of [
      flipped(0),
      flipped(31),
      flipped(63),
      Buffer.alloc(64).toString('base64url'),
      bytes.subarray(0, 63).toString('base64url'),
      Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url'),
      signatureOf(holderOf('ES384'), input, 'ES384').toString('base64url'),
      signatureOf(makeKey('ES256'), input).toString('base64url'),
    ]) {
      assert.equal(await judgeProof(`${input}.${wrong}`), 'dpop_proof_signature');
    }
    const other = encode(claimsText(token));
    assert.equal(await judgeProof(`${header}.${other}.${signature}`), 'dpop_proof_signature');
    assert.equal(await judgeProof(`${input}.${signature}`), 'passed');
  });

  it('of another key than the one in the proof', async () => {
    const jwk = publicJwk(holder);
    const proof = proofOf(makeKey('ES256'), token, { header: { jwk } });
    assert.equal(await judgeProof(proof), 'dpop_proof_signature');
  });

  it('of the token’s issuer is none', async () => {
    const [, , signature] = token.split('.');
    assert.equal(await judged({ signature }), 'dpop_proof_signature');
  });
});
