'use strict';

// How far a cache is believed about a JWT, and how long it is asked (contract §6): entries that somebody
// has planted for tokens that nobody signed, and what a cache owes an answer to.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient, MonoCloudTokenError } = require('@monocloud/backend-node');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { encode, makeKey, setOf, sign } = require('../support/tokens.js');

const AUDIENCE = 'https://api.example.com';
/** Calls that a cache may owe an answer to. */
const MOST_OWED = 10_000;

const key = makeKey('ES256');
let issuer;
before(async () => {
  issuer = await startFaultyTenant({ jwks: setOf(key) });
});
after(() => issuer?.close());

const claimsOf = (more) => {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return { iss: issuer.origin, aud: AUDIENCE, sub: 'ada', exp, ...more };
};
const clientWith = (cache, more) =>
  new MonoCloudBackendNodeClient({
    tenantDomain: issuer.origin,
    audience: AUDIENCE,
    cache: { get: async () => undefined, set: async () => {}, delete: async () => {}, ...cache },
    ...more,
  });

describe('an entry that was planted', () => {
  const encoded = encode(JSON.stringify({ alg: 'ES256', kid: 'one', typ: 'at+jwt' }));
  const words = () => encode(JSON.stringify(claimsOf()));

  /** JWTs that no key makes good. */
  const BAD = {
    'whose payload is no base64url': () => `${encoded}.!!!.AAAA`,
    'whose payload is empty': () => `${encoded}..AAAA`,
    'whose payload is no JSON': () => sign(key, { claims: 'no JSON' }),
    'whose payload is half of a JSON': () => sign(key, { claims: '{"iss":' }),
    'whose payload is no UTF-8': () => sign(key, { claims: Buffer.from([0x7b, 0xff, 0x7d]) }),
    'whose payload is an array': () => sign(key, { claims: '[]' }),
    'whose payload is a text': () => sign(key, { claims: '"x"' }),
    'whose payload is null': () => sign(key, { claims: 'null' }),
    'whose payload is a number': () => sign(key, { claims: '1' }),
    'whose header is unreadable': () => `!!!.${words()}.AAAA`,
    'whose header is empty': () => `.${words()}.AAAA`,
    'without a signature': () => `${encoded}.${words()}.`,
    'with a signature of nobody': () => `${encoded}.${words()}.${'A'.repeat(86)}`,
    'with the signature of another key': () =>
      sign(makeKey('ES256', { kid: 'one' }), { claims: claimsOf() }),
    'of a key that is not there': () =>
      sign(makeKey('ES256', { kid: 'gone' }), { claims: claimsOf() }),
    'of no algorithm': () => `${encode('{"alg":"none"}')}.${words()}.`,
    'of parts without anything': () => '..',
  };

  for (const [what, make] of Object.entries(BAD)) {
    it(`does not let a JWT in ${what}`, async () => {
      const token = make();
      let own;
      try {
        own = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
      } catch {
        // It has no words of its own.
      }
      for (const entry of [claimsOf(), claimsOf({ active: true }), own, {}, [], 'x', 1, true]) {
        const client = clientWith({ get: async () => entry });
        for (let time = 0; time < 3; time += 1) {
          await assert.rejects(
            client.validateAccessToken(token),
            MonoCloudTokenError,
            JSON.stringify(entry),
          );
        }
      }
    });
  }
});

describe('a cache', () => {
  /** A thousand good tokens: requests for one token share a look-up while it lasts. */
  let tokens;
  before(() => {
    tokens = Array.from({ length: 1000 }, (_, n) =>
      sign(key, { claims: claimsOf({ jti: String(n) }) }),
    );
  });

  /** Validates this many tokens, a thousand at once. */
  async function validate(client, times) {
    for (let left = times; left > 0; left -= 1000) {
      const all = tokens.slice(0, left).map((token) => client.validateAccessToken(token));
      for (const claims of await Promise.all(all)) assert.equal(claims.sub, 'ada');
    }
  }

  for (const [what, get] of Object.entries({
    'has nothing': () => undefined,
    'has nothing, and says so later': async () => undefined,
    throws: () => {
      throw new Error('mine');
    },
    rejects: () => Promise.reject(new Error('mine')),
  })) {
    it(`that ${what} is asked each time, also after more calls than it may owe`, async () => {
      let asked = 0;
      const client = clientWith({
        get: (token) => {
          asked += 1;
          return get(token);
        },
      });
      const times = MOST_OWED + 1000;
      await validate(client, times);
      assert.equal(asked, times);
    });
  }

  it('that hangs is left alone once it owes too many answers, and asked again once it gave them', async () => {
    const waiting = [];
    let asked = 0;
    const client = clientWith(
      {
        get: () => {
          asked += 1;
          return new Promise((resolve) => waiting.push(resolve));
        },
      },
      { cacheTimeout: 1 },
    );
    await validate(client, MOST_OWED - 1000);
    assert.equal(asked, MOST_OWED - 1000);
    await validate(client, 3000);
    // Some of the calls may be of the sets, which are few: a token is set once for those that miss it.
    assert.ok(asked > MOST_OWED - 200 && asked <= MOST_OWED, `${asked}`);
    const before = asked;
    await validate(client, 100);
    assert.equal(asked, before);
    for (const answer of waiting) answer(undefined);
    await new Promise((resolve) => setImmediate(resolve));
    await validate(client, 100);
    assert.equal(asked, before + 100);
  });
});
