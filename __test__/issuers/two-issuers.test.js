'use strict';

// Two issuers at once: tokens that mix issuer, key, `kid`, audience and claims of the two. What passes, and at which
// issuer, has to be what jose says with the entry whose `issuer` is the token's `iss`, to the byte.
// `TOKENS=100000` tries more, `SEED=` others.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { loadJose } = require('../support/oidc/index.js');
const { randomOf, seedOf } = require('../support/random.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { makeKey, setOf, sign } = require('../support/tokens.js');

const TOKENS = Number(process.env.TOKENS ?? 25_000);
const BATCH = 1_000;

const KEYS = {
  // The same `kid` at both issuers, and one that only one of them has.
  sharedOfA: makeKey('ES256', { kid: 'shared' }),
  sharedOfB: makeKey('ES256', { kid: 'shared' }),
  onlyA: makeKey('EdDSA', { kid: 'only-a' }),
  onlyB: makeKey('EdDSA', { kid: 'only-b' }),
  stranger: makeKey('ES256', { kid: 'shared' }),
};

const now = Math.floor(Date.now() / 1000);
const TIMES = { iat: now, exp: now + 3600 };

let a;
let b;
let entries;

/** The options of the two entries, with what their own tokens say. */
function makeEntries() {
  return {
    a: {
      options: {
        issuer: a.origin,
        audience: ['api://a', 'api://both'],
        requiredClaims: { env: ['a', 'both'] },
      },
      key: [KEYS.sharedOfA, KEYS.onlyA],
      claims: { iss: a.origin, aud: 'api://a', env: 'a', client_id: 'client-a' },
      fits: ({ aud, env }) =>
        [aud].flat().some((one) => one === 'api://a' || one === 'api://both') &&
        (env === 'a' || env === 'both'),
    },
    b: {
      options: {
        issuer: b.origin,
        audience: false,
        clientIds: ['client-b', 'client-both'],
        requiredClaims: { env: ['b', 'both'], use: 1 },
      },
      key: [KEYS.sharedOfB, KEYS.onlyB],
      claims: { iss: b.origin, env: 'b', client_id: 'client-b', use: 1 },
      fits: ({ aud, env, use, client_id, azp }) =>
        aud === undefined &&
        (env === 'b' || env === 'both') &&
        use === 1 &&
        ['client-b', 'client-both'].includes(client_id === undefined ? azp : client_id),
    },
  };
}

/** Values of `iss` that only a comparison of bytes tells from the two issuers. */
const nearly = () =>
  [a.origin, b.origin].flatMap((url) => [
    ...[
      url,
      url,
      url,
      `${url}/`,
      `${url}//`,
      `${url}?`,
      `${url}#`,
      ` ${url}`,
      `${url} `,
      `${url}\0`,
    ],
    ...[url.toUpperCase(), url.replace('http', 'HTTP'), url.slice(0, -1), `${url}0`, `${url}/a`],
    ...[url.replace('127.0.0.1', 'localhost'), url.replace('127.0.0.1', '127.1'), url.slice(7)],
    ...[
      url.replace('127', '%3127'),
      `${url}\u200b`,
      `${url},${b.origin}`,
      [url],
      [a.origin, b.origin],
    ],
    ...[{ [url]: url }, { toString: url }],
  ]);

/** One token: all that its entry asks for, and up to three things changed. */
function makeToken(random, issuers) {
  const { below, pick } = random;
  const entry = pick([entries.a, entries.b]);
  let key = pick(entry.key);
  const header = {};
  const claims = { ...entry.claims, ...TIMES, sub: String(below(1e9)) };
  const changes = [
    () => {
      claims.iss = pick(issuers);
    },
    () => {
      claims.iss = pick([undefined, null, 5, '', true]);
    },
    () => {
      key = pick(Object.values(KEYS));
    },
    () => {
      header.kid = pick(['shared', 'only-a', 'only-b', undefined, 'none', '']);
    },
    () => {
      claims.aud = pick([
        ...[
          'api://a',
          'api://b',
          'api://both',
          undefined,
          '',
          [],
          ['api://a'],
          ['x', 'api://both'],
        ],
        ...['API://a', 'api://a ', null, ['client-b']],
      ]);
    },
    () => {
      claims.env = pick(['a', 'b', 'both', 'c', undefined, ['a'], null, 'A', 'bot']);
    },
    () => {
      claims.client_id = pick(['client-a', 'client-b', 'client-both', undefined, '', ['client-b']]);
    },
    () => {
      claims.azp = pick(['client-a', 'client-b', 'client-both', undefined]);
    },
    () => {
      claims.use = pick([1, '1', true, 2, undefined, [1]]);
    },
    // The whole of the other one's claims, with this one's key.
    () => {
      Object.assign(claims, pick([entries.a.claims, entries.b.claims]));
    },
  ];
  for (let count = below(4); count > 0; count -= 1) pick(changes)();
  return { token: sign(key, { header, claims }), claims };
}

describe('two issuers at once', () => {
  let jose;
  let sets;
  before(async () => {
    jose = await loadJose();
    const { sharedOfA, onlyA, sharedOfB, onlyB } = KEYS;
    a = await startFaultyTenant({ jwks: setOf(sharedOfA, onlyA) });
    b = await startFaultyTenant({ jwks: setOf(sharedOfB, onlyB) });
    entries = makeEntries();
    sets = new Map([
      [a.origin, { entry: entries.a, keys: jose.createLocalJWKSet(a.jwks) }],
      [b.origin, { entry: entries.b, keys: jose.createLocalJWKSet(b.jwks) }],
    ]);
  });
  after(async () => {
    await a?.close();
    await b?.close();
  });

  /** Whether jose lets a token pass with the entry of its `iss`. */
  async function second({ token, claims }) {
    const found = typeof claims.iss === 'string' ? sets.get(claims.iss) : undefined;
    if (found === undefined || !found.entry.fits(claims)) return false;
    return jose.jwtVerify(token, found.keys, { issuer: claims.iss }).then(
      () => true,
      () => false,
    );
  }

  const first = (client, { token }) =>
    client.validateAccessToken(token).then(
      ({ iss, sub }) => ({ iss, sub }),
      ({ name, code }) => {
        assert.deepEqual([name, code], ['MonoCloudTokenError', 'invalid_token']);
        return undefined;
      },
    );

  it(`let pass what jose does, of ${TOKENS} tokens`, async () => {
    const random = randomOf(seedOf());
    const issuers = nearly();
    const [ofA, ofB] = [entries.a.options, entries.b.options];
    const clients = [
      [ofA, ofB],
      [ofB, ofA],
    ].map((list) => new MonoCloudBackendNodeClient({ issuers: list }));
    const passed = { [a.origin]: 0, [b.origin]: 0 };
    const wrong = [];
    for (let done = 0; done < TOKENS; done += BATCH) {
      const made = Array.from({ length: BATCH }, () => makeToken(random, issuers));
      const client = clients[(done / BATCH) % 2];
      const answers = await Promise.all(made.map((one) => first(client, one)));
      const opinions = await Promise.all(made.map(second));
      for (const [index, { claims }] of made.entries()) {
        const answer = answers[index];
        if ((answer !== undefined) !== opinions[index]) wrong.push({ claims, answer });
        if (answer === undefined) continue;
        assert.deepEqual(answer, { iss: claims.iss, sub: claims.sub });
        passed[claims.iss] += 1;
      }
    }
    assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} of ${TOKENS}`);
    for (const [url, count] of Object.entries(passed)) {
      assert.ok(count > TOKENS / 20 && count < TOKENS / 2, `${count} passed at ${url}`);
    }
  });

  it('know a seen token at its own issuer only', async () => {
    const client = new MonoCloudBackendNodeClient({
      issuers: [entries.a.options, entries.b.options],
    });
    const [key] = entries.a.key;
    const claims = { ...entries.a.claims, ...TIMES, env: 'both', use: 1, client_id: 'client-both' };
    const token = sign(key, { claims });
    const [header, , signature] = token.split('.');
    for (let count = 0; count < 3; count += 1) {
      assert.equal((await client.validateAccessToken(token)).iss, a.origin);
      const moved = { ...claims, iss: b.origin, aud: undefined };
      const payload = Buffer.from(JSON.stringify(moved)).toString('base64url');
      const others = [`${header}.${payload}.${signature}`, sign(key, { claims: moved })];
      for (const other of others) {
        await assert.rejects(client.validateAccessToken(other), { code: 'invalid_token' });
      }
    }
  });

  it('are told apart by the text of `iss`, however JSON spells it', async () => {
    const client = new MonoCloudBackendNodeClient({
      issuers: [entries.a.options, entries.b.options],
    });
    const spelled = (iss) =>
      sign(KEYS.onlyA, {
        claims: JSON.stringify({ ...entries.a.claims, ...TIMES }).replace(
          JSON.stringify(a.origin),
          iss,
        ),
      });
    for (const iss of [
      JSON.stringify(a.origin).replaceAll('/', '\\/'),
      JSON.stringify(a.origin).replace('h', '\\u0068'),
    ]) {
      assert.equal((await client.validateAccessToken(spelled(iss))).iss, a.origin, iss);
    }
    for (const iss of [
      `${JSON.stringify(b.origin)},"iss":${JSON.stringify(a.origin)}`,
      `${JSON.stringify(a.origin)},"\\u0069ss":${JSON.stringify(b.origin)}`,
      `[${JSON.stringify(a.origin)}]`,
    ]) {
      await assert.rejects(
        client.validateAccessToken(spelled(iss)),
        { code: 'invalid_token' },
        iss,
      );
    }
  });

  it('are asked for their own tokens only, and nobody for those of others', async (t) => {
    const [one, two] = [
      await startFaultyTenant({ jwks: a.jwks }),
      await startFaultyTenant({ jwks: b.jwks }),
    ];
    t.after(() => Promise.all([one.close(), two.close()]));
    const client = new MonoCloudBackendNodeClient({
      issuers: [one, two].map(({ origin }) => ({ issuer: origin, audience: 'api://a' })),
    });
    const tokenOf = (iss, kid) =>
      sign(KEYS.onlyA, { header: { kid }, claims: { ...TIMES, iss, aud: 'api://a' } });
    for (const iss of [
      `${one.origin}/`,
      'https://evil.example',
      undefined,
      [one.origin],
      one.origin.slice(7),
    ]) {
      await assert.rejects(client.validateAccessToken(tokenOf(iss, 'only-a')), {
        code: 'invalid_token',
      });
    }
    assert.deepEqual([one.asked, two.asked], [[], []]);
    await client.validateAccessToken(tokenOf(one.origin, 'only-a'));
    assert.deepEqual([one.asked, two.asked], [['discovery', 'jwks'], []]);
    await assert.rejects(client.validateAccessToken(tokenOf(one.origin, 'only-b')));
    assert.deepEqual(two.asked, []);
    await assert.rejects(client.validateAccessToken(tokenOf(two.origin, 'only-a')));
    assert.ok(two.asked.includes('jwks'));
  });
});
