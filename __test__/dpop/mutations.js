'use strict';

// Good and bad proofs for the differential test. A kind makes the parts of a proof for `sign` of ../support/tokens.js,
// and may change what the request is: its method, URL, token or proof.

const { createHmac } = require('node:crypto');
const { encode, makeKey, makePair } = require('../support/tokens.js');
const { freshJti, holderOf, publicJwk, sha256 } = require('./support.js');

const WEAK = makeKey('RS256', { pair: makePair('RS256', { modulusLength: 1024 }) });
const STRANGER = makeKey('ES256');
const OTHER_TYPES = [null, true, [], ['a'], {}, '', 0];

const header = (more) => () => ({ header: more });
const claims = (more) => () => ({ claims: more });

/** Replaces one character of the proof by another of base64url, or by a dot. */
const flip =
  (part) =>
  (_case, { below, pick }) => ({
    change: (proof) => {
      const parts = proof.split('.');
      const at = below(parts[part].length);
      const letter = pick([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']);
      parts[part] = parts[part].slice(0, at) + letter + parts[part].slice(at + 1);
      return parts.join('.');
    },
  });

/** Puts a member before the others of a JSON text. */
const first = (text, name, value) => text.replace('{', `{${JSON.stringify(name)}:${value},`);

/** `htu` and the URL of the request, made of the request's own. */
const url =
  (htu, asked = (u) => u) =>
  ({ url: own }) => ({
    claims: { htu: htu(own) },
    url: asked(own),
  });

/** What everybody should take. */
const GOOD = {
  good: () => ({}),
  'more claims': claims({ nonce: 'n', extra: { a: [1] }, sub: 'x' }),
  'more header parameters': header({ kid: 'k', cty: 'x', x5t: 'AA', jku: 'https://evil.example/' }),
  'more members of the key': ({ holder }) => ({
    header: { jwk: { ...publicJwk(holder), use: 'sig', kid: 'x', ext: true } },
  }),
  'a fraction of a second': ({ now }) => ({ claims: { iat: now - 0.5 } }),
  'an id of 256 bytes': () => ({ claims: { jti: freshJti().padEnd(256, 'x') } }),
  'a query in the request': url(
    (u) => u,
    (u) => `${u}?a=b&c=%2F`,
  ),
  'the default port': url((u) => u.replace('.com/', '.com:443/')),
  'an upper-case host': url((u) => u.replace('api.example.com', 'API.Example.com')),
  'encoded unreserved letters': url((u) => u.replace('posts', '%70osts')),
  'lower-case encodings': url(
    (u) => `${u}/%2f`,
    (u) => `${u}/%2F`,
  ),
  'dot segments': url((u) => u.replace('/posts', '/x/../posts')),
  'a query in the proof': url(
    (u) => `${u}?x=y`,
    (u) => `${u}?a=b`,
  ),
  'a fragment in the proof': url((u) => `${u}#x`),
  'two slashes': url(
    (u) => `${u}//a`,
    (u) => `${u}//a`,
  ),
  'encoded dot segments': url((u) => u.replace('/posts', '/x/%2e%2e/posts')),
  'typ in upper case': header({ typ: 'DPoP+JWT' }),
  'good by exp and nbf': ({ now }) => ({ claims: { exp: now + 100, nbf: now - 100 } }),
};

/** What somebody at least should refuse. */
const BAD = {
  // Form.
  'two proofs': () => ({ change: (proof) => `${proof}, ${proof}` }),
  'two proofs, a blank between': () => ({ change: (proof) => `${proof} ${proof}` }),
  'a part too many': () => ({ change: (proof) => `${proof}.e30` }),
  'a part too few': () => ({ change: (proof) => proof.slice(0, proof.lastIndexOf('.')) }),
  'no proof': () => ({ change: () => '' }),
  'a padded signature': () => ({ change: (proof) => `${proof}==` }),
  'a padded header': () => ({ spoil: ({ header: text }) => ({ header: `${text}=` }) }),
  'a padded payload': () => ({ spoil: ({ payload }) => ({ payload: `${payload}=` }) }),
  'another letter in the header': flip(0),
  'another letter in the payload': flip(1),
  'another letter in the signature': flip(2),
  'a header that is no object': (_case, { pick }) => ({
    header: pick(['null', '[]', '1', '"x"', '{', '']),
  }),
  'claims that are no object': (_case, { pick }) => ({
    claims: pick(['null', '[]', '1', '"x"', '{', '']),
  }),
  crit: (_case, { pick }) => ({
    header: { crit: pick([['b64'], ['exp'], [], 'x', null]), b64: true },
  }),
  'a claim twice': ({ texts }, { pick }) => ({
    claims: first(texts.claims, pick(['jti', 'htm', 'htu', 'ath']), '"x"'),
  }),
  'a header parameter twice': ({ texts }) => ({ header: first(texts.header, 'typ', '"x"') }),
  'a member of the key twice': ({ texts }) => ({
    header: texts.header.replace('"kty":', '"kty":"oct","kty":'),
  }),
  '9 KiB': () => ({ claims: { filler: 'x'.repeat(7_000) } }),
  'a byte order mark': ({ texts }) => ({ claims: `\ufeff${texts.claims}` }),

  // typ, alg, jwk.
  'another typ': (_case, { pick }) => ({
    header: { typ: pick([undefined, 'JWT', 'at+jwt', 'dpop', '', 1, ['dpop+jwt']]) },
  }),
  'typ as a whole media type': header({ typ: 'application/dpop+jwt' }),
  'alg none': header({ alg: 'none' }),
  'alg none, unsigned': () => ({ header: { alg: 'none' }, signature: '' }),
  'HS256 with the public key': ({ holder, texts }) => {
    const input = `${encode(texts.header.replace(/"alg":"\w+"/, '"alg":"HS256"'))}.${encode(texts.claims)}`;
    const secret = holder.pair.publicKey.export({ type: 'spki', format: 'pem' });
    const mac = createHmac('sha256', secret).update(input).digest('base64url');
    return { change: () => `${input}.${mac}` };
  },
  'another alg': ({ holder }, { pick }) => ({
    header: {
      alg: pick(['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'].filter((a) => a !== holder.alg)),
    },
    alg: holder.alg,
  }),
  ES512: () => ({ by: holderOf('ES512') }),
  'Ed25519, by its newer name': () => ({ by: holderOf('Ed25519') }),
  'no jwk': (_case, { pick }) => ({ header: { jwk: pick([undefined, null, {}, [], 'x', 1]) } }),
  'a private key': ({ holder }) => ({
    header: { jwk: holder.pair.privateKey.export({ format: 'jwk' }) },
  }),
  'an empty private member': ({ holder }) => ({ header: { jwk: { ...publicJwk(holder), d: '' } } }),
  'a made-up private member': ({ holder }, { pick }) => ({
    header: { jwk: { ...publicJwk(holder), [pick(['k', 'oth', 'dp', 'qi'])]: 'AA' } },
  }),
  'a symmetric key': header({
    jwk: { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  }),
  'a key for encryption': ({ holder }) => ({
    header: { jwk: { ...publicJwk(holder), use: 'enc' } },
  }),
  'a key for other operations': ({ holder }) => ({
    header: { jwk: { ...publicJwk(holder), key_ops: ['sign'] } },
  }),
  'a key for another alg': ({ holder }) => ({
    header: { jwk: { ...publicJwk(holder), alg: holder.alg === 'ES256' ? 'ES384' : 'ES256' } },
  }),
  'RSA of 1024 bits': () => ({ by: WEAK }),
  'a padded member of the key': ({ holder }) => {
    const jwk = publicJwk(holder);
    const name = jwk.n ? 'n' : 'x';
    return { header: { jwk: { ...jwk, [name]: `${jwk[name]}=` } } };
  },
  'the key of somebody else': () => ({ header: { jwk: publicJwk(STRANGER) } }),
  'somebody else’s proof': () => ({ signer: STRANGER }),
  'somebody else’s signature': ({ holder }) => ({
    signer: makeKey(holder.alg === 'EdDSA' ? 'EdDSA' : 'ES256'),
    header: { jwk: publicJwk(holder), alg: holder.alg },
  }),
  'a signature in DER': () => ({ signature: 'MEUCIQ' }),
  'a signature of zeros': () => ({ signature: Buffer.alloc(64).toString('base64url') }),

  // Claims.
  'a claim too few': (_case, { pick }) => ({
    claims: { [pick(['jti', 'htm', 'htu', 'iat', 'ath'])]: undefined },
  }),
  'htm of another type': (_case, { pick }) => ({ claims: { htm: pick(OTHER_TYPES) } }),
  'htu of another type': (_case, { pick }) => ({ claims: { htu: pick(OTHER_TYPES) } }),
  'ath of another type': (_case, { pick }) => ({ claims: { ath: pick(OTHER_TYPES) } }),
  'jti of another type': (_case, { pick }) => ({ claims: { jti: pick([true, ['a'], {}, 1]) } }),
  'jti null': claims({ jti: null }),
  'an empty jti': claims({ jti: '' }),
  'iat of another type': (_case, { pick }) => ({ claims: { iat: pick([null, true, [], {}, '']) } }),
  'iat as a string': ({ now }) => ({ claims: { iat: String(now) } }),
  'iat 1e999': ({ texts }) => ({ claims: texts.claims.replace(/"iat":[\d.]+/, '"iat":1e999') }),
  'an id of 257 bytes': () => ({ claims: { jti: freshJti().padEnd(257, 'x') } }),
  'another method': (_case, { pick }) => ({
    claims: { htm: pick(['GET', 'PUT', 'HEAD', 'POSTS']) },
  }),
  'the method in lower case': claims({ htm: 'post' }),
  'another token': ({ otherToken }) => ({ claims: { ath: sha256(otherToken) } }),
  'ath in hex': ({ token }) => ({
    claims: { ath: Buffer.from(sha256(token), 'base64url').toString('hex') },
  }),
  'a padded ath': ({ token }) => ({ claims: { ath: `${sha256(token)}=` } }),
  'a proof for the token endpoint': claims({ ath: undefined }),
  '61 to 300 seconds old': ({ now }, { below }) => ({ claims: { iat: now - 62 - below(200) } }),
  older: ({ now }, { below }) => ({ claims: { iat: now - 400 - below(1e6) } }),
  '61 to 300 seconds ahead': ({ now }, { below }) => ({ claims: { iat: now + 63 + below(200) } }),
  'further ahead': ({ now }, { below }) => ({ claims: { iat: now + 400 + below(1e6) } }),
  'a negative iat': claims({ iat: -1 }),
  'ended, by exp': ({ now }) => ({ claims: { exp: now - 100 } }),
  'exp of another type': ({ now }, { pick }) => ({
    claims: { exp: pick([String(now + 100), null, true, {}]) },
  }),
  'not begun, by nbf': ({ now }) => ({ claims: { nbf: now + 1_000 } }),
  'nbf of another type': (_case, { pick }) => ({ claims: { nbf: pick(['0', null, true, {}]) } }),

  // htu.
  'another scheme': url((u) => u.replace('https', 'http')),
  'another port': url((u) => u.replace('.com/', '.com:8443/')),
  'another host': url((u) => u.replace('api.', 'evil.')),
  'a host with a final dot': url((u) => u.replace('.com/', '.com./')),
  'another path': url((u) => `${u}/x`),
  'a trailing slash': url((u) => `${u}/`),
  'another case of the path': url((u) => u.replace('/posts', '/Posts')),
  'an encoded slash': url(
    (u) => `${u}%2Fa`,
    (u) => `${u}/a`,
  ),
  'two slashes in the proof': url((u) => u.replace('/posts', '//posts')),
  'a user in the proof': url((u) => u.replace('https://', 'https://user:pass@')),
  'a backslash in the proof': url((u) => u.replace('/posts', '\\posts')),
  'a blank in the proof': url(
    (u) => `${u}/a b`,
    (u) => `${u}/a%20b`,
  ),
  'blanks around the URL': url((u) => ` ${u} `),
  'a tab in the URL': url((u) => u.replace('posts', 'po\tsts')),
  'letters beyond ASCII': url(
    (u) => `${u}/\u00e4`,
    (u) => `${u}/%C3%A4`,
  ),
  'no URL': url(() => 'posts'),
  'a URL without a scheme': url((u) => u.replace('https:', '')),
  'one slash after the scheme': url((u) => u.replace('https://', 'https:/')),

  // The same proof again.
  'once more': () => ({ again: true }),
};

module.exports = { BAD, GOOD };
