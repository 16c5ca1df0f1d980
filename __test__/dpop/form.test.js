'use strict';

// RFC 9449 §4.3, points 1, 2, 4 and 5: a proof is one JWS of its type and of an algorithm that is allowed. Each check
// by itself, from both sides of its boundary.

const assert = require('node:assert/strict');
const { createHmac } = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const { ACCEPTED } = require('../support/algorithms.js');
const { encode } = require('../support/tokens.js');
const { claimsText, holderOf, judge, proofOf, publicJwk, startHolder } = require('./support.js');

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

/** The text of a good header, for a test to spoil. */
const headerText = (more) =>
  JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk(holder), ...more });

describe('the form of a proof', () => {
  it('one good proof passes, with further header parameters and claims', async () => {
    assert.equal(await judged(), 'passed');
    const header = { kid: 'x', x5c: ['AAAA'], jku: 'https://evil.example/', x5t: 'A', cty: 'x' };
    assert.equal(await judged({ header, claims: { nonce: 'unasked', more: {} } }), 'passed');
  });

  it('none at all', async () => {
    assert.equal(await judgeProof(''), 'dpop_proof_missing');
  });

  it('two in one header', async () => {
    const [one, two] = [proofOf(holder, token), proofOf(holder, token)];
    for (const both of [`${one}, ${two}`, `${one},${two}`, `${one},`, `,${one}`, `${one}, x`]) {
      assert.equal(await judgeProof(both), 'dpop_proof_repeated');
    }
    for (const both of [`${one} ${two}`, `${one}.${two}`, `${one}\n${two}`]) {
      assert.equal(await judgeProof(both), 'dpop_proof_malformed');
    }
    // None of that has used them.
    assert.equal(await judgeProof(one), 'passed');
  });

  it('parts that are none', async () => {
    const [header, payload, signature] = proofOf(holder, token).split('.');
    for (const wrong of [
      'x',
      '.',
      '..',
      '...',
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${header}.${payload}.${signature}.`,
      `${header}.${payload}.${signature}.${signature}.${signature}`,
      ` ${header}.${payload}.${signature}`,
      `${header}.${payload}.${signature} `,
      `${header}.${payload}.${signature}=`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}.${signature}\u0000`,
      `${header}.${payload}.${signature}\u00e9`,
      `${header}.${payload}.!!!`,
      `DPoP ${header}.${payload}.${signature}`,
      JSON.stringify({ protected: header, payload, signature }),
    ]) {
      const verdict = await judgeProof(wrong);
      assert.ok(
        ['dpop_proof_malformed', 'dpop_proof_signature', 'dpop_proof_repeated'].includes(verdict),
        `${JSON.stringify(wrong)}: ${verdict}`,
      );
    }
  });

  it('no JSON objects', async () => {
    for (const text of ['', 'null', '[]', '1', '"text"', '{', '{"a":1}x', '{"a":1,}', '\ufeff{}']) {
      assert.equal(await judged({ header: text }), 'dpop_proof_malformed', text);
      assert.equal(await judged({ claims: text }), 'dpop_proof_malformed', text);
    }
    const invalidUtf8 = Buffer.concat([
      Buffer.from('{"a":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    assert.equal(await judged({ header: invalidUtf8 }), 'dpop_proof_malformed');
    assert.equal(await judged({ claims: invalidUtf8 }), 'dpop_proof_malformed');
  });

  it('a member twice: in the header, in the claims, in the key', async () => {
    const twice = (text, name, value) => text.replace('{', `{${JSON.stringify(name)}:${value},`);
    for (const [name, value] of [
      ['alg', '"ES256"'],
      ['typ', '"dpop+jwt"'],
      ['jwk', JSON.stringify(publicJwk(holder))],
    ]) {
      assert.equal(
        await judged({ header: twice(headerText(), name, value) }),
        'dpop_proof_malformed',
      );
    }
    for (const name of ['jti', 'htm', 'htu', 'ath', 'iat', 'nonce', 'nonce']) {
      const claims = twice(claimsText(token, { nonce: 'n' }), name, name === 'iat' ? 1 : '"x"');
      assert.equal(await judged({ claims }), 'dpop_proof_malformed', name);
    }
    const inKey = headerText().replace('"kty"', '"kty":"RSA","kty"');
    assert.notEqual(await judged({ header: inKey }), 'passed');
    // The same name in other letters is the same name.
    const escaped = twice(claimsText(token), 'htm', '"GET"').replace('"htm"', '"\\u0068tm"');
    assert.equal(await judged({ claims: escaped }), 'dpop_proof_malformed');
  });

  it('an extension that has to be understood', async () => {
    for (const crit of [[], ['b64'], ['exp'], 'x', null, {}]) {
      assert.equal(await judged({ header: { crit, b64: true } }), 'dpop_proof_malformed');
    }
  });

  it('8 KiB, and one byte more', async () => {
    const sized = (size) => {
      let filler = '';
      let proof = proofOf(holder, token, { claims: { filler } });
      for (let round = 0; round < 8 && proof.length !== size; round += 1) {
        const missing = Math.round(((size - proof.length) * 3) / 4);
        filler = 'x'.repeat(filler.length + missing);
        proof = proofOf(holder, token, { claims: { filler } });
      }
      return proof;
    };
    // The length of base64url skips one value in four, and with two parts some are out of reach.
    const most = [8192, 8191, 8190]
      .map(sized)
      .find(({ length }) => length <= 8192 && length > 8188);
    assert.equal(await judgeProof(most), 'passed');
    const more = [8193, 8194, 8195].map(sized).find(({ length }) => length > 8192 && length < 8197);
    assert.equal(await judgeProof(more), 'dpop_proof_malformed');
  });

  it('64 KiB and 1 MiB of proof, soon', async () => {
    const begun = performance.now();
    for (const size of [65_536, 1 << 20]) {
      for (const proof of [
        'x'.repeat(size),
        '.'.repeat(size),
        `${'e30.'.repeat(size / 4)}`,
        proofOf(holder, token, { claims: { filler: 'x'.repeat(size) } }),
        proofOf(holder, token, { claims: '['.repeat(size) }),
        proofOf(holder, token, { header: `{"a":${'{"a":'.repeat(size / 5)}` }),
      ]) {
        assert.equal(await judgeProof(proof), 'dpop_proof_malformed');
      }
    }
    assert.ok(performance.now() - begun < 5_000);
  });
});

describe('typ', () => {
  for (const typ of ['dpop+jwt', 'DPoP+JWT', 'dpop+JWT']) {
    it(`${typ} passes`, async () => assert.equal(await judged({ header: { typ } }), 'passed'));
  }
  for (const typ of [
    undefined,
    null,
    '',
    1,
    ['dpop+jwt'],
    'JWT',
    'at+jwt',
    'dpop',
    'dpop+jwt ',
    'dpop+jwt; charset=utf-8',
    'dpop+jwts',
  ]) {
    it(`${JSON.stringify(typ)} does not`, async () => {
      assert.equal(await judged({ header: { typ } }), 'dpop_proof_type');
    });
  }

  it('an access token, and an ID token, is no proof', async () => {
    assert.equal(await judgeProof(token), 'dpop_proof_type');
  });
});

describe('alg', () => {
  for (const alg of ACCEPTED.filter((name) => name !== 'ES512')) {
    it(`${alg} passes with a key of its own`, async () => {
      const own = holderOf(alg);
      const bound = issuer.boundTo(own);
      assert.equal(await judge(client, bound, proofOf(own, bound)), 'passed');
    });
  }

  it('what is not among the client’s own does not', async () => {
    const only = issuer.clientWith({ dpop: { algorithms: ['ES384'] } });
    const own = holderOf('ES384');
    const bound = issuer.boundTo(own);
    assert.equal(await judge(only, bound, proofOf(own, bound)), 'passed');
    assert.equal(await judge(only, token, proofOf(holder, token)), 'dpop_proof_algorithm');
  });

  it('none, symmetric, unknown and missing ones do not, with any signature', async () => {
    for (const alg of [
      'none',
      'None',
      'NONE',
      'nOnE',
      '',
      undefined,
      null,
      1,
      ['ES256'],
      'es256',
    ]) {
      for (const signature of [undefined, '', 'AAAA']) {
        const parts = { header: { alg }, alg: 'ES256', signature };
        assert.equal(await judged(parts), 'dpop_proof_algorithm', `${alg} ${signature}`);
      }
    }
    for (const alg of ['ES256K', 'Ed448', 'RS1', 'HS1', 'dir', 'A128GCM', 'ES512']) {
      assert.equal(await judged({ header: { alg }, alg: 'ES256' }), 'dpop_proof_algorithm', alg);
    }
  });

  it('HS256 with the public key as the secret does not', async () => {
    const { publicKey } = holder.pair;
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(publicJwk(holder)),
    ];
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      for (const secret of secrets) {
        const input = `${encode(headerText({ alg }))}.${encode(claimsText(token))}`;
        const mac = createHmac(`sha${alg.slice(2)}`, secret)
          .update(input)
          .digest('base64url');
        assert.equal(await judgeProof(`${input}.${mac}`), 'dpop_proof_algorithm');
      }
    }
  });
});
