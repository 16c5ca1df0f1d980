'use strict';

// Algorithm confusion: who decides how a token is verified, the tenant's key or the token itself.

const crypto = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const { startTally } = require('../support/tally.js');
const { ACCEPTED } = require('../support/algorithms.js');
const { encode, makeKey, signatureOf } = require('../support/tokens.js');
const { suiteHouse } = require('./support.js');

const tally = startTally('incidents/algorithms');

const rsa = makeKey('RS256', { kid: 'rsa' });
const ec = makeKey('ES256', { kid: 'ec' });
const ed = makeKey('EdDSA', { kid: 'ed' });
const published = [rsa, ec, ed];
const openRsa = makeKey('RS256', { kid: 'open rsa', alg: undefined, use: undefined });
const openEc = makeKey('ES256', { kid: 'open ec', alg: undefined, use: undefined });
const openEd = makeKey('EdDSA', { kid: 'open ed', alg: undefined, use: undefined });
// A secret has no place in a JWKS; a tenant that publishes one anyway publishes a key for everybody.
const oct = { jwk: { kty: 'oct', kid: 'oct', alg: 'HS256', use: 'sig', k: encode('the secret') } };
const openOct = { jwk: { kty: 'oct', kid: 'open oct', k: encode('the secret') } };

/** Every way to write a word in upper and lower case. */
const casings = (word) =>
  [...word].reduce(
    (starts, letter) =>
      starts.flatMap((start) => [start + letter.toLowerCase(), start + letter.toUpperCase()]),
    [''],
  );

/** Each form of a public key that a careless verifier might take for the secret of an HMAC. */
function formsOf({ pair: { publicKey }, jwk }) {
  const spki = publicKey.export({ type: 'spki', format: 'pem' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const bare = publicKey.export({ format: 'jwk' });
  const forms = {
    PEM: spki,
    'PEM without its last line break': spki.trimEnd(),
    'PEM with CRLF': spki.replaceAll('\n', '\r\n'),
    'PEM with a leading space': ` ${spki}`,
    'PEM with a leading tab': `\t${spki}`,
    'PEM with a leading line break': `\n${spki}`,
    'PEM with leading NUL': `\0${spki}`,
    'PEM with a trailing NUL': `${spki}\0`,
    'PEM with a byte order mark': `\ufeff${spki}`,
    'the text between the lines of PEM': spki.replace(/-----[^-]+-----|\n/g, ''),
    DER: der,
    'DER with leading NUL': Buffer.concat([Buffer.alloc(1), der]),
    'DER with a leading space': Buffer.concat([Buffer.from(' '), der]),
    'DER as hex': der.toString('hex'),
    'the JWK as published': JSON.stringify(jwk),
    'the JWK alone': JSON.stringify(bare),
    'the JWK with its members sorted': JSON.stringify(bare, Object.keys(bare).sort()),
    'the JWK with a leading space': ` ${JSON.stringify(jwk)}`,
    'the JWK with leading NUL': `\0${JSON.stringify(jwk)}`,
    'the kid': jwk.kid,
    nothing: '',
  };
  for (const name of ['n', 'x', 'y']) {
    if (!jwk[name]) continue;
    forms[`${name} as published`] = jwk[name];
    forms[`the bytes of ${name}`] = Buffer.from(jwk[name], 'base64url');
  }
  if (jwk.kty === 'RSA') {
    const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'pem' });
    forms['PKCS#1 PEM'] = pkcs1;
    forms['PKCS#1 PEM with a leading space'] = ` ${pkcs1}`;
    forms['PKCS#1 DER'] = publicKey.export({ type: 'pkcs1', format: 'der' });
  }
  return forms;
}

describe('algorithm confusion', () => {
  const house = suiteHouse({ before, after }, tally, {
    keys: [...published, openRsa, openEc, openEd, oct, openOct],
  });
  const inputOf = (header) => `${encode({ typ: 'at+jwt', ...header })}.${encode(house().claims())}`;

  it('the keys are good: each signs a token that passes', async () => {
    for (const key of [...published, openRsa, openEc, openEd]) {
      await house().accepts(house().sign(key), undefined, { note: key.jwk.kid });
    }
  });

  it('CVE-2015-9235, CVE-2022-23540: alg "none" in every casing, with a signature or without', async () => {
    const names = [
      ...casings('none'),
      'none ',
      ' none',
      'none\0',
      'n\u043ene',
      'null',
      '',
      'ｎone',
    ];
    for (const alg of names) {
      for (const key of [rsa, ec]) {
        const input = inputOf({ alg, kid: key.jwk.kid });
        const note = JSON.stringify([alg, key.jwk.kid]);
        await house().refuses(`${input}.`, 'unsupported_algorithm', { note });
        const signed = `${input}.${encode(signatureOf(key, input))}`;
        await house().refuses(signed, 'unsupported_algorithm', { note });
      }
      await house().refuses(`${inputOf({ alg })}.`, 'unsupported_algorithm', { note: alg });
    }
  });

  it('CVE-2022-23540: alg that is absent, or no string, is no algorithm either', async () => {
    for (const alg of [
      undefined,
      null,
      false,
      0,
      [],
      ['none'],
      ['RS256'],
      { alg: 'RS256' },
      true,
    ]) {
      const input = inputOf({ alg, kid: 'rsa' });
      const signed = `${input}.${encode(signatureOf(rsa, input))}`;
      await house().refuses(signed, 'unsupported_algorithm', { note: JSON.stringify(alg) });
      await house().refuses(`${input}.`, 'unsupported_algorithm', { note: JSON.stringify(alg) });
    }
  });

  for (const key of published) {
    const incidents = 'CVE-2015-9235, CVE-2016-10555, CVE-2023-48223, CVE-2026-34950';
    it(`${incidents}: HS* keyed with the public ${key.jwk.kid} key in every form`, async () => {
      for (const [form, secret] of Object.entries(formsOf(key))) {
        for (const bits of [256, 384, 512]) {
          const input = inputOf({ alg: `HS${bits}`, kid: key.jwk.kid });
          const mac = crypto.createHmac(`sha${bits}`, secret).update(input).digest();
          const note = `HS${bits}, ${form}`;
          await house().refuses(`${input}.${encode(mac)}`, 'unsupported_algorithm', { note });
        }
      }
    });

    it(`CVE-2016-10555: a ${key.jwk.kid} token whose signature is an HMAC keeps its own alg`, async () => {
      for (const [form, secret] of Object.entries(formsOf(key))) {
        const input = inputOf({ alg: key.alg, kid: key.jwk.kid });
        const mac = crypto.createHmac('sha256', secret).update(input).digest();
        await house().refuses(`${input}.${encode(mac)}`, 'invalid_signature', { note: form });
      }
    });
  }

  it('CVE-2026-22818: a secret in the JWKS is no key, whatever alg the token picks', async () => {
    for (const kid of ['oct', 'open oct']) {
      for (const bits of [256, 384, 512]) {
        const input = inputOf({ alg: `HS${bits}`, kid });
        const mac = crypto.createHmac(`sha${bits}`, 'the secret').update(input).digest();
        await house().refuses(`${input}.${encode(mac)}`, 'unsupported_algorithm', { note: kid });
      }
      for (const alg of ['RS256', 'ES256', 'EdDSA']) {
        const input = inputOf({ alg, kid });
        const mac = crypto.createHmac('sha256', 'the secret').update(input).digest();
        await house().refuses(`${input}.${encode(mac)}`, 'unknown_key', { note: `${kid} ${alg}` });
      }
    }
  });

  it('CVE-2015-9235: an RS token names an EC key, and every other mix of kinds', async () => {
    for (const key of [...published, openRsa, openEc, openEd]) {
      // What this key does sign, whether the JWK says so or only its kind does.
      const own = key.jwk.alg ? [key.alg] : ACCEPTED.filter((alg) => isFor(key, alg));
      if (key.jwk.kty === 'OKP') own.push('Ed25519', 'EdDSA');
      for (const alg of ACCEPTED.filter((name) => !own.includes(name))) {
        const input = inputOf({ alg, kid: key.jwk.kid });
        const forged = `${input}.${encode(signatureOf(key, input))}`;
        await house().refuses(forged, 'unknown_key', { note: `${alg} with ${key.jwk.kid}` });
      }
    }
  });

  it('CVE-2026-22818: a JWK without alg, and a token that picks another than it was signed by', async () => {
    const names = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
    for (const signed of names) {
      for (const alg of names) {
        const input = inputOf({ alg, kid: 'open rsa' });
        const text = `${input}.${encode(signatureOf(openRsa, input, signed))}`;
        const note = `${alg} signed by ${signed}`;
        if (alg === signed) await house().accepts(text, undefined, { note });
        else await house().refuses(text, 'invalid_signature', { note });
      }
    }
    for (const alg of ['ES384', 'ES512', 'ES256K', 'HS256', 'none', 'ESP256', 'dir', 'RSA1_5']) {
      const input = inputOf({ alg, kid: 'open ec' });
      const text = `${input}.${encode(signatureOf(openEc, input))}`;
      const known = alg.startsWith('ES') && alg !== 'ES256K' && alg !== 'ESP256';
      const reason = known ? 'unknown_key' : 'unsupported_algorithm';
      await house().refuses(text, reason, { note: alg });
    }
  });

  it('CVE-2015-9235: without kid the kind of the key still decides', async () => {
    // Each kind is there more than once or for another algorithm; HS* never gets as far as that.
    for (const secret of Object.values(formsOf(rsa))) {
      const input = inputOf({ alg: 'HS256' });
      const mac = crypto.createHmac('sha256', secret).update(input).digest();
      await house().refuses(`${input}.${encode(mac)}`, 'unsupported_algorithm');
    }
    const input = inputOf({ alg: 'ES384' });
    await house().refuses(`${input}.${encode(signatureOf(ec, input))}`, 'unknown_key');
  });
});

const isFor = ({ jwk }, alg) =>
  ({ RSA: /^[RP]S/, EC: /^ES256$/, OKP: /^Ed(DSA|25519)$/ })[jwk.kty].test(alg);
