'use strict';

// Contract §4: a JWT access token, rule by rule in their order. Tokens are signed by hand, so that
// each is wrong in exactly one way.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const {
  ALGORITHMS,
  at,
  encode,
  makeKey,
  makePair,
  republish,
  setOf,
  sign,
  signatureOf,
  startIssuer,
} = require('../support/tokens.js');
const { makePairSync } = require('../../js/testing/pairs.js');

const ISSUER = 'https://tenant.example';
const AUDIENCE = 'https://api.example.com';
const NOW = 1_800_000_000;
const CLAIMS = { iss: ISSUER, sub: 'ada', aud: AUDIENCE, exp: NOW + 60 };

const ACCEPTED = Object.keys(ALGORITHMS).filter((alg) => alg !== 'ES256K' && alg !== 'Ed448');

const client = new MonoCloudBackendNodeClient({ tenantDomain: ISSUER, audience: AUDIENCE });
const key = makeKey('ES256');
const rsa = makeKey('RS256');
const ed = makeKey('EdDSA');

const clientWith = (options) =>
  new MonoCloudBackendNodeClient({ tenantDomain: ISSUER, audience: AUDIENCE, ...options });

/** Validates at `NOW`, with the keys handed in. */
const validate = (token, { keys = setOf(key), using = client, now = NOW, ...route } = {}) =>
  at(now, () => using.validateJwtAccessToken(token, { jwks: keys, ...route }));

const withHeader = (header) => sign(key, { header, claims: CLAIMS });
const withClaims = (claims) => sign(key, { claims: { ...CLAIMS, ...claims } });

/** What a refusal looks like from outside: message and, where it is not `invalid_token`, code. */
const REFUSALS = {
  malformed_token: ['JWT access token must have a header, payload and signature'],
  token_too_large: ['Access token is longer than maxTokenBytes allows'],
  malformed_header: ['Failed to parse JWT Header'],
  header_not_object: ['JWT Header must be a top level object', 'invalid_token', 'malformed_header'],
  unsupported_critical_header: ['Unexpected JWT "crit" header parameter'],
  unsupported_algorithm: ['Unsupported JWT signing algorithm'],
  unexpected_token_type: ['Invalid token type'],
  unknown_key: ['No matching signing key found in the JWKS'],
  ambiguous_key: ['More than one signing key in the JWKS matches the token'],
  invalid_signature: ['JWT signature verification failed'],
  malformed_payload: ['Failed to parse JWT Payload'],
  payload_not_object: [
    'JWT Payload must be a top level object',
    'invalid_token',
    'malformed_payload',
  ],
  issuer_mismatch: ['Invalid Issuer'],
  invalid_subject: ['Invalid subject'],
  audience_mismatch: ['Invalid audience claim'],
  missing_expiration: ['Missing "exp" (expiration time) claim'],
  invalid_expiration: ['Unexpected "exp" (expiration time) claim type'],
  expired: ['Token has expired'],
  invalid_not_before: ['Unexpected "nbf" (not before) claim type'],
  not_yet_valid: ['Token is not valid yet'],
  missing_scopes: ['Token is missing required scopes', 'insufficient_scope'],
  missing_groups: ['Token is missing required groups', 'insufficient_groups'],
  certificate_missing: ['Client certificate is not present'],
};

async function refuses(work, word, note) {
  const [message, code = 'invalid_token', reason = word] = REFUSALS[word];
  await assert.rejects(
    work,
    (error) => {
      assert.ok(error instanceof MonoCloudTokenError, `${note}: ${error.stack}`);
      assert.deepEqual(
        { name: error.name, code: error.code, reason: error.reason, message: error.message },
        { name: 'MonoCloudTokenError', code, reason, message },
        note,
      );
      return true;
    },
    note,
  );
}

describe('§4 which tokens are JWTs', () => {
  it('exactly three parts between dots are a JWT, whatever is in them', async () => {
    for (const token of ['a.b.c', '..', '. .', 'a..']) {
      await refuses(client.validateAccessToken(token), 'malformed_header', token);
    }
  });

  it('anything else is opaque, and nobody asks about it without clientId', async () => {
    for (const token of ['a', 'a.b', 'a.b.c.d', 'a.b.c.d.e', '.', '...']) {
      await assert.rejects(client.validateAccessToken(token), (error) => {
        assert.ok(error instanceof MonoCloudValidationError);
        assert.match(error.message, /^clientId is required/);
        return true;
      });
    }
  });

  it('validateJwtAccessToken refuses what does not have three parts', async () => {
    for (const token of ['a', 'a.b', 'a.b.c.d', 'a.b.c.d.e', '.', '...']) {
      await refuses(validate(token), 'malformed_token', token);
    }
  });

  it('what is no text, or blank, is an argument and no token', async () => {
    const bad = [undefined, null, '', ' ', '\t\n', 7, 7n, true, {}, [], ['a.b.c'], Symbol('a')];
    for (const token of [...bad, Object('a.b.c'), () => 'a.b.c', Buffer.from('a.b.c')]) {
      for (const method of ['validateAccessToken', 'validateJwtAccessToken']) {
        await assert.rejects(client[method](token), (error) => {
          assert.ok(error instanceof MonoCloudValidationError, error.stack);
          assert.equal(error.message, 'Access token must be a valid non-empty string');
          return true;
        });
      }
    }
  });

  it('a token of a megabyte, with NUL, surrogates or emoji is refused and nothing worse', async () => {
    await refuses(validate('a'.repeat(2 ** 20)), 'token_too_large', '1 MiB');
    await refuses(validate(`${'a'.repeat(2 ** 20)}.b.c`), 'token_too_large', '1 MiB in parts');
    const valid = sign(key, { claims: CLAIMS });
    for (const odd of ['\0', '\ud800', '\udfff', '😀', '\u00e9', '\ufeff', '\u2028']) {
      await refuses(validate(`${odd}${valid}`), 'malformed_header', JSON.stringify(odd));
      await refuses(validate(`${valid}${odd}`), 'invalid_signature', JSON.stringify(odd));
      await refuses(validate(`${odd}.${odd}.${odd}`), 'malformed_header', JSON.stringify(odd));
    }
  });

  it('a token of maxTokenBytes is looked at, one byte more is not', async () => {
    const token = withClaims({ padding: 'x'.repeat(300) });
    await validate(token, { using: clientWith({ maxTokenBytes: token.length }) });
    const using = clientWith({ maxTokenBytes: token.length - 1 });
    await refuses(validate(token, { using }), 'token_too_large');
  });
});

describe('§4.1 the header', () => {
  it('a good one passes, and the claims come back as they were signed', async () => {
    assert.deepEqual(await validate(sign(key, { claims: CLAIMS })), CLAIMS);
  });

  it('base64url without padding, without white space, and spelled in one way only', async () => {
    const spoils = {
      padding: (part) => `${part}${'='.repeat((4 - (part.length % 4)) % 4 || 4)}`,
      'white space at the end': (part) => `${part} `,
      'white space in it': (part) => `${part.slice(0, 4)}\n${part.slice(4)}`,
      'the standard alphabet': (part) => `${part.slice(0, 4)}+/${part.slice(6)}`,
      'a length that no bytes have': (part) => `${part}${'A'.repeat((5 - (part.length % 4)) % 4)}`,
      'bits left over': () => {
        const part = encode('{"alg":"ES256","kid":"one"} ');
        assert.equal(part.length % 4, 2);
        return `${part.slice(0, -1)}${part.endsWith('A') ? 'B' : 'h'}`;
      },
      'nothing at all': () => '',
    };
    for (const [name, spoil] of Object.entries(spoils)) {
      const token = sign(key, {
        claims: CLAIMS,
        spoil: ({ header }) => ({ header: spoil(header) }),
      });
      await refuses(validate(token), 'malformed_header', name);
    }
  });

  it('UTF-8 and JSON', async () => {
    const bad = [
      Buffer.from([0x7b, 0xff, 0x7d]),
      Buffer.from('{"alg":"ES256","x":"\xff"}', 'latin1'),
      Buffer.from('\ufeff{"alg":"ES256","kid":"one"}'),
      '{"alg":"ES256","kid":"one"',
      '{"alg":"ES256","kid":"one"}x',
      "{'alg':'ES256'}",
      '{"alg":"ES256",}',
      'ES256',
    ];
    for (const header of bad) {
      await refuses(validate(withHeader(header)), 'malformed_header', String(header));
    }
  });

  it('a top level object', async () => {
    for (const header of ['[]', 'null', 'true', '1', '"ES256"', '[{"alg":"ES256"}]']) {
      await refuses(validate(withHeader(header)), 'header_not_object', header);
    }
  });

  it('depth costs nothing', async () => {
    const deep = `{"alg":"ES256","kid":"one","x":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    await validate(withHeader(deep));
    await refuses(validate(withHeader('['.repeat(10_000))), 'malformed_header');
  });

  it('no member named twice, however it is spelled and wherever it matters', async () => {
    for (const header of [
      '{"alg":"ES256","kid":"one","alg":"ES256"}',
      '{"alg":"ES256","kid":"one","\\u0061lg":"none"}',
      '{"alg":"ES256","kid":"one","kid":"one"}',
      '{"alg":"ES256","kid":"one","x":1,"x":1}',
    ]) {
      await refuses(validate(withHeader(header)), 'malformed_header', header);
    }
  });

  it('no crit, whatever is in it', async () => {
    for (const crit of [['exp'], [], null, 'b64', false, ['b64']]) {
      const token = withHeader({ crit, b64: true });
      await refuses(validate(token), 'unsupported_critical_header', JSON.stringify(crit));
    }
  });

  for (const alg of ACCEPTED) {
    it(`alg ${alg} is accepted`, async () => {
      const signer = makeKey(alg);
      assert.deepEqual(
        await validate(sign(signer, { claims: CLAIMS }), { keys: setOf(signer) }),
        CLAIMS,
      );
    });
  }

  it('none, in any spelling, with a signature or without, never passes', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      for (const signature of ['', undefined]) {
        const token = sign(key, { header: { alg }, alg: 'ES256', claims: CLAIMS, signature });
        await refuses(validate(token), 'unsupported_algorithm', alg);
      }
    }
  });

  it('HS* never passes, not even with the public key as the secret', async () => {
    const pem = rsa.pair.publicKey.export({ type: 'spki', format: 'pem' });
    for (const bits of [256, 384, 512]) {
      const input = `${encode({ alg: `HS${bits}`, kid: 'one' })}.${encode(CLAIMS)}`;
      for (const secret of [pem, JSON.stringify(rsa.jwk), Buffer.from(rsa.jwk.n, 'base64url')]) {
        const mac = crypto.createHmac(`sha${bits}`, secret).update(input).digest();
        const token = `${input}.${encode(mac)}`;
        await refuses(validate(token, { keys: setOf(rsa) }), 'unsupported_algorithm');
      }
      const oct = { kty: 'oct', kid: 'one', alg: `HS${bits}`, k: encode('secret') };
      const mac = crypto.createHmac(`sha${bits}`, 'secret').update(input).digest();
      const keys = { keys: [oct] };
      await refuses(validate(`${input}.${encode(mac)}`, { keys }), 'unsupported_algorithm');
    }
  });

  it('an alg that is missing, of another type, case or kind never passes', async () => {
    const others = ['es256', 'Es256', 'ES256 ', ' ES256', 'ES256K', 'Ed448', 'ESP256', 'RSA-OAEP'];
    for (const alg of [undefined, null, 1, ['ES256'], { alg: 'ES256' }, true, 'dir', ...others]) {
      const token = sign(key, { header: { alg }, alg: 'ES256', claims: CLAIMS });
      await refuses(validate(token), 'unsupported_algorithm', JSON.stringify(alg));
    }
  });

  it('typ absent, JWT, at+jwt and application/at+jwt in any case', async () => {
    for (const typ of [
      undefined,
      'JWT',
      'jwt',
      'Jwt',
      'at+jwt',
      'AT+JWT',
      'At+Jwt',
      'application/at+jwt',
      'Application/AT+jwt',
    ]) {
      assert.deepEqual(await validate(withHeader({ typ })), CLAIMS, String(typ));
    }
  });

  it('another explicit typ is some other kind of token', async () => {
    const others = ['id+jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', 'JOSE', 'at+jwt ', ' JWT'];
    for (const typ of [...others, 'application/jwt;x', 'ıd', '', null, 1, ['at+jwt'], {}, true]) {
      await refuses(validate(withHeader({ typ })), 'unexpected_token_type', JSON.stringify(typ));
    }
  });

  it('jwk, jku, x5u and x5c are ignored', async () => {
    const own = makeKey('ES256');
    const pointers = {
      jwk: own.jwk,
      jku: 'http://127.0.0.1:9/jwks',
      x5u: 'http://127.0.0.1:9/x5u',
      x5c: ['AAAA'],
      x5t: 'AAAA',
    };
    assert.deepEqual(await validate(withHeader(pointers)), CLAIMS);
    const forged = sign(own, { header: pointers, claims: CLAIMS });
    await refuses(validate(forged), 'invalid_signature');
    const unknown = sign(own, { header: { ...pointers, kid: 'two' }, claims: CLAIMS });
    await refuses(validate(unknown), 'unknown_key');
  });
});

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
      const good = makeKey(signer.alg);
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
    for (const options of [{ modulusLength: 4096 }, { publicExponent: 3 }, {}]) {
      const signer = makeKey('RS256', { pair: makePair('RS256', options) });
      await validate(sign(signer, { claims: CLAIMS }), { keys: setOf(signer) });
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
  const issuer = await startIssuer();
  // A document that JSON.stringify would not write.
  issuer.jwks = { toJSON: () => ({}) };
  const using = new MonoCloudBackendNodeClient({
    tenantDomain: issuer.url,
    audience: AUDIENCE,
    fetcher: (url) =>
      url.endsWith('/jwks') ? { status: 200, text: async () => jwks } : fetch(url),
  });
  try {
    await work(using, issuer.url);
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
      const signer = makeKey(alg);
      const keys = setOf(republish(signer, { alg: undefined }));
      const stranger = makeKey(alg);
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

describe('§4.4 the payload', () => {
  const signed = (claims, spoil) => validate(sign(key, { claims, spoil }));

  it('base64url, UTF-8 and JSON', async () => {
    const text = JSON.stringify(CLAIMS);
    for (const claims of [
      Buffer.from(`{"sub":"\xff",${text.slice(1)}`, 'latin1'),
      `\ufeff${text}`,
      `${text}x`,
      text.slice(0, -1),
      '',
      'undefined',
      'NaN',
    ]) {
      await refuses(signed(claims), 'malformed_payload', String(claims));
    }
    for (const spoil of [(part) => `${part}=`, (part) => ` ${part}`, (part) => `+/${part}`]) {
      const odd = ({ payload }) => ({ payload: spoil(payload) });
      await refuses(signed(CLAIMS, odd), 'malformed_payload');
    }
  });

  it('a top level object', async () => {
    for (const claims of ['[]', 'null', 'true', '1', '"x"', `[${JSON.stringify(CLAIMS)}]`]) {
      await refuses(signed(claims), 'payload_not_object', claims);
    }
  });

  const doubled = (more) => JSON.stringify(CLAIMS).replace(/}$/, `,${more}}`);

  it('no member named twice at its top level', async () => {
    for (const more of [
      '"iss":"https://tenant.example"',
      '"aud":"https://api.example.com"',
      '"\\u0065xp":9999999999',
      '"x":1,"x":1',
      '"__proto__":1,"__proto__":1',
    ]) {
      await refuses(signed(doubled(more)), 'malformed_payload', more);
    }
    const many = Array.from({ length: 60 }, (_, n) => `"m${n}":0`).join(',');
    await signed(doubled(many));
    await refuses(signed(doubled(`${many},"m7":0`)), 'malformed_payload');
  });

  it('no member named twice in cnf', async () => {
    const twice = '"cnf":{"x5t#S256":"a","x5t#S256":"b"}';
    await refuses(signed(doubled(twice)), 'malformed_payload');
    await refuses(
      validate(sign(key, { claims: doubled(twice) }), { validateCertificateBinding: false }),
      'malformed_payload',
    );
  });

  it('deeper down a second member means what JavaScript says it means', async () => {
    const claims = await signed(doubled('"x":{"a":1,"a":2}'));
    assert.deepEqual(claims.x, { a: 2 });
  });

  it('what was checked is what the caller gets: numbers, text and names as JavaScript reads them', async () => {
    const more =
      '"big":12345678901234567890,"huge":1e400,"neg":-0,"text":"\\u00e9\\ud83d\\ude00","":"empty",' +
      '"__proto__":{"polluted":true},"constructor":"c","deep":[[[{}]]],"null":null';
    const claims = await signed(doubled(more));
    assert.deepEqual(claims, JSON.parse(doubled(more)));
    assert.ok(Object.hasOwn(claims, '__proto__'));
    assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    assert.equal({}.polluted, undefined);
  });

  it('depth does no harm', async () => {
    const deep = doubled(`"x":${'['.repeat(4000)}${']'.repeat(4000)}`);
    await signed(deep);
  });
});

describe('§4.5 issuer, subject, audience and times', () => {
  it('iss is the tenant domain, byte for byte', async () => {
    for (const iss of [
      undefined,
      null,
      1,
      [ISSUER],
      { toString: ISSUER },
      '',
      `${ISSUER}/`,
      ISSUER.toUpperCase(),
      ISSUER.replace('https', 'http'),
      `${ISSUER}:443`,
      `${ISSUER} `,
      'https://tenant.example.evil.com',
      'tenant.example',
    ]) {
      await refuses(validate(withClaims({ iss })), 'issuer_mismatch', JSON.stringify(iss));
    }
  });

  it('of the tenant domain one trailing slash is dropped, of iss none', async () => {
    const using = clientWith({ tenantDomain: `${ISSUER}/` });
    await validate(withClaims({}), { using });
    await refuses(validate(withClaims({ iss: `${ISSUER}/` }), { using }), 'issuer_mismatch');
  });

  it('sub may be absent, and is text where it is present', async () => {
    for (const sub of [undefined, '', 'ada', 'é😀']) await validate(withClaims({ sub }));
    for (const sub of [null, 1, [], ['ada'], {}, true]) {
      await refuses(validate(withClaims({ sub })), 'invalid_subject', JSON.stringify(sub));
    }
  });

  it('aud is the audience, or a list with it', async () => {
    for (const aud of [
      AUDIENCE,
      [AUDIENCE],
      ['https://other.example', AUDIENCE],
      [1, null, AUDIENCE],
      [AUDIENCE, AUDIENCE],
    ]) {
      await validate(withClaims({ aud }));
    }
  });

  it('anything else is for somebody else', async () => {
    for (const aud of [
      undefined,
      null,
      '',
      1,
      {},
      { 0: AUDIENCE },
      [],
      [[AUDIENCE]],
      `${AUDIENCE}/`,
      [`${AUDIENCE}/`],
      AUDIENCE.toUpperCase(),
      AUDIENCE.replace('https', 'http'),
      `${AUDIENCE} https://other.example`,
      'api.example.com',
    ]) {
      await refuses(validate(withClaims({ aud })), 'audience_mismatch', JSON.stringify(aud));
    }
  });

  it('an audience with a trailing slash is another audience', async () => {
    const using = clientWith({ audience: `${AUDIENCE}/` });
    await validate(withClaims({ aud: `${AUDIENCE}/` }), { using });
    await refuses(validate(withClaims({}), { using }), 'audience_mismatch');
  });

  it('exp is required', async () => {
    await refuses(validate(withClaims({ exp: undefined })), 'missing_expiration');
  });

  it('exp is a number', async () => {
    for (const exp of [null, String(NOW + 60), true, [NOW + 60], {}, '']) {
      await refuses(validate(withClaims({ exp })), 'invalid_expiration', JSON.stringify(exp));
    }
  });

  const clocks = [
    { options: {}, limit: -300 },
    { options: { clockTolerance: 0 }, limit: 0 },
    { options: { clockTolerance: 60 }, limit: -60 },
    { options: { clockSkew: 30 }, limit: -270 },
    { options: { clockSkew: 30, clockTolerance: 0 }, limit: 30 },
    { options: { clockSkew: 30, clockTolerance: 30 }, limit: 0 },
    { options: { clockSkew: 0.5, clockTolerance: 0 }, limit: 0.5 },
  ];

  for (const { options, limit } of clocks) {
    it(`exp > now + skew − tolerance with ${JSON.stringify(options)}: one second either side`, async () => {
      const using = clientWith(options);
      const exp = (offset) => validate(withClaims({ exp: NOW + limit + offset }), { using });
      await refuses(exp(-1), 'expired');
      await refuses(exp(0), 'expired');
      await exp(0.25);
      await exp(1);
    });
  }

  it('exp far away, negative or fractional is still a number', async () => {
    await validate(withClaims({ exp: Number.MAX_SAFE_INTEGER }));
    await validate(
      sign(key, { claims: JSON.stringify(CLAIMS).replace(/"exp":\d+/, '"exp":1e300') }),
    );
    await refuses(validate(withClaims({ exp: -1 })), 'expired');
    await refuses(validate(withClaims({ exp: 0 })), 'expired');
  });

  it('nbf is a number where it is present', async () => {
    for (const nbf of [null, String(NOW), true, [NOW], {}, '']) {
      await refuses(validate(withClaims({ nbf })), 'invalid_not_before', JSON.stringify(nbf));
    }
  });

  for (const { options, limit } of [
    { options: {}, limit: 300 },
    { options: { clockTolerance: 0 }, limit: 0 },
    { options: { clockTolerance: 60 }, limit: 60 },
    { options: { clockSkew: 30 }, limit: 330 },
    { options: { clockSkew: 30, clockTolerance: 0 }, limit: 30 },
  ]) {
    it(`nbf ≤ now + skew + tolerance with ${JSON.stringify(options)}: one second either side`, async () => {
      const using = clientWith(options);
      const claims = (offset) => withClaims({ exp: NOW + 9999, nbf: NOW + limit + offset });
      await validate(claims(-1), { using });
      await validate(claims(0), { using });
      await refuses(validate(claims(0.25), { using }), 'not_yet_valid');
      await refuses(validate(claims(1), { using }), 'not_yet_valid');
    });
  }

  it('iat is not checked', async () => {
    for (const iat of [NOW + 99_999, 'yesterday', null]) await validate(withClaims({ iat }));
  });
});

describe('§4.6 scopes and groups', () => {
  const scoped = (scope, scopes) => validate(withClaims({ scope }), { scopes });

  it('every required scope is in the space-delimited scope', async () => {
    await scoped('a', ['a']);
    await scoped('a b:c  d', ['d', 'b:c']);
    await scoped('a a', ['a', 'a']);
    await scoped('__proto__ é', ['é', '__proto__']);
  });

  it('a scope that is not there, or there in part or in another case, is missing', async () => {
    for (const [scope, scopes] of [
      ['a', ['b']],
      ['a', ['a', 'b']],
      ['ab', ['a']],
      ['a', ['A']],
      ['a b', ['a b']],
      ['a', ['']],
      ['a', ['a ']],
      ['a\tb', ['a']],
      ['a,b', ['a']],
      ['', ['a']],
      [undefined, ['a']],
      [null, ['a']],
      [['a'], ['a']],
      [1, ['1']],
      ['constructor', ['toString']],
    ]) {
      await refuses(scoped(scope, scopes), 'missing_scopes', JSON.stringify([scope, scopes]));
    }
  });

  it('an empty requirement requires nothing', async () => {
    for (const scope of [undefined, '', 'a', ['a'], 1]) {
      for (const scopes of [undefined, null, []]) await scoped(scope, scopes);
    }
    for (const groups of [undefined, null, []]) {
      for (const claim of [undefined, [], 'x', 1]) {
        await validate(withClaims({ groups: claim }), { groups });
        const using = clientWith({ groupOptions: { matchAll: true } });
        await validate(withClaims({ groups: claim }), { groups, using });
      }
    }
  });

  const HELD = ['a', { id: '1', name: 'b' }, { id: '2' }, { name: 'c', id: 3 }, 7, null, ['d'], {}];
  const grouped = (groups, { held = HELD, ...options } = {}) =>
    validate(withClaims({ groups: held }), { groups, ...options });

  it('groups are strings, or objects with id or name', async () => {
    for (const group of ['a', '1', 'b', '2', 'c']) await grouped([group]);
  });

  it('a group that is not among them is missing', async () => {
    for (const group of [
      'x',
      'A',
      '3',
      '7',
      'null',
      'd',
      '',
      'id',
      'a ',
      'toString',
      '__proto__',
    ]) {
      await refuses(grouped([group]), 'missing_groups', group);
    }
    await refuses(validate(withClaims({}), { groups: ['a'] }), 'missing_groups');
    for (const held of [null, 'a', 'a b', { a: true }, { 0: 'a' }, 1, [], [['a']]]) {
      await refuses(grouped(['a'], { held }), 'missing_groups', JSON.stringify(held));
    }
  });

  it('any one of them will do', async () => {
    await grouped(['x', 'y', 'c']);
    await refuses(grouped(['x', 'y']), 'missing_groups');
  });

  it('with matchAll it takes all of them', async () => {
    const using = clientWith({ groupOptions: { matchAll: true } });
    await grouped(['a', '1', 'c'], { using });
    await grouped(['b', '1'], { using });
    await refuses(grouped(['a', 'x'], { using }), 'missing_groups');
  });

  it('in the claim that groupsClaim names', async () => {
    for (const groupsClaim of ['roles', 'https://api.example.com/groups', '__proto__', 'a.b']) {
      const using = clientWith({ groupOptions: { groupsClaim } });
      const json = `{${JSON.stringify(groupsClaim)}:["a"],${JSON.stringify(CLAIMS).slice(1)}`;
      await validate(sign(key, { claims: json }), { groups: ['a'], using });
      await refuses(grouped(['a'], { using }), 'missing_groups', groupsClaim);
    }
  });
});

describe('§4 the order of the rules', () => {
  // Wrong in every way from some rule on: each rule is the answer as soon as those before it are met.
  const wrong = {
    iss: 'https://evil.example',
    sub: 1,
    aud: 'https://evil.example',
    exp: 1,
    nbf: NOW + 9999,
    cnf: { 'x5t#S256': 'A'.repeat(43) },
  };
  const route = { scopes: ['a'], groups: ['g'] };
  const stranger = makeKey('ES256');
  const steps = [
    ['malformed_header', () => sign(stranger, { header: '{', claims: '[' })],
    ['unsupported_critical_header', () => token({ crit: ['x'], alg: 'none', typ: 'x', kid: 'x' })],
    ['unsupported_algorithm', () => token({ alg: 'none', typ: 'x', kid: 'x' })],
    ['unexpected_token_type', () => token({ typ: 'x', kid: 'x' })],
    ['unknown_key', () => token({ kid: 'x' })],
    ['invalid_signature', () => token({})],
    ['malformed_payload', () => sign(key, { claims: '[' })],
    ['payload_not_object', () => sign(key, { claims: '[]' })],
    ['issuer_mismatch', () => sign(key, { claims: wrong })],
    ['invalid_subject', () => from({ iss: ISSUER })],
    ['audience_mismatch', () => from({ iss: ISSUER, sub: 'ada' })],
    ['expired', () => from({ iss: ISSUER, sub: 'ada', aud: AUDIENCE })],
    ['not_yet_valid', () => from({ ...CLAIMS })],
    ['missing_scopes', () => from({ ...CLAIMS, nbf: NOW })],
    ['missing_groups', () => from({ ...CLAIMS, nbf: NOW, scope: 'a' })],
    ['certificate_missing', () => from({ ...CLAIMS, nbf: NOW, scope: 'a', groups: ['g'] })],
  ];
  const token = (header) => sign(stranger, { header, alg: 'ES256', claims: '[' });
  const from = (claims) => sign(key, { claims: { ...wrong, ...claims } });

  for (const [word, make] of steps) {
    it(`${word} comes before all that follow it`, () => refuses(validate(make(), route), word));
  }

  it('an expired token with a bad signature has a bad signature', async () => {
    const expired = sign(stranger, { claims: { ...CLAIMS, exp: 1 } });
    await refuses(validate(expired), 'invalid_signature');
  });

  it('with all of them met it passes', async () => {
    const claims = { ...CLAIMS, nbf: NOW, scope: 'a', groups: ['g'] };
    assert.deepEqual(await validate(sign(key, { claims }), route), claims);
  });
});

describe('§4 over real HTTP', () => {
  let issuer;
  let using;
  let claims;

  before(async () => {
    issuer = await startIssuer(setOf(key, rsa, ed));
    claims = { ...CLAIMS, iss: issuer.url };
    using = new MonoCloudBackendNodeClient({ tenantDomain: issuer.url, audience: AUDIENCE });
  });
  after(() => issuer.close());

  const check = (token) => at(NOW, () => using.validateAccessToken(token));

  it('what no key could mend is refused before anything is fetched', async () => {
    for (const [header, word] of [
      ['{', 'malformed_header'],
      [{ crit: [] }, 'unsupported_critical_header'],
      [{ alg: 'none' }, 'unsupported_algorithm'],
      [{ typ: 'id+jwt' }, 'unexpected_token_type'],
    ]) {
      await refuses(check(sign(key, { header, alg: 'ES256', claims })), word);
    }
    assert.deepEqual(issuer.requests, []);
  });

  it('one metadata and one JWKS request serve every token that follows', async () => {
    const tokens = [key, rsa, ed].map((signer) => sign(signer, { claims }));
    const results = await Promise.all([...tokens, ...tokens].map(check));
    assert.deepEqual(results, Array(6).fill(claims));
    await refuses(check(sign(makeKey('ES256'), { claims })), 'invalid_signature');
    await refuses(check(sign(key, { claims: { ...claims, exp: 1 } })), 'expired');
    assert.deepEqual(issuer.requests, ['metadata', 'jwks']);
  });

  it('a key that was published since is found', async () => {
    const added = makeKey('ES256', { kid: 'added' });
    issuer.jwks = setOf(key, added);
    assert.deepEqual(await check(sign(added, { claims })), claims);
    assert.deepEqual(issuer.requests, ['metadata', 'jwks', 'jwks']);
  });

  it('the base class gives the same answers', async () => {
    const plain = new MonoCloudOidcBackendClient(issuer.url, AUDIENCE);
    assert.deepEqual(
      await at(NOW, () => plain.validateJwtAccessToken(sign(key, { claims }))),
      claims,
    );
    const expired = sign(key, { claims: { ...claims, exp: 1 } });
    await refuses(plain.validateJwtAccessToken(expired), 'expired');
  });
});
