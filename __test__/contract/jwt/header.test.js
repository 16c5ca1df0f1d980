'use strict';

// Contract §4, §4.1: which tokens are JWTs, and their header.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { describe, it } = require('node:test');

const { MonoCloudValidationError } = require('@monocloud/backend-node');
const { ACCEPTED } = require('../../support/algorithms.js');
const { encode, makeKey, setOf, sharedPair, sign } = require('../../support/tokens.js');
const {
  CLAIMS,
  client,
  clientWith,
  key,
  refuses,
  rsa,
  validate,
  withClaims,
  withHeader,
} = require('./support.js');

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
      const signer = makeKey(alg, { pair: sharedPair(alg) });
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
