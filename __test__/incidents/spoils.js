'use strict';

// Good tokens, and every way to spoil one, at random: for second-opinion.test.js.

const crypto = require('node:crypto');

const { randomOf } = require('../support/random.js');
const { encode, makeKey, republish, sign, signatureOf } = require('../support/tokens.js');

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
/** Those that jsonwebtoken knows, too. */
const ALGORITHMS = [...RSA, 'ES256', 'ES384', 'ES512'];

// With no alg of its own it signs for all six. Ed25519's two names are one only where no key says one.
const open = makeKey('RS256', { kid: 'open', alg: undefined, use: undefined });
const KEYS = [
  makeKey('RS256', { kid: 'rsa' }),
  open,
  makeKey('ES256', { kid: 'es256' }),
  makeKey('ES384', { kid: 'es384' }),
  makeKey('ES512', { kid: 'es512' }),
  republish(makeKey('EdDSA', { kid: 'ed' }), { alg: undefined }),
];
const STRANGERS = KEYS.map(({ alg, jwk }) => makeKey(alg, { kid: jwk.kid }));

/**
 * What can be made of one seed.
 *
 * @returns `makeGood()`: a signer and what it signs; `make(good)`: its token; `spoils`: by its name,
 *   what makes a spoiled token of one: `{ token, documented }`, the latter the reasons for which this
 *   package may refuse what others accept
 */
function createSpoils({ seed, issuer, audience, now, tolerance }) {
  const random = randomOf(seed);

  /** Who signs, for which algorithm, and what it says: good by everybody's rules. */
  function makeGood() {
    const key = random.pick(KEYS);
    const alg =
      key === open
        ? random.pick(RSA)
        : key.jwk.kid === 'ed'
          ? random.pick(['EdDSA', 'Ed25519'])
          : key.alg;
    const header = { alg, kid: key.jwk.kid, typ: random.pick(['JWT', 'at+jwt', undefined]) };
    const claims = {
      iss: issuer,
      aud: random.pick([audience, [audience], ['https://other.example', audience]]),
      exp: now + random.pick([1, 60, 3600, -tolerance + 1, 1e9]),
      nbf: random.pick([undefined, 0, now - 60, now + tolerance, now - 0.5]),
      iat: now - random.below(1000),
      sub: random.pick([undefined, '', 'user', 'é😀', 'x'.repeat(random.below(300))]),
      jti: String(random.below(1e9)),
      ...random.pick([
        {},
        { groups: ['a', { id: 'b' }] },
        { cnf: { kid: 'x' } },
        { __proto__x: [{}] },
      ]),
    };
    return { key, alg: alg === 'Ed25519' ? 'EdDSA' : alg, header, claims };
  }

  const make = ({ key, alg, header, claims }, parts) =>
    sign(key, { header, claims, alg, ...parts });

  const change = (text, at_, remove, insert = '') =>
    text.slice(0, at_) + insert + text.slice(at_ + remove);
  const anywhere = (text) => random.below(text.length);
  const oddTime = () =>
    random.pick([
      null,
      '',
      String(now + 60),
      true,
      [now],
      {},
      -1,
      0,
      now - 301,
      now + 301,
      now - 300,
      now + 300.5,
      2 ** 53,
      0.5,
    ]);
  const oddText = (text) =>
    random.pick([
      null,
      1,
      '',
      [text],
      [[text]],
      { 0: text },
      `${text}/`,
      `${text} `,
      text.toUpperCase(),
      `${text}\0`,
      [text, 'x'],
      undefined,
      true,
    ]);
  const insertMember = (object, name, value) =>
    JSON.stringify(object).replace(/^\{/, `{${JSON.stringify(name)}:${JSON.stringify(value)},`);

  // A letter changed may name a member twice, or make another kind of subject, or a time that no number
  // can hold (1e999), which to the other two is infinity and therefore fine.
  const BY_CLAIMS = ['malformed_payload', 'invalid_subject', 'invalid_expiration'];

  // Each returns a token, and where both of the others may well accept it, the reason why we do not.
  const spoils = {
    'a letter of it changed': (good) => {
      const token = make(good);
      return { token: change(token, anywhere(token), 1, random.pick(ALPHABET)) };
    },
    'a letter of it left out': (good) => {
      const token = make(good);
      return { token: change(token, anywhere(token), 1) };
    },
    'a letter put in': (good) => {
      const token = make(good);
      return {
        token: change(
          token,
          anywhere(token),
          0,
          random.pick([...ALPHABET, '.', '=', '+', '/', ' ', '%']),
        ),
      };
    },
    'its end cut off': (good) => {
      const token = make(good);
      return { token: token.slice(0, anywhere(token)) };
    },
    'the last letter of a part changed': (good) => {
      const parts = make(good).split('.');
      const part = random.below(3);
      parts[part] = parts[part].slice(0, -1) + random.pick(ALPHABET);
      return { token: parts.join('.') };
    },
    'another spelling of a part': (good) => {
      const parts = make(good).split('.');
      const part = random.below(3);
      const own = parts[part];
      parts[part] = random.pick([
        `${own}=`,
        `${own}==`,
        own.replaceAll('-', '+').replaceAll('_', '/'),
        ` ${own}`,
        `${own}\n`,
        `${own}A`,
      ]);
      return { token: parts.join('.') };
    },
    'a part of another token': (good) => {
      const parts = make(good).split('.');
      const part = random.below(3);
      parts[part] = make(makeGood()).split('.')[part];
      return { token: parts.join('.') };
    },
    'a stranger’s key': (good) => {
      const key = STRANGERS[KEYS.indexOf(good.key)];
      return { token: make({ ...good, key }) };
    },
    'another algorithm in its header': (good) => {
      const alg = random.pick([
        ...ALGORITHMS,
        'EdDSA',
        'Ed25519',
        'HS256',
        'none',
        'NONE',
        'ES256K',
        '',
        null,
      ]);
      return { token: make(good, { header: { ...good.header, alg } }) };
    },
    'signed for another algorithm': (good) => {
      const token = make(good);
      const input = token.slice(0, token.lastIndexOf('.'));
      const alg = good.key.jwk.kty === 'RSA' ? random.pick(RSA) : good.alg;
      return { token: `${input}.${encode(signatureOf(good.key, input, alg))}` };
    },
    'an HMAC with the public key': (good) => {
      const header = {
        ...good.header,
        alg: random.pick(['HS256', 'HS384', 'HS512', good.header.alg]),
      };
      const input = make(good, { header, signature: '' }).slice(0, -1);
      const secret = good.key.pair.publicKey.export({
        type: 'spki',
        format: random.pick(['pem', 'der']),
      });
      const mac = crypto
        .createHmac(`sha${random.pick([256, 384, 512])}`, secret)
        .update(input)
        .digest();
      return { token: `${input}.${encode(mac)}` };
    },
    'a signature of odd bytes': (good) => {
      const size = random.pick([0, 1, 32, 64, 96, 132, 256]);
      const bytes = Buffer.alloc(size, random.pick([0, 1, 0x7f, 0xff]));
      return { token: make(good, { signature: encode(bytes) }) };
    },
    'a bit of its signature': (good) => {
      const [header, payload, signature] = make(good).split('.');
      const bytes = Buffer.from(signature, 'base64url');
      bytes[random.below(bytes.length)] ^= 1 << random.below(8);
      return { token: `${header}.${payload}.${encode(bytes)}` };
    },
    'another kid': (good) => {
      const kid = random.pick([
        undefined,
        null,
        '',
        1,
        'RSA',
        'rsa ',
        ['rsa'],
        ...KEYS.map(({ jwk }) => jwk.kid),
      ]);
      // jsonwebtoken and jose ask by it only whom they were told to: here they look for a key alike.
      return {
        token: make(good, { header: { ...good.header, kid } }),
        documented: ['unknown_key', 'ambiguous_key'],
      };
    },
    'another typ': (good) => {
      const typ = random.pick([
        'id+jwt',
        'dpop+jwt',
        '',
        null,
        1,
        'JOSE',
        'at+jwt ',
        'APPLICATION/AT+JWT',
        'jwt',
      ]);
      return {
        token: make(good, { header: { ...good.header, typ } }),
        documented: ['unexpected_token_type'],
      };
    },
    crit: (good) => {
      const crit = random.pick([[], ['b64'], ['exp'], null, 'x']);
      const b64 = random.pick([undefined, true, false]);
      return {
        token: make(good, { header: { ...good.header, crit, b64 } }),
        documented: ['unsupported_critical_header'],
      };
    },
    'another member in its header': (good) => {
      const member = random.pick([
        { jwk: good.key.jwk },
        { jku: issuer },
        { x5c: ['AA'] },
        { zip: 'DEF' },
        { cty: 'JWT' },
        { b64: true },
        { x: {} },
      ]);
      return { token: make(good, { header: { ...good.header, ...member } }) };
    },
    'a member of its header twice': (good) => {
      const name = random.pick(['alg', 'kid', 'typ', 'x']);
      const header = insertMember(
        { x: 1, ...good.header, typ: good.header.typ ?? 'JWT' },
        name,
        name === 'x' ? 1 : (good.header[name] ?? 'JWT'),
      );
      return { token: make(good, { header }), documented: ['malformed_header'] };
    },
    'an odd time': (good) => {
      const name = random.pick(['exp', 'nbf', 'iat']);
      return { token: make(good, { claims: { ...good.claims, [name]: oddTime() } }) };
    },
    'an odd issuer or audience': (good) => {
      const name = random.pick(['iss', 'aud']);
      return {
        token: make(good, {
          claims: { ...good.claims, [name]: oddText(name === 'iss' ? issuer : audience) },
        }),
        // jose and jsonwebtoken let an issuer be a list with the right one in it, or one of several.
        documented: ['issuer_mismatch', 'audience_mismatch'],
      };
    },
    'an odd subject': (good) => {
      const sub = random.pick([null, 1, true, [], {}, ['user']]);
      return {
        token: make(good, { claims: { ...good.claims, sub } }),
        documented: ['invalid_subject'],
      };
    },
    'bound to a DPoP key': (good) => ({
      token: make(good, { claims: { ...good.claims, cnf: { jkt: 'x' } } }),
      documented: ['dpop_required'],
    }),
    'a claim twice': (good) => {
      const name = random.pick(
        Object.keys(good.claims).filter((known) => good.claims[known] !== undefined),
      );
      const claims = insertMember(good.claims, name, good.claims[name]);
      return { token: make(good, { claims }), documented: ['malformed_payload'] };
    },
    'a letter of its claims, then signed': (good) => {
      const text = JSON.stringify(good.claims);
      const odd = random.pick([
        '"',
        '{',
        '}',
        '[',
        ',',
        ':',
        ' ',
        '\\',
        '0',
        '9',
        'e',
        '.',
        '-',
        'x',
        '\0',
        'é',
      ]);
      const claims = change(text, anywhere(text), random.below(2), odd);
      // A letter changed may name a member twice, or make a subject or a time of another kind.
      return {
        token: make(good, { claims }),
        documented: BY_CLAIMS,
      };
    },
    'a letter of its header, then signed': (good) => {
      const text = JSON.stringify(good.header);
      const odd = random.pick([
        '"',
        '{',
        '}',
        '[',
        ',',
        ':',
        ' ',
        '\\',
        '0',
        'e',
        '.',
        '-',
        'x',
        '\0',
      ]);
      const header = change(text, anywhere(text), random.below(2), odd);
      return {
        token: make(good, { header }),
        documented: ['malformed_header', 'unexpected_token_type', 'unknown_key', 'ambiguous_key'],
      };
    },
    'a byte of its claims, then signed': (good) => {
      const bytes = Buffer.from(JSON.stringify(good.claims));
      bytes[random.below(bytes.length)] = random.below(256);
      return {
        token: make(good, { claims: bytes }),
        documented: BY_CLAIMS,
      };
    },
    'white space in its JSON': (good) => {
      const claims = JSON.stringify(good.claims, null, random.pick([1, '\t', '  ']));
      const header = ` ${JSON.stringify(good.header, null, 1)}\n`;
      return { token: make(good, { claims, header }) };
    },
  };

  return { makeGood, make, spoils };
}

module.exports = { ALGORITHMS, KEYS, RSA, createSpoils };
