'use strict';

// Contract §4.2, §4.3: the key and the signature.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
// A key of this size takes seconds to make.
const RSA_4096 = require('../../fixtures/rsa-4096.json');
const { ACCEPTED, ALGORITHMS } = require('../../support/algorithms.js');
const { startFaultyTenant } = require('../../support/faulty-tenant.js');
const {
  at,
  encode,
  makeKey,
  makePair,
  republish,
  setOf,
  sharedPair,
  sign,
  signatureOf,
} = require('../../support/tokens.js');
const { makePairSync } = require('../../../js/testing/pairs.js');
const {
  AUDIENCE,
  CLAIMS,
  NOW,
  ed,
  key,
  refuses,
  rsa,
  validate,
  withHeader,
} = require('./support.js');

describe('§4.2 the key', () => {
  const other = makeKey('ES256', { kid: 'two' });
  const nameless = republish(key, { kid: undefined });

  it('is the one with the token’s kid', async () => {
    const keys = setOf(other, key);
    await validate(sign(key, { claims: CLAIMS }), { keys });
    await validate(sign(other, { claims: CLAIMS }), { keys });
    const swapped = sign(key, { header: { kid: 'two' }, claims: CLAIMS });
    await refuses(validate(swapped, { keys }), 'invalid_signature');
  });

  it('kids are compared as they are: no case, no white space, no number', async () => {
    for (const kid of ['ONE', 'one ', '', 'onè', '__proto__', 'constructor', '\u0000one']) {
      await refuses(validate(withHeader({ kid })), 'unknown_key', kid);
    }
    for (const kid of [1, null, {}, ['one'], true]) {
      await refuses(validate(withHeader({ kid })), 'unknown_key', JSON.stringify(kid));
    }
    const odd = republish(key, { kid: '__proto__' });
    await validate(sign(odd, { claims: CLAIMS }), { keys: setOf(odd) });
  });

  it('without kid it is the only one that could have signed the token', async () => {
    const token = withHeader({ kid: undefined });
    await validate(token);
    await validate(token, { keys: setOf(rsa, ed, key) });
    await validate(token, { keys: setOf(nameless) });
    await refuses(validate(token, { keys: setOf(key, other) }), 'ambiguous_key');
    await refuses(validate(token, { keys: setOf(rsa, ed) }), 'unknown_key');
  });

  it('a kid names no key that has none', async () => {
    const token = sign(key, { header: { kid: 'one' }, claims: CLAIMS });
    await refuses(validate(token, { keys: setOf(nameless) }), 'unknown_key');
  });

  it('exactly one: two different keys of one kid are none', async () => {
    const keys = setOf(key, republish(other, { kid: 'one' }));
    await refuses(validate(sign(key, { claims: CLAIMS }), { keys }), 'ambiguous_key');
  });

  it('a key that is listed twice is still one', async () => {
    await validate(sign(key, { claims: CLAIMS }), { keys: setOf(key, key) });
    const perAlgorithm = ['RS256', 'PS256'].map((alg) => republish(rsa, { alg }));
    for (const alg of ['RS256', 'PS256']) {
      const token = sign(rsa, { alg, claims: CLAIMS });
      await validate(token, { keys: setOf(...perAlgorithm) });
    }
  });

  it('one kid for keys of two types serves both', async () => {
    const keys = setOf(key, rsa, ed);
    for (const signer of [key, rsa, ed]) await validate(sign(signer, { claims: CLAIMS }), { keys });
  });

  it('a key with alg signs nothing else, one without signs all of its type', async () => {
    for (const alg of ['RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
      const token = sign(rsa, { alg, claims: CLAIMS });
      await refuses(validate(token, { keys: setOf(rsa) }), 'unknown_key', alg);
      await validate(token, { keys: setOf(republish(rsa, { alg: undefined })) });
    }
  });

  it('Ed25519 has two names, in the key and in the token', async () => {
    for (const alg of ['EdDSA', 'Ed25519', undefined]) {
      const keys = setOf(republish(ed, { alg }));
      for (const name of ['EdDSA', 'Ed25519']) {
        await validate(sign(ed, { alg: name, claims: CLAIMS }), { keys });
      }
    }
  });

  it('EdDSA with another curve than Ed25519 is not served', async () => {
    const ed448 = makeKey('Ed448', { alg: undefined });
    const token = sign(ed448, { header: { alg: 'EdDSA' }, claims: CLAIMS });
    await refuses(validate(token, { keys: setOf(ed448) }), 'unknown_key');
    const x25519 = makePairSync('x25519').publicKey.export({ format: 'jwk' });
    const keys = { keys: [{ ...x25519, kid: 'one' }] };
    await refuses(validate(sign(ed, { claims: CLAIMS }), { keys }), 'unknown_key');
  });

  it('a curve belongs to its alg', async () => {
    const p384 = makeKey('ES384', { alg: undefined });
    const p521 = makeKey('ES512', { alg: undefined });
    for (const [signer, header] of [
      [p384, 'ES256'],
      [p521, 'ES256'],
      [p384, 'ES512'],
      [p521, 'ES384'],
    ]) {
      const token = sign(signer, { header: { alg: header }, claims: CLAIMS });
      await refuses(validate(token, { keys: setOf(signer) }), 'unknown_key', header);
    }
    const k1 = makeKey('ES256K', { alg: undefined });
    const token = sign(k1, { header: { alg: 'ES256' }, claims: CLAIMS });
    await refuses(validate(token, { keys: setOf(k1) }), 'unknown_key', 'secp256k1');
  });

  const smallRsa = makeKey('RS256', { pair: makePair('RS256', { modulusLength: 1024 }) });
  const almost = makeKey('RS256', { pair: makePair('RS256', { modulusLength: 2040 }) });
  const unusable = {
    'for encryption': republish(key, { use: 'enc' }),
    'of an unknown use': republish(key, { use: 'SIG' }),
    'whose use is no text': republish(key, { use: ['sig'] }),
    'whose key_ops lack verify': republish(key, { key_ops: ['sign'] }),
    'whose key_ops are empty': republish(key, { key_ops: [] }),
    'whose key_ops are no list': republish(key, { key_ops: 'verify' }),
    'for another alg': republish(key, { alg: 'ES384' }),
    'for an alg that is none': republish(key, { alg: 'HS256' }),
    'whose alg is no text': republish(key, { alg: 256 }),
    'of another curve than it says': republish(key, { crv: 'P-384' }),
    'of an unknown curve': republish(key, { crv: 'P-257' }),
    'without curve': republish(key, { crv: undefined }),
    'of an unknown type': republish(key, { kty: 'AKP' }),
    'whose type has another case': republish(key, { kty: 'ec' }),
    'without type': republish(key, { kty: undefined }),
    'off its curve': republish(key, { y: encode(Buffer.alloc(32, 1)) }),
    'at infinity': republish(key, { x: encode(Buffer.alloc(32)), y: encode(Buffer.alloc(32)) }),
    'with a short coordinate': republish(key, { x: key.jwk.x.slice(0, -4) }),
    'with padding': republish(key, { x: `${key.jwk.x}=` }),
    'without y': republish(key, { y: undefined }),
    'RSA of 1024 bits': smallRsa,
    'RSA of 2040 bits': almost,
    'RSA with an exponent of 1': republish(rsa, { e: encode(Buffer.from([1])) }),
    'RSA with an even exponent': republish(rsa, { e: encode(Buffer.from([1, 0, 0])) }),
    'RSA without modulus': republish(rsa, { n: undefined }),
    'RSA whose modulus is no base64url': republish(rsa, { n: `${rsa.jwk.n.slice(0, -2)}+/` }),
    'Ed25519 of 31 bytes': republish(ed, { x: encode(Buffer.alloc(31, 1)) }),
    'that is null': { ...key, jwk: null },
    'that is a list': { ...key, jwk: [] },
  };

  for (const [name, bad] of Object.entries(unusable)) {
    it(`a key ${name} is skipped, and the rest of the set still serves`, async () => {
      const signer = { ...bad, jwk: { kid: 'one' } };
      const token = sign(signer, { claims: CLAIMS });
      const keys = { keys: [bad.jwk] };
      await refuses(validate(token, { keys }), 'unknown_key');
      const good = makeKey(signer.alg, { pair: sharedPair(signer.alg) });
      const mixed = { keys: [bad.jwk, good.jwk, bad.jwk] };
      await validate(sign(good, { claims: CLAIMS }), { keys: mixed });
    });
  }

  it('a member of a key named twice spoils that key only', async () => {
    await withIssuerText(
      `{"keys":[${JSON.stringify(key.jwk).replace('{', '{"kid":"two",')},${JSON.stringify(rsa.jwk)}]}`,
      async (using, issuer) => {
        const claims = { ...CLAIMS, iss: issuer };
        await at(NOW, async () => {
          await using.validateJwtAccessToken(sign(rsa, { claims }));
          await refuses(using.validateJwtAccessToken(sign(key, { claims })), 'unknown_key');
        });
      },
    );
  });

  it('RSA of 2048 bits and of 4096, with an exponent of 3 and of 65537', async () => {
    const privateKey = crypto.createPrivateKey({ key: RSA_4096, format: 'jwk' });
    const large = { privateKey, publicKey: crypto.createPublicKey(privateKey) };
    for (const pair of [large, makePair('RS256', { publicExponent: 3 }), makePair('RS256')]) {
      const signer = makeKey('RS256', { pair });
      await validate(sign(signer, { claims: CLAIMS }), { keys: setOf(signer) });
    }
  });

  it('a coordinate may lack its leading zeros, as with Authlib, or have one too many', async () => {
    const octets = ({ jwk }) => Buffer.from(jwk.x, 'base64url');
    let signer;
    do signer = makeKey('ES512');
    while (octets(signer)[0] !== 0);
    const full = octets(signer);
    const short = full.subarray(full.findIndex((octet) => octet !== 0));
    const token = sign(signer, { claims: CLAIMS });
    for (const x of [full, short, Buffer.concat([Buffer.alloc(1), full])].map(encode)) {
      // The same key twice is one.
      const keys = setOf(republish(signer, { x }), signer);
      await validate(token, { keys: setOf(republish(signer, { x })) });
      await validate(token, { keys });
    }
    for (const x of [Buffer.alloc(0), full.subarray(0, -1), Buffer.concat([full, full])]) {
      const keys = setOf(republish(signer, { x: encode(x) }));
      await refuses(validate(token, { keys }), 'unknown_key');
    }
  });

  it('use and key_ops that allow it, and members that nobody knows, do no harm', async () => {
    for (const members of [
      { use: undefined },
      { key_ops: ['verify'] },
      { key_ops: ['sign', 'verify'] },
      { ext: true, nbf: 'later', x5c: ['AAAA'], x5t: 1, extra: { deep: [1] } },
    ]) {
      await validate(sign(key, { claims: CLAIMS }), { keys: setOf(republish(key, members)) });
    }
  });

  it('an empty set knows no key', async () => {
    await refuses(validate(sign(key, { claims: CLAIMS }), { keys: { keys: [] } }), 'unknown_key');
  });
});

async function withIssuerText(jwks, work) {
  const issuer = await startFaultyTenant();
  // A document that JSON.stringify would not write.
  issuer.jwks = { toJSON: () => ({}) };
  const using = new MonoCloudBackendNodeClient({
    tenantDomain: issuer.origin,
    audience: AUDIENCE,
    fetcher: (url) =>
      url.endsWith('/jwks') ? { status: 200, text: async () => jwks } : fetch(url),
  });
  try {
    await work(using, issuer.origin);
  } finally {
    await issuer.close();
  }
}

describe('§4.3 the signature', () => {
  const token = sign(key, { claims: CLAIMS });
  const [header, payload, signature] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');

  it('is over the exact bytes received', async () => {
    const spaced = sign(key, {
      header: ' {"kid" : "one",\n"alg":"ES256"} ',
      claims: ` ${JSON.stringify(CLAIMS, null, 2)}\n`,
    });
    assert.deepEqual(await validate(spaced), CLAIMS);
    const changed = encode({ ...CLAIMS, sub: 'eve' });
    await refuses(validate(`${header}.${changed}.${signature}`), 'invalid_signature');
    const reordered = encode('{"kid":"one","alg":"ES256","typ":"at+jwt"}');
    await refuses(validate(`${reordered}.${payload}.${signature}`), 'invalid_signature');
  });

  it('no bit of it may differ', async () => {
    for (const index of [0, 31, 32, 63]) {
      const flipped = Buffer.from(bytes);
      flipped[index] ^= 1;
      await refuses(validate(`${header}.${payload}.${encode(flipped)}`), 'invalid_signature');
    }
  });

  it('missing, short, long, DER or zero, it does not verify', async () => {
    const der = crypto.sign('sha256', Buffer.from(`${header}.${payload}`), key.pair.privateKey);
    const others = {
      empty: '',
      short: encode(bytes.subarray(0, 63)),
      long: encode(Buffer.concat([bytes, Buffer.alloc(1)])),
      der: encode(der),
      zero: encode(Buffer.alloc(64)),
      'padding bytes': `${signature}==`,
      'white space': `${signature}\n`,
      'the standard alphabet': `${signature.slice(0, -2)}+/`,
      'bits left over':
        signature.slice(0, -1) + (signature.endsWith('A') ? 'B' : nextOf(signature)),
    };
    for (const [name, odd] of Object.entries(others)) {
      await refuses(validate(`${header}.${payload}.${odd}`), 'invalid_signature', name);
    }
  });

  for (const alg of ACCEPTED) {
    it(`of another key, or of another algorithm than ${alg}, it does not verify`, async () => {
      const signer = makeKey(alg, { pair: sharedPair(alg) });
      const keys = setOf(republish(signer, { alg: undefined }));
      const stranger = makeKey(alg, { pair: sharedPair(alg, 'stranger') });
      await refuses(validate(sign(stranger, { claims: CLAIMS }), { keys }), 'invalid_signature');
      const sameType = ACCEPTED.filter(
        (name) => ALGORITHMS[name].type === 'rsa' && ALGORITHMS[alg].type === 'rsa' && name !== alg,
      );
      for (const name of sameType) {
        const input = `${encode({ alg, kid: 'one' })}.${encode(CLAIMS)}`;
        const forged = `${input}.${encode(signatureOf(signer, input, name))}`;
        await refuses(validate(forged, { keys }), 'invalid_signature', `${name} for ${alg}`);
      }
    });
  }

  it('PSS with a salt of another length than the digest does not verify', async () => {
    const signer = republish(rsa, { alg: 'PS256' });
    const input = `${encode({ alg: 'PS256', kid: 'one' })}.${encode(CLAIMS)}`;
    const salted = crypto.sign('sha256', Buffer.from(input), {
      key: rsa.pair.privateKey,
      padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 0,
    });
    const keys = setOf(signer);
    await refuses(validate(`${input}.${encode(salted)}`, { keys }), 'invalid_signature');
  });
});

/** The next base64url letter, which differs in its lowest bits only. */
function nextOf(part) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(part.at(-1)) + 1];
}
