'use strict';

// RSA: keys that prove nothing, and the padding that nobody looked at.

const crypto = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const { startTally } = require('../support/tally.js');
const { encode, makeKey, makePair } = require('../support/tokens.js');
const { suiteHouse } = require('./support.js');

const tally = startTally('incidents/signatures-rsa');

const toBytes = (number, length) =>
  Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex');
const toNumber = (bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const sha = (bits, text) => crypto.createHash(`sha${bits}`).update(text).digest();

/** DigestInfo up to the hash itself (RFC 8017 §9.2, note 1). */
const DIGEST_INFO = {
  1: Buffer.from('3021300906052b0e03021a05000414', 'hex'),
  256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

/** The private operation on a message of our own making, as long as the modulus. */
const rawSign = ({ pair }, message) =>
  crypto.privateEncrypt(
    { key: pair.privateKey, padding: crypto.constants.RSA_NO_PADDING },
    message,
  );

/** The largest number whose cube is not over `number`. */
function cubeRoot(number) {
  let low = 0n;
  let high = 1n << BigInt(Math.ceil(number.toString(2).length / 3) + 1);
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** 3n <= number) low = middle;
    else high = middle;
  }
  return low;
}

/** A number whose cube ends in the lowest `bits` of an odd `number`. */
function cubeRootOfEnd(number, bits) {
  let root = 1n;
  for (let bit = 1n; bit < bits; bit += 1n) {
    // Each bit of the cube is settled by the same bit of the root, once those below it are.
    if (((root ** 3n) ^ number) & (1n << bit)) root |= 1n << bit;
  }
  return root;
}

const key = makeKey('RS256', { kid: 'key' });
const pss = { ...key, jwk: { ...key.jwk, kid: 'pss', alg: 'PS256' }, alg: 'PS256' };
// Its public exponent is all that a forger of 2006 needed.
const cubic = makeKey('RS256', { pair: makePair('RS256', { publicExponent: 3 }), kid: 'cubic' });
const LENGTH = 256;

/** EMSA-PKCS1-v1_5, with parts of it to be replaced. */
function pkcs1(
  input,
  { bits = 256, info = DIGEST_INFO[bits], hash = sha(bits, input), ...odd } = {},
) {
  const { start = [0, 1], filler = 0xff, separator = [0], after: rest = [], fill } = odd;
  const end = Buffer.concat([Buffer.from(separator), info, hash, Buffer.from(rest)]);
  const padding = Buffer.alloc(LENGTH - start.length - end.length, filler);
  fill?.(padding);
  return Buffer.concat([Buffer.from(start), padding, end]);
}

describe('RSA', () => {
  const small = (modulusLength) => makePair('RS256', { modulusLength });
  const published = (kid, members) => makeKey('RS256', { pair: key.pair, kid, ...members });
  const number = (value) => encode(Buffer.from(value));
  const modulus = Buffer.from(key.jwk.n, 'base64url');
  // Keys that can't be used, each with the reason why a signature by it would be worth nothing.
  const unusable = [
    makeKey('RS256', { pair: small(1024), kid: '1024 bits' }),
    makeKey('RS256', { pair: small(2040), kid: '2040 bits' }),
    makeKey('RS256', { pair: small(2047), kid: '2047 bits' }),
    published('1024 bits with zeros before them', {
      n: encode(Buffer.concat([Buffer.alloc(128), modulus.subarray(0, 128)])),
    }),
    published('e = 1', { e: number([1]) }),
    published('e = 1, written longer', { e: number([0, 0, 1]) }),
    published('e = 0', { e: number([0]) }),
    published('no e', { e: undefined }),
    published('an empty e', { e: '' }),
    published('e = 2', { e: number([2]) }),
    published('e = 65536', { e: number([1, 0, 0]) }),
    published('e of 33 bits', { e: number([1, 0, 0, 0, 1]) }),
    published('e as long as n', {
      e: encode(Buffer.concat([modulus.subarray(0, 255), Buffer.from([1])])),
    }),
    published('n = 0', { n: number(Buffer.alloc(256)) }),
    published('n = 1', { n: number([1]) }),
    published('n of 16384 bits', { n: encode(Buffer.alloc(2048, 0xff)) }),
    published('n of 100 KiB', { n: encode(Buffer.alloc(100 * 1024, 0xff)) }),
    published('n in the standard alphabet', { n: `+/${key.jwk.n.slice(2)}` }),
    published('n with white space', { n: ` ${key.jwk.n}` }),
    published('n as a number', { n: 7 }),
  ];
  // It counts as a key, but nothing verifies with it: the arithmetic wants an odd modulus.
  const even = published('an even n', { n: encode(toBytes(toNumber(modulus) + 1n, LENGTH)) });
  const house = suiteHouse({ before, after }, tally, {
    keys: [key, pss, cubic, even, ...unusable],
  });

  const inputOf = (kid, alg = 'RS256', more) =>
    `${encode({ alg, kid })}.${encode(house().claims(more))}`;
  const refuses = (input, signature, note) =>
    house().refuses(`${input}.${encode(signature)}`, 'invalid_signature', { note });

  it('the genuine ones pass, and so do ours', async () => {
    for (const each of [key, pss, cubic]) await house().accepts(house().sign(each));
    for (const each of [key, cubic]) {
      const input = inputOf(each.jwk.kid);
      await house().accepts(`${input}.${encode(rawSign(each, pkcs1(input)))}`);
    }
    const input = inputOf('pss', 'PS256');
    await house().accepts(`${input}.${encode(rawSign(key, emsaPss(input)))}`);
  });

  it('a key that is small, or whose exponent does nothing, is none', async () => {
    for (const each of unusable) {
      const note = each.jwk.kid;
      await house().refuses(house().sign(each), 'unknown_key', { note });
      // With an exponent of 1 a message is its own signature.
      const input = inputOf(note);
      await house().refuses(`${input}.${encode(pkcs1(input))}`, 'unknown_key', { note });
    }
    await house().refuses(house().sign(even), 'invalid_signature', { note: 'an even n' });
    for (const signature of [0, 1, 0xff].map((byte) => Buffer.alloc(LENGTH, byte))) {
      await refuses(inputOf('an even n'), signature, 'an even n');
    }
  });

  it('CVE-2006-4339: e = 3, and rubbish after the hash', async () => {
    for (const fillers of [8, 9, 16, 32]) {
      const input = inputOf('cubic');
      const head = Buffer.concat([
        Buffer.from([0, 1]),
        Buffer.alloc(fillers, 0xff),
        Buffer.from([0]),
        DIGEST_INFO[256],
        sha(256, input),
      ]);
      const target = toNumber(Buffer.concat([head, Buffer.alloc(LENGTH - head.length, 0xff)]));
      const forged = cubeRoot(target);
      const message = toBytes(forged ** 3n, LENGTH);
      // The test's own check: this is a forgery that would work on who does not look at the end.
      if (!message.subarray(0, head.length).equals(head)) throw new Error('no forgery');
      await refuses(input, toBytes(forged, LENGTH), `${fillers} bytes of padding`);
    }
  });

  it('CVE-2016-1494: e = 3, and rubbish in place of the padding', async () => {
    let done = 0;
    for (let attempt = 0; done < 4; attempt += 1) {
      const input = inputOf('cubic', 'RS256', { jti: String(attempt) });
      const end = Buffer.concat([Buffer.from([0]), DIGEST_INFO[256], sha(256, input)]);
      // Only odd numbers are cubes modulo a power of two whenever their parity says so.
      if (end[end.length - 1] % 2 === 0) continue;
      const bits = BigInt(8 * end.length);
      const target = toNumber(Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(LENGTH - 2, 0x7f)]));
      const forged = ((cubeRoot(target) >> bits) << bits) | cubeRootOfEnd(toNumber(end), bits);
      const message = toBytes(forged ** 3n, LENGTH);
      const fits =
        message.subarray(-end.length).equals(end) && message[0] === 0 && message[1] === 1;
      if (!fits) throw new Error('no forgery');
      await refuses(input, toBytes(forged, LENGTH), `attempt ${attempt}`);
      done += 1;
    }
  });

  it('CVE-2014-1568, CVE-2022-24771, CVE-2022-24772: a padding that is not exactly so', async () => {
    const info = DIGEST_INFO[256];
    const withoutNull = Buffer.from('302f300b0609608648016503040201 0420'.replace(' ', ''), 'hex');
    const longLength = Buffer.concat([Buffer.from('30820031', 'hex'), info.subarray(2)]);
    const longParameters = Buffer.from(
      '303b3017060960864801650304020104 0a0000000000000000000004 20'.replaceAll(' ', ''),
      'hex',
    );
    const zeroLength = Buffer.from('3031300d060960864801650304020105000480000000000020', 'hex');
    const odd = {
      'the block type of encryption': { start: [0, 2] },
      'block type 0': { start: [0, 0], filler: 0 },
      'block type 255': { start: [0, 0xff] },
      'a first byte of 1 is no smaller': { start: [1, 1] },
      'no padding at all': { start: [0, 1, 0], filler: 0 },
      'zeros for padding': { filler: 0 },
      'rubbish for padding': { filler: 0x5a },
      'the last byte of padding': { fill: (padding) => padding.fill(0xfe, padding.length - 1) },
      'the first byte of padding': { fill: (padding) => padding.fill(0xfe, 0, 1) },
      'a zero amid the padding': { fill: (padding) => padding.fill(0, 100, 101) },
      'no zero after the padding': { separator: [] },
      'another byte after the padding': { separator: [1] },
      'two zeros after the padding': { separator: [0, 0] },
      'rubbish after the hash': { after: crypto.randomBytes(40) },
      'one byte after the hash': { after: [0] },
      'eight bytes of padding, then rubbish': { after: Buffer.alloc(194) },
      'no parameters': { info: withoutNull },
      'lengths in the long form': { info: longLength },
      'rubbish in the parameters': { info: longParameters },
      'a length of four bytes': { info: zeroLength },
      'no DigestInfo': { info: Buffer.alloc(0) },
      'the DigestInfo of SHA-1': { info: DIGEST_INFO[1] },
      'the DigestInfo of SHA-384': { info: DIGEST_INFO[384] },
      'a SHA-1': { bits: 1 },
      'a SHA-384': { bits: 384 },
      'a SHA-512': { bits: 512 },
      'half a hash': { hash: sha(256, 'x').subarray(0, 16) },
      'no hash': { hash: Buffer.alloc(0) },
      'the hash of nothing': { hash: sha(256, '') },
    };
    for (const each of [key, cubic]) {
      for (const [note, parts] of Object.entries(odd)) {
        const input = inputOf(each.jwk.kid);
        const message = pkcs1(input, parts);
        // The modulus begins with a set bit, so that only this one may be too long for it.
        if (message[0] !== 0 && toNumber(message) >= toNumber(Buffer.from(each.jwk.n, 'base64url')))
          continue;
        await refuses(input, rawSign(each, message), `${each.jwk.kid}: ${note}`);
      }
    }
  });

  it('a signature that is no number below the modulus, or of another length', async () => {
    const n = toNumber(modulus);
    const input = inputOf('key');
    const good = rawSign(key, pkcs1(input));
    const s = toNumber(good);
    const zero = Buffer.alloc(1);
    const odd = {
      'nothing at all': Buffer.alloc(0),
      0: Buffer.alloc(LENGTH),
      1: toBytes(1n, LENGTH),
      n: modulus,
      'n - 1': toBytes(n - 1n, LENGTH),
      'n - s': toBytes(n - s, LENGTH),
      's + n, a byte longer': toBytes(s + n, LENGTH + 1),
      's + 255 n': toBytes(s + 255n * n, LENGTH + 1),
      'all ones': Buffer.alloc(LENGTH, 0xff),
      'a zero before it': Buffer.concat([zero, good]),
      'a zero after it': Buffer.concat([good, zero]),
      'without its first byte': good.subarray(1),
      'without its last byte': good.subarray(0, -1),
      'the padded message itself': pkcs1(input),
      backwards: Buffer.from(good).reverse(),
      twice: Buffer.concat([good, good]),
    };
    if (s + n < 2n ** BigInt(8 * LENGTH)) odd['s + n'] = toBytes(s + n, LENGTH);
    for (const [note, signature] of Object.entries(odd)) await refuses(input, signature, note);
    // RFC 8017 §8.2.2: as long as the modulus, also where it begins with zeros.
    for (let attempt = 0; ; attempt += 1) {
      const other = inputOf('key', 'RS256', { jti: String(attempt) });
      const signature = rawSign(key, pkcs1(other));
      if (signature[0] !== 0) continue;
      await house().accepts(`${other}.${encode(signature)}`);
      await refuses(other, signature.subarray(1), 'its leading zero left out');
      break;
    }
  });

  it('PSS: another salt, another mask, another end', async () => {
    const odd = {
      'no salt': { saltLength: 0 },
      'a salt of 20 bytes': { saltLength: 20 },
      'a salt of 31 bytes': { saltLength: 31 },
      'a salt of 33 bytes': { saltLength: 33 },
      'the longest salt': { saltLength: LENGTH - 32 - 2 },
      'a mask by SHA-1': { mask: 'sha1' },
      'a mask by SHA-512': { mask: 'sha512' },
      'another hash': { hash: 'sha384' },
      'a trailer of ISO 9796': { trailer: 0xcc },
      'a zero for trailer': { trailer: 0 },
      'no one before the salt': { one: 0 },
      'a two before the salt': { one: 2 },
      'padding that is not zero': { padding: 1 },
      'the hash of something else': { text: 'something else' },
    };
    for (const [note, parts] of Object.entries(odd)) {
      const input = inputOf('pss', 'PS256');
      await refuses(input, rawSign(key, emsaPss(parts.text ?? input, parts)), note);
      // And PKCS#1 v1.5 does not take it for its own.
      const other = inputOf('key');
      await refuses(other, rawSign(key, emsaPss(other, parts)), note);
    }
    const input = inputOf('pss', 'PS256');
    await refuses(input, rawSign(key, pkcs1(input)), 'PKCS#1 v1.5');
  });
});

/** EMSA-PSS (RFC 8017 §9.1.1) for 2048 bits, with parts of it to be replaced. */
function emsaPss(
  text,
  { hash = 'sha256', mask = hash, saltLength = 32, trailer = 0xbc, one = 1, padding = 0 } = {},
) {
  const digest = (...parts) => {
    const made = crypto.createHash(hash);
    for (const part of parts) made.update(part);
    return made.digest();
  };
  const salt = crypto.randomBytes(saltLength);
  const h = digest(Buffer.alloc(8), digest(text), salt);
  const length = LENGTH - h.length - 1;
  const block = Buffer.alloc(length);
  block[length - saltLength - 1] = one;
  // Its first bit is cut off, so what is to be seen has to be further on.
  if (padding) block[4] = padding;
  salt.copy(block, length - saltLength);
  const masked = Buffer.alloc(length);
  let made = Buffer.alloc(0);
  for (let counter = 0; made.length < length; counter += 1) {
    const count = Buffer.from([0, 0, 0, counter]);
    made = Buffer.concat([made, crypto.createHash(mask).update(h).update(count).digest()]);
  }
  for (let index = 0; index < length; index += 1) masked[index] = block[index] ^ made[index];
  masked[0] &= 0x7f;
  return Buffer.concat([masked, h, Buffer.from([trailer])]);
}
