'use strict';

// Generated proofs, good and bad, judged by this package, by oauth4webapi's `validateJwtAccessToken` and by
// express-oauth2-jwt-bearer in one run. What this package accepts, one of them accepts too; where the three differ, the
// table below says by which paragraph.
//
// `DPOP_DIFFERENTIAL=20000 node --test __test__/dpop/differential.test.js` judges 20,000; `SEED=` others.

const assert = require('node:assert/strict');
const { webcrypto } = require('node:crypto');
const { after, before, describe, it } = require('node:test');
const { auth } = require('express-oauth2-jwt-bearer');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { randomOf, seedOf } = require('../support/random.js');
const { BAD, GOOD } = require('./mutations.js');
const {
  METHOD,
  freshJti,
  holderOf,
  proofOf,
  publicJwk,
  seconds,
  sha256,
  thumbprintOf,
} = require('./support.js');

const COUNT = Number(process.env.DPOP_DIFFERENTIAL ?? 1_500);
const SEED = seedOf({ long: process.env.DPOP_DIFFERENTIAL !== undefined });
const HOLDERS = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'];
const ALGORITHMS = [...HOLDERS, 'ES512', 'Ed25519', 'PS384', 'PS512', 'RS384', 'RS512'];
/** Equal windows for `iat`, where they can be set. */
const WINDOW = 60;

/**
 * Why the verdicts of a kind differ: `p` passed, `r` was refused; this package's, oauth4webapi's and
 * express-oauth2-jwt-bearer's. Several words: it depends on the choice that the kind leaves.
 */
const DISAGREEMENTS = {
  'encoded unreserved letters': ['prp', 'RFC 9449 §4.3 point 9, RFC 3986 §6.2.2.2: %70 is p'],
  'lower-case encodings': ['prp', 'RFC 9449 §4.3 point 9, RFC 3986 §6.2.2.1: %2f is %2F'],
  'Ed25519, by its newer name': ['ppr', 'RFC 9864 §2.2 has the name since 2025'],
  ES512: ['rpp', 'RFC 9449 §4.3 point 5: acceptable per local policy, which does not have it'],
  'an id of 257 bytes': ['rpp', 'RFC 9449 §11.1: excessively large values of jti may be rejected'],
  '9 KiB': ['rpp', 'RFC 9449 §11.1, the same for a whole proof'],
  'once more': ['rpp', 'RFC 9449 §11.1: a jti that was seen is rejected; the others remember none'],
  '61 to 300 seconds old': ['rpr', 'RFC 9449 §4.3 point 11: an acceptable window, here 60 s'],
  '61 to 300 seconds ahead': ['rpr', 'RFC 9449 §11.1: slightly in the future, here 60 s'],
  'an empty jti': ['rpr', 'RFC 9449 §4.2: jti is a unique identifier'],
  'jti of another type': ['rrp', 'RFC 7519 §4.1.7: jti is a string'],
  'the method in lower case': ['rrp', 'RFC 9110 §9.1: methods are case-sensitive'],
  'typ as a whole media type': ['rpp', 'RFC 9449 §4.3 point 4: typ has the value dpop+jwt'],
  crit: ['rrp', 'RFC 7515 §4.1.11: crit is a list of names that are understood'],
  'a claim twice': ['rpp', 'RFC 7519 §4: names are unique; such a JWT may be rejected'],
  'a header parameter twice': ['rpp', 'RFC 7515 §4: names are unique; such a JWS may be rejected'],
  'a member of the key twice': ['rpp', 'RFC 7517 §4: names are unique; such a JWK may be rejected'],
  'a byte order mark': ['rpp', 'RFC 8259 §8.1: a sender must not add one; a parser may refuse it'],
  'a padded header': ['rrp rpp', 'RFC 7515 §2: base64url with all trailing "=" omitted'],
  'a padded payload': ['rrp rpp', 'RFC 7515 §2'],
  'a padded signature': ['rrp rpp', 'RFC 7515 §2'],
  'another letter in the header': ['rrp rpp', 'RFC 4648 §3.5: the bits that pad are zero'],
  'another letter in the payload': ['rrp rpp', 'RFC 4648 §3.5'],
  'another letter in the signature': ['rrp rpp', 'RFC 4648 §3.5'],
  'an empty private member': ['rrp', 'RFC 9449 §4.3 point 7: jwk has no private key'],
  'a made-up private member': ['rrp rpp', 'RFC 9449 §4.3 point 7, RFC 7518 §6: of any type of key'],
  'a key for encryption': ['rpp rrp', 'RFC 7517 §4.2: use says what a key is for'],
  'a key for other operations': ['rpp rrp', 'RFC 7517 §4.3: key_ops says what a key is for'],
  'a key for another alg': ['rrp', 'RFC 7517 §4.4: alg says what a key is for'],
  'a user in the proof': ['rrp', 'RFC 9110 §4.2.4: no user information in http URIs'],
  'a backslash in the proof': [
    'rpp',
    'RFC 3986 §3.3: no character of a path; a URL parser repairs it',
  ],
  'a blank in the proof': ['rpp', 'RFC 3986 §3.3'],
  'blanks around the URL': ['rpp', 'RFC 3986 §3.1: a scheme begins with a letter'],
  'a tab in the URL': ['rpp', 'RFC 3986 §3.3'],
  'letters beyond ASCII': ['rpp', 'RFC 3986 §2.5: they are encoded'],
  'one slash after the scheme': ['rpp', 'RFC 3986 §3.2: "//" comes before an authority'],
};

globalThis.crypto ??= webcrypto;

const KINDS = { ...GOOD, ...BAD };

let oauth;
let as;
let tenant;
let client;
let middleware;

before(async () => {
  oauth = await import('oauth4webapi');
  tenant = await createTestTenant({ algorithms: ['ES256', 'RS256'] });
  client = new MonoCloudBackendNodeClient(tenant.clientOptions({ dpop: 'required' }));
  const issuer = new URL(tenant.tenantDomain);
  const insecure = { [oauth.allowInsecureRequests]: true };
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
  middleware = auth({
    issuerBaseURL: tenant.tenantDomain,
    audience: tenant.audience,
    dpop: { enabled: true, required: true, iatOffset: WINDOW, iatLeeway: WINDOW },
  });
});
after(() => tenant?.close());

const passes = (call) =>
  call.then(
    () => true,
    () => false,
  );

const ours = ({ token, proof, url }) =>
  passes(client.validateAccessToken(token, { dpop: { proof, method: METHOD, url } }));

const headersOf = ({ token, proof }) => ({
  authorization: `DPoP ${token}`,
  ...(proof === '' ? {} : { dpop: proof }),
});

async function oauth4webapi(given) {
  const request = new Request(given.url, { method: METHOD, headers: headersOf(given) });
  return passes(
    oauth.validateJwtAccessToken(as, request, tenant.audience, {
      requireDPoP: true,
      signingAlgorithms: ALGORITHMS,
      [oauth.allowInsecureRequests]: true,
    }),
  );
}

/** Express's request, as far as the middleware looks at it. */
async function jwtBearer(given) {
  const { protocol, host, href, origin } = new URL(given.url);
  const headers = { host, ...headersOf(given) };
  const request = {
    method: METHOD,
    protocol: protocol.slice(0, -1),
    originalUrl: given.url.startsWith(origin) ? given.url.slice(origin.length) : href,
    headers,
    query: {},
    get: (name) => headers[name.toLowerCase()],
    is: () => false,
  };
  return new Promise((resolve) => {
    middleware(request, {}, (error) => resolve(error === undefined));
  });
}

/** Tokens by holder: each costs a signature. */
const tokens = new Map();
async function tokenOf(holder) {
  if (!tokens.has(holder)) {
    const jkt = thumbprintOf(holder);
    const issue = () => tenant.issueToken({ jkt, alg: 'ES256', expiresIn: 3_600 });
    tokens.set(holder, { token: await issue(), otherToken: await issue() });
  }
  return tokens.get(holder);
}

/** A request of a kind: `{ token, proof, url, again }`. */
async function make(kind, random) {
  let holder = holderOf(random.pick(HOLDERS));
  const now = seconds();
  const url = `https://api.example.com/posts/${random.below(1_000_000)}`;
  const good = async () => {
    const { token, otherToken } = await tokenOf(holder);
    const texts = {
      header: JSON.stringify({ typ: 'dpop+jwt', alg: holder.alg, jwk: publicJwk(holder) }),
      claims: JSON.stringify({
        jti: freshJti(),
        htm: METHOD,
        htu: url,
        iat: now,
        ath: sha256(token),
      }),
    };
    return { holder, token, otherToken, url, now, texts };
  };
  let given = await good();
  let parts = KINDS[kind](given, random);
  if (parts.by !== undefined) {
    holder = parts.by;
    given = await good();
    parts = { ...KINDS[kind](given, random), by: undefined };
  }
  const {
    change = (proof) => proof,
    signer = holder,
    again = false,
    url: asked = url,
    ...rest
  } = parts;
  const claims = typeof rest.claims === 'string' ? rest.claims : { htu: url, ...rest.claims };
  const proof = change(proofOf(signer, given.token, { alg: signer.alg, ...rest, claims }));
  return { token: given.token, proof, url: asked, again };
}

describe(`${COUNT} proofs, SEED=${SEED}`, { timeout: 3_600_000 }, () => {
  it('are judged alike, or differently by a paragraph', async () => {
    const random = randomOf(SEED);
    const kinds = Object.keys(KINDS);
    const good = Object.keys(GOOD);
    const counts = { ppp: 0, rrr: 0 };
    const unseen = new Set(Object.keys(DISAGREEMENTS));
    for (let i = 0; i < COUNT; i += 1) {
      // Each kind at least once; of the others a third is good.
      const kind = i < kinds.length ? kinds[i] : random.pick(random.below(3) === 0 ? good : kinds);
      const given = await make(kind, random);
      if (given.again) assert.equal(await ours(given), true, kind);
      const verdicts = await Promise.all([ours(given), oauth4webapi(given), jwtBearer(given)]);
      const word = verdicts.map((passed) => (passed ? 'p' : 'r')).join('');
      const what = `${kind}: ${word}, ${JSON.stringify(given)}`;

      assert.notEqual(word, 'prr', what);
      if (kind in GOOD) assert.equal(verdicts[0], true, what);
      // A letter may have been replaced by itself.
      else if (!kind.startsWith('another letter')) assert.notEqual(word, 'ppp', what);
      counts[word] = (counts[word] ?? 0) + 1;
      if (word === 'ppp' || word === 'rrr') continue;
      const [words = ''] = DISAGREEMENTS[kind] ?? [];
      assert.ok(words.split(' ').includes(word), what);
      unseen.delete(kind);
    }
    // Each row of the table was needed; whether a replaced letter only changes padding is left to chance.
    const gone = [...unseen].filter((kind) => !kind.startsWith('another letter'));
    if (COUNT >= 1_500) assert.deepEqual(gone, []);
    assert.ok(counts.ppp > COUNT / 4 && counts.rrr > COUNT / 8, JSON.stringify(counts));
  });
});
