'use strict';

// Signatures of nothing, in the wrong form, out of range: over elliptic curves. RSA's are next door.

const crypto = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const { startTally } = require('../support/tally.js');
const { encode, makeKey, signatureOf } = require('../support/tokens.js');
const { suiteHouse } = require('./support.js');

const tally = startTally('incidents/signatures');

// Orders and primes (SEC 2 §2).
const CURVES = {
  ES256: {
    length: 32,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
  },
  ES384: {
    length: 48,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
  },
  ES512: {
    length: 66,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    p: 2n ** 521n - 1n,
  },
};

const toBytes = (number, length) =>
  Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex');
const toNumber = (bytes) => BigInt(`0x${bytes.toString('hex')}`);
const fits = (number, length) => number >= 0n && number < 2n ** BigInt(8 * length);

for (const [alg, { length, n, p }] of Object.entries(CURVES)) {
  describe(`ECDSA, ${alg}`, () => {
    const key = makeKey(alg);
    const house = suiteHouse({ before, after }, tally, { keys: [key] });
    let input;
    let good;
    before(() => {
      const token = house().sign(key);
      input = token.slice(0, token.lastIndexOf('.'));
      good = Buffer.from(token.slice(input.length + 1), 'base64url');
    });

    const pair = (r, s) => Buffer.concat([toBytes(r, length), toBytes(s, length)]);
    const refuses = (signature, note) =>
      house().refuses(`${input}.${encode(signature)}`, 'invalid_signature', { note });

    it('the genuine one passes', async () => {
      await house().accepts(`${input}.${encode(good)}`);
    });

    it('CVE-2022-21449: r and s of 0, of the order, and all around them', async () => {
      const most = 2n ** BigInt(8 * length) - 1n;
      const odd = { 0: 0n, 1: 1n, 'n - 1': n - 1n, n, 'n + 1': n + 1n, p, '2n': 2n * n, most };
      const usable = Object.entries(odd).filter(([, number]) => fits(number, length));
      const [r, s] = [good.subarray(0, length), good.subarray(length)].map(toNumber);
      for (const [nameOfR, oddR] of usable) {
        for (const [nameOfS, oddS] of usable)
          await refuses(pair(oddR, oddS), `${nameOfR} ${nameOfS}`);
        await refuses(pair(oddR, s), `r is ${nameOfR}`);
        await refuses(pair(r, oddR), `s is ${nameOfR}`);
      }
    });

    it('CVE-2022-21449: the numbers of a genuine signature, the order added to them', async () => {
      const [r, s] = [good.subarray(0, length), good.subarray(length)].map(toNumber);
      const others = { 'r + n': [r + n, s], 's + n': [r, s + n], 'both + n': [r + n, s + n] };
      for (const [note, [otherR, otherS]] of Object.entries(others)) {
        // Only P-521 has room for them at full length; elsewhere they have a byte more.
        const room = fits(otherR, length) && fits(otherS, length) ? length : length + 1;
        await refuses(Buffer.concat([toBytes(otherR, room), toBytes(otherS, room)]), note);
      }
      await refuses(pair(n - r, s), 'n - r');
      await refuses(pair(s, r), 's and r');
    });

    it('(r, n - s) signs the same bytes as (r, s): ECDSA has two signatures, and says so', async () => {
      // RFC 7518 §3.4 has no rule of the lower half: whoever tells tokens apart must not do it by
      // their signatures. Everybody who verifies ES256 accepts it.
      const [r, s] = [good.subarray(0, length), good.subarray(length)].map(toNumber);
      await house().accepts(`${input}.${encode(pair(r, n - s))}`);
    });

    it('DER in place of r and s, at its own length, padded and cut', async () => {
      for (let round = 0; round < 8; round += 1) {
        const der = crypto.sign(`sha${alg.slice(2)}`, Buffer.from(input), key.pair.privateKey);
        await refuses(der, 'DER');
        const full = Buffer.alloc(2 * length);
        der.copy(full);
        await refuses(full, 'DER, cut');
        await refuses(Buffer.concat([der, Buffer.alloc(16)]), 'DER, padded');
        await refuses(der.subarray(2), 'DER without its head');
      }
      // The smallest there is: SEQUENCE { 0, 0 }, and { 1, 1 }.
      await refuses(Buffer.from('3006020100020100', 'hex'), 'DER of 0 and 0');
      await refuses(Buffer.from('3006020101020101', 'hex'), 'DER of 1 and 1');
    });

    it('of every other length', async () => {
      const zero = Buffer.alloc(1);
      const others = {
        'nothing at all': Buffer.alloc(0),
        'one byte': Buffer.from([1]),
        'without its first byte': good.subarray(1),
        'without its last byte': good.subarray(0, -1),
        'a zero before it': Buffer.concat([zero, good]),
        'a zero after it': Buffer.concat([good, zero]),
        'a zero before each': Buffer.concat([
          zero,
          good.subarray(0, length),
          zero,
          good.subarray(length),
        ]),
        'a zero after each': Buffer.concat([
          good.subarray(0, length),
          zero,
          good.subarray(length),
          zero,
        ]),
        'r alone': good.subarray(0, length),
        's alone': good.subarray(length),
        'twice the same': Buffer.concat([good, good]),
        backwards: Buffer.from(good).reverse(),
        'as hex': Buffer.from(good.toString('hex')),
        'as base64 in base64': Buffer.from(good.toString('base64url')),
        '10 KiB after it': Buffer.concat([good, Buffer.alloc(10 * 1024)]),
      };
      for (const [note, signature] of Object.entries(others)) await refuses(signature, note);
      for (const { length: other } of Object.values(CURVES)) {
        if (other === length) continue;
        const stretched = Buffer.alloc(2 * other);
        toBytes(toNumber(good.subarray(0, Math.min(length, other))), other).copy(stretched);
        await refuses(stretched, `${2 * other} bytes`);
      }
    });

    it('of other bytes, by another key, with another hash', async () => {
      const stranger = makeKey(alg);
      await refuses(signatureOf(stranger, input), 'another key');
      await refuses(signatureOf(key, `${input} `), 'a space more');
      await refuses(signatureOf(key, input.split('.')[1]), 'the payload alone');
      for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'].filter(
        (h) => h !== `sha${alg.slice(2)}`,
      )) {
        const how = { key: key.pair.privateKey, dsaEncoding: 'ieee-p1363' };
        await refuses(crypto.sign(hash, Buffer.from(input), how), hash);
      }
    });
  });
}

describe('Ed25519', () => {
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  // y = 1, -1, 0 and those of order 8, then what a lenient reader takes for them: y over the prime,
  // and a sign for x = 0. RFC 8032 §5.1.3 has them little-endian.
  const ORDER_8 = [
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ];
  const little = (number) => Buffer.from(toBytes(number, 32)).reverse();
  const P = 2n ** 255n - 19n;
  const small = [0n, 1n, P - 1n, P, P + 1n]
    .map(little)
    .concat(ORDER_8.map((hex) => Buffer.from(hex, 'hex')))
    .flatMap((point) => {
      const negative = Buffer.from(point);
      negative[31] |= 0x80;
      return [point, negative];
    });
  const weak = small.map((point, index) =>
    makeKey('EdDSA', { kid: `small ${index}`, x: encode(point), use: undefined }),
  );
  const key = makeKey('EdDSA');
  const house = suiteHouse({ before, after }, tally, { keys: [key, ...weak] });
  let input;
  let good;
  before(() => {
    const token = house().sign(key);
    input = token.slice(0, token.lastIndexOf('.'));
    good = Buffer.from(token.slice(input.length + 1), 'base64url');
  });
  const refuses = (signature, note) =>
    house().refuses(`${input}.${encode(signature)}`, 'invalid_signature', { note });

  it('the genuine one passes', async () => {
    await house().accepts(`${input}.${encode(good)}`);
  });

  it('a key of small order is none: anybody could sign for it', async () => {
    // With such a key A, S = 0 and R = -hA is a signature, and one of these points is that R.
    for (const { jwk } of weak) {
      const forged = `${encode({ alg: 'EdDSA', kid: jwk.kid })}.${encode(house().claims())}`;
      for (const [index, point] of small.entries()) {
        const signature = encode(Buffer.concat([point, Buffer.alloc(32)]));
        const note = `${jwk.kid}, R ${index}`;
        await house().refuses(`${forged}.${signature}`, 'unknown_key', { note });
      }
    }
  });

  it('an R of small order proves nothing for a genuine key', async () => {
    for (const [index, point] of small.entries()) {
      await refuses(Buffer.concat([point, Buffer.alloc(32)]), `R ${index}, S 0`);
      await refuses(Buffer.concat([point, good.subarray(32)]), `R ${index}`);
      await refuses(Buffer.concat([point, little(L)]), `R ${index}, S is the order`);
    }
  });

  it('S over the order is no second way to write a signature', async () => {
    const S = toNumber(Buffer.from(good.subarray(32)).reverse());
    for (let times = 1n; fits(S + times * L, 32); times += 1n) {
      await refuses(
        Buffer.concat([good.subarray(0, 32), little(S + times * L)]),
        `${times} L more`,
      );
    }
    await refuses(Buffer.concat([good.subarray(0, 32), little(L - S)]), 'L - S');
    const top = Buffer.from(good);
    for (const bit of [0x20, 0x40, 0x80]) {
      top[63] = good[63] ^ bit;
      await refuses(top, `bit ${bit} of the last byte`);
    }
  });

  it('of every other length, and of nothing', async () => {
    const zero = Buffer.alloc(1);
    const others = {
      'nothing at all': Buffer.alloc(0),
      'all zero': Buffer.alloc(64),
      'all one': Buffer.alloc(64, 0xff),
      'without its first byte': good.subarray(1),
      'without its last byte': good.subarray(0, -1),
      'a zero before it': Buffer.concat([zero, good]),
      'a zero after it': Buffer.concat([good, zero]),
      'R alone': good.subarray(0, 32),
      'R twice': Buffer.concat([good.subarray(0, 32), good.subarray(0, 32)]),
      'S and R': Buffer.concat([good.subarray(32), good.subarray(0, 32)]),
      'S backwards': Buffer.concat([
        good.subarray(0, 32),
        Buffer.from(good.subarray(32)).reverse(),
      ]),
      '114 bytes, as Ed448 has': Buffer.concat([good, Buffer.alloc(50)]),
    };
    for (const [note, signature] of Object.entries(others)) await refuses(signature, note);
  });

  it('of other bytes, by another key, over their digest (Ed25519ph)', async () => {
    await refuses(signatureOf(makeKey('EdDSA'), input), 'another key');
    await refuses(signatureOf(key, `${input} `), 'a space more');
    const digest = crypto.createHash('sha512').update(input).digest();
    await refuses(signatureOf(key, digest), 'over the digest');
  });
});
