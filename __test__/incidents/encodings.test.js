'use strict';

// Two encodings of one token, and caches that might mistake one token for another.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { createMemoryCache } = require('@monocloud/backend-node/cache');
const { recordIntrospections } = require('../support/introspection.js');
const { sendJson } = require('../support/faulty-tenant.js');
const { startTally } = require('../support/tally.js');
const { makeKey } = require('../support/tokens.js');
const { inHouse, suiteHouse } = require('./support.js');

const tally = startTally('incidents/encodings');
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const key = makeKey('ES256');

/** What a part could be written as instead, and still mean the same to a reader who does not mind. */
function respellings(part) {
  const others = {
    padding: `${part}${'='.repeat((4 - (part.length % 4)) % 4)}`,
    'one =': `${part}=`,
    'four =': `${part}====`,
    '= before it': `=${part}`,
    'the standard alphabet': part.replaceAll('-', '+').replaceAll('_', '/'),
    'one + for -': part.replace('-', '+'),
    'one / for _': part.replace('_', '/'),
    'a comma for _': part.replace('_', ','),
    'upper case': part.toUpperCase(),
    'lower case': part.toLowerCase(),
    'percent-encoded': part.replaceAll('-', '%2D').replaceAll('_', '%5F'),
    'one letter percent-encoded': part.replace(/[A-Z]/, (c) => `%${c.charCodeAt(0).toString(16)}`),
    'wide letters': part.replace(/[A-Za-z]/, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
    'a look-alike': part.replace(/[aeo]/, (c) => ({ a: 'а', e: 'е', o: 'о' })[c]),
    'a zero-width space': `${part.slice(0, 5)}\u200b${part.slice(5)}`,
    'a soft hyphen': `${part.slice(0, 5)}\u00ad${part.slice(5)}`,
    'a combining mark': `${part.slice(0, 5)}\u0301${part.slice(5)}`,
    'a byte order mark': `${part.slice(0, 5)}\ufeff${part.slice(5)}`,
    NUL: `${part.slice(0, 5)}\0${part.slice(5)}`,
    'a letter more': `${part}A`,
    'four letters more': `${part}AAAA`,
    'a quote': `"${part}"`,
    'a backslash': `${part.slice(0, 5)}\\${part.slice(5)}`,
    'a percent sign at its end': `${part}%`,
  };
  for (const space of [' ', '\t', '\n', '\r\n', '\v', '\f', '\u00a0', '\u2028']) {
    others[`${JSON.stringify(space)} amid it`] = `${part.slice(0, 7)}${space}${part.slice(7)}`;
  }
  // RFC 4648 §3.5: the bits of the last letter that no byte takes must be zero, or one token has up
  // to sixteen spellings.
  const spare = { 2: 16, 3: 4 }[part.length % 4] ?? 1;
  const last = ALPHABET.indexOf(part.at(-1));
  for (let bits = 1; bits < spare; bits += 1) {
    others[`${bits} in the spare bits`] = part.slice(0, -1) + ALPHABET[last + bits];
  }
  return Object.entries(others).filter(([, other]) => other !== part);
}

/** Every respelling of a token, part by part, and the reason why each is another token. */
function variantsOf(token) {
  const parts = token.split('.');
  const reasons = ['malformed_header', 'invalid_signature', 'invalid_signature'];
  const variants = [];
  parts.forEach((part, index) => {
    for (const [how, other] of respellings(part)) {
      const text = parts.map((own, at) => (at === index ? other : own)).join('.');
      // At its very ends an adapter trims a token, as it does a header.
      if (text.trim() === text)
        variants.push({ text, reason: reasons[index], note: `${how}, part ${index}` });
    }
  });
  return variants;
}

/** Tokens whose parts have every length modulo four that base64url has, and both odd letters. */
function genuine(house) {
  const tokens = [];
  for (let length = 0; length < 3; length += 1) {
    for (let attempt = 0; ; attempt += 1) {
      const header = { x: '>'.repeat(length), y: '\u00ff>?~' };
      const claims = house.claims({ x: '?'.repeat(length), jti: `\u00ff>?~${attempt}` });
      const token = house.sign(key, { header, claims });
      const parts = token.split('.');
      if (!parts.every((part) => part.includes('-') || part.includes('_'))) continue;
      tokens.push(token);
      break;
    }
  }
  return tokens;
}

/** A cache that writes down what it was told, as a user would write it. */
function recordingCache() {
  const entries = new Map();
  return {
    entries,
    get: async (token) => entries.get(token)?.claims,
    set: async (token, claims, expiresAt) => entries.set(token, { claims, expiresAt }),
    delete: async (token) => entries.delete(token),
  };
}

const caches = {
  'without a cache': () => undefined,
  'with a cache of the user’s own': recordingCache,
  'with createMemoryCache()': () => createMemoryCache(),
};

for (const [which, makeCache] of Object.entries(caches)) {
  describe(`two encodings of one token, ${which}`, () => {
    let cache;
    const house = suiteHouse({ before, after }, tally, () => {
      cache = makeCache();
      // The caches are the client's: to try them by every major of the frameworks would prove no more.
      return { keys: [key], options: { cache }, latest: cache !== undefined };
    });

    it('no other spelling passes, neither before nor after the genuine one', async () => {
      const tokens = genuine(house());
      for (const token of tokens) {
        const variants = variantsOf(token);
        assert.ok(variants.length > 60, `only ${variants.length} variants`);
        const [first] = variants;
        await house().refuses(first.text, first.reason, { note: `first of all, ${first.note}` });
        await house().accepts(token);
        await house().accepts(token, undefined, { note: 'once more' });
        for (const { text, reason, note } of variants) {
          await house().refuses(text, reason, { note });
        }
        await house().accepts(token, undefined, { note: 'after them' });
      }
      if (cache?.entries) assert.deepEqual([...cache.entries.keys()].sort(), [...tokens].sort());
    });

    it('nor beside it, in the same moment', async () => {
      const [token] = genuine(house());
      const variants = variantsOf(token);
      const { client } = house();
      const outcomes = await Promise.all(
        variants
          .flatMap(({ text }) => [text, token])
          .map((text) =>
            client.validateAccessToken(text).then(
              () => text,
              () => undefined,
            ),
          ),
      );
      tally.inputs += variants.length;
      const passed = new Set(outcomes.filter(Boolean));
      assert.deepEqual([...passed], [token]);
      assert.equal(outcomes.filter(Boolean).length, variants.length);
    });

    it('white space around a token goes with the header, and never into what is looked up', async () => {
      const [token] = genuine(house());
      for (const text of [` ${token}`, `${token} `, `\t${token}\r\n`, `\u00a0${token}\ufeff`]) {
        tally.inputs += 1;
        const { error, responses } = await house().answers(text);
        assert.match(error.reason, /^(malformed_header|invalid_signature)$/);
        assert.ok(responses.every(({ status }) => status === 200));
      }
      if (cache?.entries) {
        for (const stored of cache.entries.keys()) assert.equal(stored, stored.trim());
      }
    });
  });
}

describe('an opaque token has one spelling, too', () => {
  for (const [which, makeCache] of Object.entries(caches)) {
    it(which, async () => {
      const known = '-_known-Opaque.Token_42';
      const setup = {
        options: ({ credentials }) => ({
          ...credentials,
          cache: makeCache(),
          introspectionCacheDuration: 60,
        }),
      };
      await inHouse(tally, setup, async (house) => {
        const claims = house.claims();
        recordIntrospections(house.tenant, (response, { form }) =>
          sendJson(
            response,
            form.token === known ? { active: true, ...claims } : { active: false },
          ),
        );
        await house.accepts(known, claims);
        await house.accepts(known, claims, { note: 'once more' });
        for (const [note, other] of respellings(known)) {
          if (other.trim() === other && other.split('.').length < 3) {
            await house.refuses(other, 'inactive', { note });
          }
        }
        await house.accepts(known, claims, { note: 'after them' });
      });
    });
  }
});

describe('no cache may mistake one token for another', () => {
  const partOf = (token, index) => token.split('.')[index];
  const claimsOf = (token) => JSON.parse(Buffer.from(partOf(token, 1) ?? '', 'base64url'));
  /** Keys that people have built, each of which is the same for tokens that are not. */
  const careless = {
    'one for all': () => 'all',
    'the audience': (token) => `aud=${claimsOf(token).aud}`,
    'issuer and subject': (token) => `${claimsOf(token).iss}|${claimsOf(token).sub}`,
    'the header': (token) => partOf(token, 0),
    'its first 32 letters': (token) => token.slice(0, 32),
    'its length': (token) => String(token.length),
    'lower case': (token) => token.toLowerCase(),
  };
  const carelessCache = (keyOf) => {
    const inner = recordingCache();
    const guarded = (token) => {
      try {
        return keyOf(token);
      } catch {
        return token;
      }
    };
    return {
      get: (token) => inner.get(guarded(token)),
      set: (token, ...rest) => inner.set(guarded(token), ...rest),
      delete: (token) => inner.delete(guarded(token)),
    };
  };

  for (const [how, keyOf] of Object.entries(careless)) {
    it(`GHSA-rp9m-7r4c-75qg (CVE-2026-35039): a cache whose key is ${how}`, async () => {
      const setup = {
        keys: [key],
        options: { cache: carelessCache(keyOf) },
        routes: { '/admin': { scopes: ['admin'] } },
      };
      await inHouse(tally, setup, async (house) => {
        const admin = house.sign(key, { claims: house.claims({ jti: 'a', scope: 'admin' }) });
        const user = house.sign(key, { claims: house.claims({ jti: 'b', scope: 'basic' }) });
        const stale = house.sign(key, {
          claims: house.claims({ jti: 'c', scope: 'admin', exp: 1 }),
        });
        const other = house.sign(key, {
          claims: house.claims({ jti: 'd', scope: 'admin', aud: 'https://b' }),
        });
        const forged = house.sign(makeKey('ES256'), {
          claims: house.claims({ jti: 'e', scope: 'admin' }),
        });
        for (const _ of [1, 2]) {
          await house.accepts(admin, undefined, { note: 'admin' });
          await house.accepts(admin, undefined, { path: '/admin', note: 'admin' });
          await house.accepts(user, undefined, { note: 'user' });
          await house.refuses(user, 'missing_scopes', { path: '/admin', note: 'user' });
          await house.accepts(admin, undefined, { note: 'admin again' });
          await house.refuses(stale, 'expired', { note: 'stale' });
          await house.refuses(other, 'audience_mismatch', { note: 'for another API' });
          await house.refuses(forged, 'invalid_signature', { note: 'forged' });
        }
      });
    });
  }

  it('CVE-2025-59936: one cache and one kid for two tenants', async () => {
    const cache = recordingCache();
    const evil = makeKey('ES256');
    await inHouse(tally, { keys: [key], options: { cache } }, (house) =>
      inHouse(tally, { keys: [evil], options: { cache } }, async (stranger) => {
        const mine = house.sign(key);
        const theirs = stranger.sign(evil);
        // Signed by the stranger's key, in the name of the tenant, and the other way round.
        const poisoned = house.sign(evil);
        const crossed = stranger.sign(key);
        for (const _ of [1, 2]) {
          await stranger.accepts(theirs);
          await house.refuses(theirs, 'invalid_signature');
          await house.refuses(poisoned, 'invalid_signature');
          await stranger.refuses(poisoned, 'issuer_mismatch');
          await house.accepts(mine);
          await stranger.refuses(mine, 'invalid_signature');
          await stranger.refuses(crossed, 'invalid_signature');
        }
        // And with an issuer that is a list of both, as the cached key was once found by its first.
        for (const iss of [
          [house.tenant.issuer, stranger.tenant.issuer],
          [stranger.tenant.issuer],
        ]) {
          const claims = house.claims({ iss });
          await house.refuses(house.sign(key, { claims }), 'issuer_mismatch');
          await stranger.refuses(stranger.sign(evil, { claims }), 'issuer_mismatch');
        }
        // A kid that runs into the issuer, where the two are put together to one key.
        const kid = `one${house.tenant.issuer}`;
        await stranger.refuses(stranger.sign(evil, { header: { kid } }), 'unknown_key');
        await house.refuses(house.sign(evil, { header: { kid } }), 'unknown_key');
      }),
    );
  });
});
