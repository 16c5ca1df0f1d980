'use strict';

// RFC 9449 §4.3, points 3, 8 to 12: a proof is for this method, URL, moment, token and key. Each check by itself, from
// both sides of its boundary.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { at, makeKey } = require('../support/tokens.js');
const { claimsText, holderOf, judge, proofOf, seconds, sha256 } = require('./support.js');
const { startHolder, thumbprintOf } = require('./support.js');

const holder = holderOf('ES256');
let issuer;
let client;
let token;

before(async () => {
  ({ issuer, client, token } = await startHolder(holder));
});
after(() => issuer?.close());

const judged = (claims, request) =>
  judge(client, token, proofOf(holder, token, { claims }), request);

/** The claims as text, with one of them as exactly that JSON. */
const withJson = (name, json) =>
  claimsText(token, { [name]: '?' }).replace(`"${name}":"?"`, `"${name}":${json}`);

describe('every claim', () => {
  for (const name of ['jti', 'htm', 'htu', 'iat', 'ath']) {
    it(`${name} is there, and of its type`, async () => {
      assert.equal(await judged({ [name]: undefined }), 'dpop_proof_claims');
      const wrong = ['null', 'true', '{}', '[]', '["a"]', name === 'iat' ? '"1"' : '1'];
      for (const json of wrong) {
        const proof = proofOf(holder, token, { claims: withJson(name, json) });
        assert.equal(await judge(client, token, proof), 'dpop_proof_claims', json);
      }
    });
  }
});

describe('htm', () => {
  it('is the method, byte for byte', async () => {
    for (const method of ['GET', 'get', 'QUERY', 'M-SEARCH', 'pOST']) {
      assert.equal(await judged({ htm: method }, { method }), 'passed');
    }
    for (const htm of [
      'post',
      'Post',
      'GET',
      'POST ',
      ' POST',
      'POST\u0000',
      '',
      'PUT',
      'POSTER',
    ]) {
      assert.equal(await judged({ htm }), 'dpop_method_mismatch', JSON.stringify(htm));
    }
    assert.equal(await judged({ htm: 'HEAD' }, { method: 'GET' }), 'dpop_method_mismatch');
  });
});

describe('htu', () => {
  const API = 'https://api.example.com';
  const same = [
    ['default port', `${API}:443/a`, `${API}/a`],
    ['default port of http', 'http://api.example.com:80/a', 'http://api.example.com/a'],
    ['empty port', `${API}:/a`, `${API}/a`],
    ['other port', `${API}:8443/a`, `${API}:8443/a`],
    ['case of the scheme', 'HTTPS://api.example.com/a', `${API}/a`],
    ['case of the host', 'https://API.Example.COM/a', `${API}/a`],
    ['no path', API, `${API}/`],
    ['encoding of what needs none', `${API}/%61%7Eb%2Dc%5F%2e`, `${API}/a~b-c_.`],
    ['case of an encoding', `${API}/a%2fb%c3%a9`, `${API}/a%2Fb%C3%A9`],
    ['dot segments', `${API}/x/./y/../a`, `${API}/x/a`],
    ['dot segments above the root', `${API}/../../a`, `${API}/a`],
    ['query of the request', `${API}/a`, `${API}/a?b=c&d=%2f`],
    ['query of the request with a URL', `${API}/a`, `${API}/a?b=https://other.example/#x`],
    ['query of the proof', `${API}/a?x=y`, `${API}/a?b=c`],
    ['fragment of the proof', `${API}/a#x`, `${API}/a`],
    ['IPv6', 'https://[2001:DB8::A]:443/a', 'https://[2001:db8::a]/a'],
    ['IPv4', 'http://127.0.0.1:3000/a', 'http://127.0.0.1:3000/a'],
    ['two slashes', `${API}//a//b`, `${API}//a//b`],
    ['a colon and an at in the path', `${API}/a:b@c`, `${API}/a:b@c`],
    ['what a browser leaves as it is', `${API}/a|b`, `${API}/a%7Cb`],
  ];
  for (const [what, htu, url] of same) {
    it(`${what}: the same`, async () => {
      assert.equal(await judged({ htu }, { url }), 'passed');
      assert.equal(await judged({ htu: url }, { url: htu }), 'passed');
    });
  }

  const different = [
    ['scheme', 'http://api.example.com/a', `${API}/a`],
    ['port', `${API}:444/a`, `${API}/a`],
    ['port of the other scheme', `${API}:80/a`, `${API}/a`],
    ['host', 'https://api.example.org/a', `${API}/a`],
    ['subdomain', 'https://x.api.example.com/a', `${API}/a`],
    ['host with a final dot', 'https://api.example.com./a', `${API}/a`],
    ['trailing slash', `${API}/a/`, `${API}/a`],
    ['case of the path', `${API}/A`, `${API}/a`],
    ['two slashes', `${API}//a`, `${API}/a`],
    ['an encoded slash', `${API}/a%2Fb`, `${API}/a/b`],
    ['an encoded question mark', `${API}/a%3Fb`, `${API}/a?b`],
    ['an encoding twice', `${API}/a%252Fb`, `${API}/a%2Fb`],
    ['path', `${API}/a`, `${API}/b`],
    ['a longer path', `${API}/a/b`, `${API}/a`],
    ['a path parameter', `${API}/a;x=1`, `${API}/a`],
    ['a NUL', `${API}/a%00`, `${API}/a`],
    ['another IPv6', 'https://[2001:db8::b]/a', 'https://[2001:db8::a]/a'],
  ];
  for (const [what, htu, url] of different) {
    it(`${what}: another one`, async () => {
      assert.equal(await judged({ htu }, { url }), 'dpop_url_mismatch');
      assert.equal(await judged({ htu: url }, { url: htu }), 'dpop_url_mismatch');
    });
  }

  for (const htu of [
    '',
    '/a',
    'a',
    '//api.example.com/a',
    'api.example.com/a',
    'https:/api.example.com/a',
    'https:api.example.com/a',
    'https:///a',
    'https://',
    'https://user@api.example.com/a',
    'https://user:pass@api.example.com/a',
    'https://api.example.com@evil.example/a',
    'https://evil.example\\@api.example.com/a',
    'https://api.example.com\\a',
    'https://api.example.com/a b',
    ' https://api.example.com/a',
    'https://api.example.com/a\n',
    'https://api.example.com/\u00e4',
    'https://api.example.com/%',
    'https://api.example.com/%zz',
    'https://api.example.com:99999/a',
    'https://api.example.com:x/a',
    'https://api.example.com:443:443/a',
    'https://[::1/a',
    'ftp://api.example.com/a',
    'javascript:alert(1)',
    'urn:a:b',
  ]) {
    it(`${JSON.stringify(htu)} is none`, async () => {
      assert.equal(await judged({ htu }, { url: `${API}/a` }), 'dpop_url_mismatch');
    });
  }
});

describe('iat', () => {
  const NOW = 1_900_000_000;
  /** What is said of a proof of that moment, at `NOW`. */
  const agedBy = (iat, options) =>
    at(NOW, async () => {
      const own = options === undefined ? client : issuer.clientWith(options);
      const bound = issuer.boundTo(holder);
      return judge(own, bound, proofOf(holder, bound, { claims: { iat } }));
    });

  it('is at most 60 seconds ago', async () => {
    assert.equal(await agedBy(NOW - 60), 'passed');
    assert.equal(await agedBy(NOW - 59.5), 'passed');
    assert.equal(await agedBy(NOW - 61), 'dpop_proof_expired');
    assert.equal(await agedBy(NOW - 60.5), 'dpop_proof_expired');
    for (const iat of [0, -1, -1e300, NOW - 3600]) {
      assert.equal(await agedBy(iat), 'dpop_proof_expired');
    }
  });

  it('is at most 60 seconds from now, whatever clockTolerance says', async () => {
    for (const options of [undefined, { clockTolerance: 3600 }, { clockTolerance: 60 }]) {
      assert.equal(await agedBy(NOW + 60, options), 'passed');
      assert.equal(await agedBy(NOW + 61, options), 'dpop_proof_not_yet_valid');
    }
    assert.equal(await agedBy(NOW + 5, { clockTolerance: 5 }), 'passed');
    assert.equal(await agedBy(NOW + 6, { clockTolerance: 5 }), 'dpop_proof_not_yet_valid');
    assert.equal(await agedBy(NOW, { clockTolerance: 0 }), 'passed');
    assert.equal(await agedBy(NOW + 1, { clockTolerance: 0 }), 'dpop_proof_not_yet_valid');
    for (const iat of [1e12, 1e300, Number.MAX_VALUE]) {
      assert.equal(await agedBy(iat), 'dpop_proof_not_yet_valid');
    }
  });

  it('is as old as maxAge allows, to which clockTolerance adds nothing', async () => {
    const options = { dpop: { maxAge: 10 }, clockTolerance: 300 };
    assert.equal(await agedBy(NOW - 10, options), 'passed');
    assert.equal(await agedBy(NOW - 11, options), 'dpop_proof_expired');
    assert.equal(await agedBy(NOW - 300, { dpop: { maxAge: 300 } }), 'passed');
  });

  it('is by the clock that clockSkew corrects', async () => {
    const skewed = issuer.clientWith({ dpop: 'when_present', clockSkew: 100 });
    await at(NOW - 100, async () => {
      const bound = issuer.boundTo(holder);
      const judgedAt = (iat) => judge(skewed, bound, proofOf(holder, bound, { claims: { iat } }));
      assert.equal(await judgedAt(NOW - 60), 'passed');
      assert.equal(await judgedAt(NOW - 61), 'dpop_proof_expired');
      assert.equal(await judgedAt(NOW + 60), 'passed');
      assert.equal(await judgedAt(NOW + 61), 'dpop_proof_not_yet_valid');
    });
  });

  it('is a number that there is', async () => {
    const now = seconds();
    for (const json of [
      `"${now}"`,
      '1e999',
      '-1e999',
      'null',
      `[${now}]`,
      `{"a":${now}}`,
      'true',
    ]) {
      const proof = proofOf(holder, token, { claims: withJson('iat', json) });
      assert.equal(await judge(client, token, proof), 'dpop_proof_claims', json);
    }
    for (const json of [
      'NaN',
      'Infinity',
      `0x${now.toString(16)}`,
      `0${now}`,
      `+${now}`,
      `${now}.`,
    ]) {
      const proof = proofOf(holder, token, { claims: withJson('iat', json) });
      assert.equal(await judge(client, token, proof), 'dpop_proof_malformed', json);
    }
    for (const json of [`${now}.0`, `${now}.25`, `${now / 10}e1`, `${now}e0`]) {
      const proof = proofOf(holder, token, { claims: withJson('iat', json) });
      assert.equal(await judge(client, token, proof), 'passed', json);
    }
  });
});

describe('exp and nbf, where a proof has them', () => {
  it('bound it as they bound any JWT (RFC 7519 §4.1.4, §4.1.5)', async () => {
    const now = seconds();
    assert.equal(await judged({ exp: now + 5, nbf: now - 5 }), 'passed');
    assert.equal(await judged({ exp: now - 1 }), 'dpop_proof_expired');
    assert.equal(await judged({ nbf: now + 65 }), 'dpop_proof_not_yet_valid');
    for (const name of ['exp', 'nbf']) {
      for (const value of [String(now), null, true, [now], {}]) {
        assert.equal(await judged({ [name]: value }), 'dpop_proof_claims', `${name} ${value}`);
      }
    }
  });
});

describe('jti', () => {
  it('has 1 to 256 bytes', async () => {
    assert.equal(await judged({ jti: '' }), 'dpop_proof_claims');
    assert.equal(await judged({ jti: 'a' }), 'passed');
    assert.equal(await judged({ jti: 'b'.repeat(256) }), 'passed');
    assert.equal(await judged({ jti: 'c'.repeat(257) }), 'dpop_proof_claims');
    assert.equal(await judged({ jti: 'é'.repeat(128) }), 'passed');
    assert.equal(await judged({ jti: `${'é'.repeat(128)}a` }), 'dpop_proof_claims');
    assert.equal(await judged({ jti: '\u0000' }), 'passed');
  });

  it('is good once for a key, and once for another key', async () => {
    const other = makeKey('ES256');
    const theirs = issuer.boundTo(other);
    const claims = { jti: `shared ${Math.random()}` };
    const judgedFor = (own, bound) => judge(client, bound, proofOf(own, bound, { claims }));
    assert.equal(await judgedFor(holder, token), 'passed');
    assert.equal(await judgedFor(holder, token), 'dpop_proof_replayed');
    assert.equal(await judgedFor(other, theirs), 'passed');
    assert.equal(await judgedFor(other, theirs), 'dpop_proof_replayed');
    // Nor in another proof of the same key, for another token or URL, or by another client.
    const again = issuer.boundTo(holder, { sub: 'again' });
    assert.equal(await judgedFor(holder, again), 'dpop_proof_replayed');
    const elsewhere = { ...claims, htu: 'https://api.example.com/other' };
    const request = { url: elsewhere.htu };
    assert.equal(await judged(elsewhere, request), 'dpop_proof_replayed');
    const second = issuer.clientWith({ dpop: {} });
    const proof = proofOf(holder, token, { claims });
    assert.equal(await judge(second, token, proof), 'dpop_proof_replayed');
  });
});

describe('ath', () => {
  it('is the digest of this token', async () => {
    const other = issuer.boundTo(holder, { sub: 'other' });
    const bytes = Buffer.from(sha256(token), 'base64url');
    for (const ath of [
      sha256(other),
      '',
      `${sha256(token)}=`,
      sha256(token).slice(0, -1),
      sha256(`${token} `),
      sha256(token.split('.')[2]),
      bytes.toString('hex'),
      bytes.subarray(0, 16).toString('base64url'),
      `${sha256(token).slice(0, -1)}${sha256(token).endsWith('A') ? 'B' : 'A'}`,
    ]) {
      assert.equal(await judged({ ath }), 'dpop_token_hash_mismatch', ath);
    }
    // A proof for one token is none for another of the same key.
    assert.equal(await judge(client, other, proofOf(holder, token)), 'dpop_token_hash_mismatch');
    assert.equal(await judge(client, other, proofOf(holder, other)), 'passed');
  });
});

describe('the key', () => {
  it('is the one that the token is bound to', async () => {
    const thief = makeKey('ES256');
    assert.equal(await judge(client, token, proofOf(thief, token)), 'dpop_key_mismatch');
    for (const alg of ['RS256', 'EdDSA', 'ES384']) {
      assert.equal(await judge(client, token, proofOf(holderOf(alg), token)), 'dpop_key_mismatch');
    }
  });

  it('is bound by the whole thumbprint', async () => {
    const jkt = thumbprintOf(holder);
    for (const wrong of [
      jkt.slice(0, -1),
      `${jkt}=`,
      `${jkt}A`,
      ` ${jkt}`,
      jkt.toLowerCase(),
      Buffer.from(jkt, 'base64url').toString('hex'),
      'A',
    ]) {
      const bound = issuer.token({ jkt: wrong });
      const verdict = await judge(client, bound, proofOf(holder, bound));
      assert.notEqual(verdict, 'passed', wrong);
    }
  });

  it('has one thumbprint, whatever else is in its JWK', async () => {
    const jwk = { use: 'sig', ...holder.jwk, ext: true, kid: 'any', alg: 'ES256' };
    assert.equal(await judge(client, token, proofOf(holder, token, { header: { jwk } })), 'passed');
  });
});
