'use strict';

// Contract §4.4, §4.5: the payload, issuer, subject, audience and times.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { sign } = require('../../support/tokens.js');
const {
  AUDIENCE,
  CLAIMS,
  ISSUER,
  NOW,
  clientWith,
  key,
  refuses,
  validate,
  withClaims,
} = require('./support.js');

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
