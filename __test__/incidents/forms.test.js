'use strict';

// Tokens in another form than header, payload and signature: critical headers, unencoded and detached
// payloads, encrypted tokens, JWS in JSON, tokens in tokens, payloads that are no claims.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { recordIntrospections } = require('../support/introspection.js');
const { startTally } = require('../support/tally.js');
const { encode, makeKey, signatureOf } = require('../support/tokens.js');
const { NOT_CONFIGURED, suiteHouse } = require('./support.js');

const tally = startTally('incidents/forms');
const key = makeKey('ES256');

/** The same token as RFC 7515 §7.2 writes it, in all the ways that somebody might read it. */
function asJson(token) {
  const [header, payload, signature] = token.split('.');
  const flattened = { payload, protected: header, signature };
  return {
    flattened,
    'flattened, with an unprotected header': { ...flattened, header: { alg: 'none', kid: 'one' } },
    general: { payload, signatures: [{ protected: header, signature }] },
    'general, with two signatures': {
      payload,
      signatures: [
        { protected: header, signature: 'AA' },
        { protected: header, signature },
      ],
    },
    'no protected header': { payload, header: { alg: 'ES256', kid: 'one' }, signature },
    list: [flattened],
    'a list of parts': [header, payload, signature],
    text: token,
  };
}

describe('forms of tokens', () => {
  const house = suiteHouse({ before, after }, tally, { keys: [key] });
  const asking = suiteHouse({ before, after }, tally, {
    keys: [key],
    options: ({ credentials }) => credentials,
  });
  let seen;
  before(() => {
    const inactive = (response) => response.end('{"active":false}');
    seen = recordIntrospections(asking().tenant, inactive);
  });

  /** Without a clientId nobody asks about it; with one the tenant is asked about exactly this text. */
  async function isOpaque(text, note) {
    await house().refuses(text, NOT_CONFIGURED, { note });
    seen.length = 0;
    await asking().refuses(text, 'inactive', { note });
    const asked = seen.map(({ form }) => form.token);
    assert.ok(asked.length > 0 && asked.every((token) => token === text.trim()), note);
  }

  it('CVE-2026-35042: a crit of any kind is one that is not understood (RFC 7515 §4.1.11)', async () => {
    const crits = [
      ['exp'],
      ['b64'],
      ['alg'],
      [],
      [''],
      null,
      'exp',
      0,
      false,
      {},
      ['exp', 'exp'],
      [1],
    ];
    for (const crit of crits) {
      const note = JSON.stringify(crit);
      for (const more of [{}, { b64: true }, { exp: 9_999_999_999 }, { 'http://example.com': 1 }]) {
        const token = house().sign(key, { header: { crit, ...more } });
        await house().refuses(token, 'unsupported_critical_header', { note });
      }
    }
    const escaped = '{"alg":"ES256","kid":"one","\\u0063rit":["x"]}';
    await house().refuses(house().sign(key, { header: escaped }), 'unsupported_critical_header');
    // Another name, though it looks the same: nothing that has to be understood.
    const cyrillic = house().sign(key, { header: { сrit: ['x'], CRIT: ['x'], Crit: ['x'] } });
    await house().accepts(cyrillic);
  });

  it('b64: false, and a payload that is not encoded (RFC 7797)', async () => {
    const claims = JSON.stringify(house().claims());
    const header = { alg: 'ES256', kid: 'one', b64: false };
    for (const crit of [['b64'], undefined]) {
      const head = encode({ ...header, crit });
      const reason = crit ? 'unsupported_critical_header' : 'malformed_payload';
      // Without a dot in it: with one it is no token of three parts.
      const bare = claims.replaceAll('.', '\\u002e');
      const input = `${head}.${bare}`;
      await house().refuses(`${input}.${encode(signatureOf(key, input))}`, reason, {
        note: 'unencoded',
      });
      // Signed over the bare claims, sent encoded: verifying what was sent has to fail.
      const signature = encode(signatureOf(key, `${head}.${claims}`));
      const text = `${head}.${encode(claims)}.${signature}`;
      const other = crit ? reason : 'invalid_signature';
      await house().refuses(text, other, { note: 'encoded on the way' });
      const detached = crit ? reason : 'invalid_signature';
      await house().refuses(`${head}..${signature}`, detached, { note: 'detached' });
    }
    // Without crit it is a member that nobody knows, and the token means what it has always meant.
    await house().accepts(house().sign(key, { header: { b64: false } }));
    await house().accepts(house().sign(key, { header: { b64: true } }));
  });

  it('a detached payload (RFC 7515 appendix F)', async () => {
    const [header, payload, signature] = house().sign(key).split('.');
    await house().refuses(`${header}..${signature}`, 'invalid_signature');
    const input = `${header}.`;
    const empty = `${input}.${encode(signatureOf(key, input))}`;
    await house().refuses(empty, 'malformed_payload', { note: 'signed as empty' });
    await house().refuses(`.${payload}.${signature}`, 'malformed_header', { note: 'no header' });
    await house().refuses('..', 'malformed_header');
  });

  it('five parts are no JWT that is signed, and four or six are nothing (RFC 7516 §7.1)', async () => {
    const [header, payload, signature] = house().sign(key).split('.');
    const jwe = encode({ alg: 'dir', enc: 'A128GCM', kid: 'one' });
    const forms = {
      'the token and two parts more': `${header}.${payload}.${signature}.${signature}.${signature}`,
      'the token and empty parts': `${header}.${payload}.${signature}..`,
      'empty parts and the token': `..${header}.${payload}.${signature}`,
      'an encrypted token': `${jwe}..${encode('iv')}.${payload}.${encode('tag')}`,
      'four parts': `${header}.${payload}.${signature}.`,
      'four parts, the first empty': `.${header}.${payload}.${signature}`,
      'six parts': `${header}.${payload}.${signature}...`,
      'two parts': `${header}.${payload}`,
      'one part': header,
      'thousands of parts': `${header}${'.'.repeat(5000)}`,
      'two tokens': `${header}.${payload}.${signature}.${header}.${payload}.${signature}`,
    };
    for (const [note, text] of Object.entries(forms)) await isOpaque(text, note);
  });

  it('an encrypted token in three parts has no algorithm that is accepted', async () => {
    const enc = 'A256GCM';
    for (const alg of ['dir', 'RSA-OAEP', 'RSA1_5', 'ECDH-ES', 'A128KW', 'PBES2-HS256+A128KW']) {
      const header = { alg, enc, p2c: 2_000_000_000, p2s: 'AA' };
      const token = house().sign(key, { header, alg: 'ES256' });
      await house().refuses(token, 'unsupported_algorithm', { note: alg });
    }
    await house().accepts(house().sign(key, { header: { zip: 'DEF', enc, p2c: 2_000_000_000 } }));
  });

  it('JWS JSON serialization is no bearer token, whatever is in it (RFC 7515 §7.2)', async () => {
    for (const [note, form] of Object.entries(asJson(house().sign(key)))) {
      const text = JSON.stringify(form);
      const dots = text.split('.').length - 1;
      if (dots === 2) {
        // Three parts, by the dots of the token in it: a header that begins with a brace.
        await house().refuses(text, 'malformed_header', { note });
        continue;
      }
      await isOpaque(text, note);
      await isOpaque(encode(text), `${note}, encoded`);
    }
    const [, payload, signature] = house().sign(key).split('.');
    for (const [note, form] of Object.entries(asJson(house().sign(key)))) {
      const text = `${encode(form)}.${payload}.${signature}`;
      const { reason } = await house()
        .client.validateAccessToken(text)
        .catch((error) => error);
      const expected =
        Array.isArray(form) || note === 'text' ? 'malformed_header' : 'unsupported_algorithm';
      assert.equal(reason, expected, note);
      await house().refuses(text, expected, { note: `${note}, as a header` });
    }
  });

  it('a token in a token is not looked for (RFC 7519 §5.2, cty)', async () => {
    const inner = house().sign(key);
    for (const cty of ['JWT', 'jwt', 'at+jwt']) {
      for (const payload of [inner, JSON.stringify(inner), `[${JSON.stringify(inner)}]`]) {
        const token = house().sign(key, { header: { cty }, claims: payload });
        await house().refuses(token, 'malformed_payload', { note: cty });
      }
      await house().accepts(house().sign(key, { header: { cty } }));
    }
  });

  it('a payload that is a list, null, a string, a number or nothing', async () => {
    const claims = JSON.stringify(house().claims());
    const payloads = [
      '[]',
      `[${claims}]`,
      'null',
      'true',
      'false',
      '0',
      '-0',
      '1e999',
      '""',
      '"{}"',
      JSON.stringify(claims),
      '',
      ' ',
      '{',
      '}',
      '{}{}',
      `${claims}${claims}`,
      `${claims}null`,
      `${claims}\0`,
      `\0${claims}`,
      `\ufeff${claims}`,
      `/**/${claims}`,
      `${claims}//`,
      `)]}'\n${claims}`,
      claims.replaceAll('"', "'"),
      claims.replace(/}$/, ',}'),
      claims.replace('"exp":', 'exp:'),
      claims.replace('"exp":', '"exp":0x'),
      claims.replace('"exp":', '"exp":+'),
      claims.replace('"exp":', '"exp":0'),
      claims.replace('"exp":', '"exp":NaN,"x":'),
      claims.replace('"exp":', '"exp":Infinity,"x":'),
      claims.replace('"exp":', '"exp":.'),
      claims.replace('user', 'us\ner'),
      claims.replace('user', 'us\\xer'),
      claims.replace('user', 'us\\u00'),
      Buffer.from(claims.replace('user', 'us\xff'), 'latin1'),
      Buffer.from(claims, 'utf16le'),
      Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(claims, 'utf16le').swap16()]),
      // An overlong slash, and a surrogate in UTF-8: no Unicode.
      Buffer.concat([
        Buffer.from(claims.slice(0, -1)),
        Buffer.from(',"x":"'),
        Buffer.from([0xc0, 0xaf]),
        Buffer.from('"}'),
      ]),
      Buffer.concat([
        Buffer.from(claims.slice(0, -1)),
        Buffer.from(',"x":"'),
        Buffer.from([0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]),
    ];
    for (const payload of payloads) {
      const note = String(payload).slice(0, 60);
      await house().refuses(house().sign(key, { claims: payload }), 'malformed_payload', { note });
    }
    // And the same in front of the claims, where a header belongs.
    for (const header of payloads) {
      const note = `as a header: ${String(header).slice(0, 60)}`;
      await house().refuses(house().sign(key, { header }), 'malformed_header', { note });
    }
    await house().accepts(house().sign(key, { claims: ` \t\r\n${claims} ` }));
  });

  it('what typ calls another kind of token is one', async () => {
    const kinds = [
      'id+jwt',
      'ID+JWT',
      'dpop+jwt',
      'logout+jwt',
      'secevent+jwt',
      'oauth-authz-req+jwt',
    ];
    const odd = [
      'JOSE',
      'JOSE+JSON',
      'at+jwt;x',
      'at+jwt ',
      ' at+jwt',
      'at +jwt',
      'аt+jwt',
      'at+jwt\0',
    ];
    const typed = ['application/at+jwt; charset=utf-8', 'text/at+jwt', 'application/id+jwt', ''];
    for (const typ of [...kinds, ...odd, ...typed, null, 0, 1, true, [], ['at+jwt'], {}]) {
      const token = house().sign(key, { header: { typ } });
      await house().refuses(token, 'unexpected_token_type', { note: JSON.stringify(typ) });
    }
  });
});
