'use strict';

// How much of anything is looked at, and what a bad token may cost. Nothing here is timed: what is
// counted is requests, calls and keys. How large a body of the tenant may be is in ../bad-input/tenants.test.js.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { createMemoryCache } = require('@monocloud/backend-node/cache');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { startTally } = require('../support/tally.js');
const { encode, makeKey } = require('../support/tokens.js');
const { answerText, inHouse, suiteHouse } = require('./support.js');

const tally = startTally('incidents/bounds');
const key = makeKey('ES256');
const KIB = 1024;
const LONGEST = 16 * KIB;

const credentials = ({ credentials: given }) => given;
const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);
const nestedObjects = (depth) => '{"a":'.repeat(depth) + 1 + '}'.repeat(depth);
const members = (count) => Array.from({ length: count }, (_, n) => `"m${n}":0`).join();
// Claims may be too deep or too many to be sent back; that they are there is enough.
const handler = (request) => ({ claims: { sub: request.claims.sub } });

/** A good token that is exactly so long. */
function tokenOf(house, length) {
  for (let extra = 0; extra < 4; extra += 1) {
    const header = { x: 'x'.repeat(extra) };
    const bare = house.sign(key, { header, claims: house.claims({ padding: '' }) }).length;
    const about = Math.floor(((length - bare) * 3) / 4);
    for (let more = -3; more <= 3; more += 1) {
      const claims = house.claims({ padding: 'x'.repeat(about + more) });
      const token = house.sign(key, { header, claims });
      if (token.length === length) return token;
    }
  }
  return assert.fail(`no token of ${length} bytes`);
}

/** Everybody accepts it, whatever its claims are. */
async function passes(house, token, note, path) {
  tally.inputs += 1;
  const { error, claims, responses } = await house.answers(token, path);
  assert.equal(error, undefined, `${note}: ${error?.message}`);
  assert.equal(claims.sub, 'user', note);
  assert.ok(
    responses.every(({ status }) => status === 200),
    note,
  );
  assert.deepEqual(house.errors.flat(), [], note);
}

describe('the length of a token', () => {
  const house = suiteHouse({ before, after }, tally, { keys: [key] });

  it('is 16 KiB at the most, to the byte', async () => {
    await house().accepts(tokenOf(house(), LONGEST - 1));
    await house().accepts(tokenOf(house(), LONGEST));
    await house().refuses(tokenOf(house(), LONGEST + 1), 'token_too_large');
    await house().refuses(tokenOf(house(), 2 * LONGEST), 'token_too_large');
  });

  it('is counted in bytes, before anything else is looked at, whatever the token is', async () => {
    await inHouse(tally, { keys: [key], options: credentials }, async (own) => {
      for (const text of ['x', '.', 'é', '😀', '\0', 'a.b.', '\ud800', '==', ' x']) {
        const long = text.repeat(Math.ceil((LONGEST + 1) / Buffer.byteLength(text)));
        await own.refuses(long, 'token_too_large', { note: text });
      }
      await own.refuses(`${tokenOf(own, LONGEST)}é`, 'token_too_large');
      const nobody = { discovery: 0, jwks: 0, introspection: 0, other: 0 };
      assert.deepEqual(own.tenant.requests, nobody);
    });
  });

  it('is the same for an opaque token, about which nobody is asked', async () => {
    await inHouse(tally, { options: credentials }, async (asking) => {
      await asking.accepts('x'.repeat(LONGEST), asking.claims());
      const { introspection } = asking.tenant.requests;
      await asking.refuses('x'.repeat(LONGEST + 1), 'token_too_large');
      await asking.refuses('x'.repeat(60 * KIB), 'token_too_large');
      assert.equal(asking.tenant.requests.introspection, introspection);
    });
  });

  it('is an option, and then that', async () => {
    for (const maxTokenBytes of [400, 1000, 32 * KIB]) {
      await inHouse(tally, { keys: [key], options: { maxTokenBytes } }, async (own) => {
        await own.accepts(tokenOf(own, maxTokenBytes));
        await own.refuses(tokenOf(own, maxTokenBytes + 1), 'token_too_large');
      });
    }
  });
});

describe('the depth and the members of JSON', () => {
  const routes = { '/scoped': { scopes: ['posts:read'] }, '/grouped': { groups: ['admin'] } };
  const house = suiteHouse({ before, after }, tally, { keys: [key], routes, handler });
  const DEEPEST = {
    arrays: nested(5000),
    objects: nestedObjects(1700),
    many: `{${members(1200)}}`,
  };

  for (const [what, value] of Object.entries(DEEPEST)) {
    it(`a token may have ${what} where nobody looks, in its header and in its payload`, async () => {
      const header = `{"alg":"ES256","kid":"one","x":${value}}`;
      const claims = house().claimsText(`"x":${value}`);
      await passes(house(), house().sign(key, { header }), what);
      await passes(house(), house().sign(key, { claims }), what);
      await house().refuses(house().sign(makeKey('ES256'), { claims }), 'invalid_signature');
    });

    it(`a token with ${what} where somebody looks is refused`, async () => {
      for (const [member, reason] of [
        ['alg', 'unsupported_algorithm'],
        ['typ', 'unexpected_token_type'],
        ['kid', 'unknown_key'],
        ['crit', 'unsupported_critical_header'],
      ]) {
        const others = { alg: 'ES256', kid: 'one', [member]: undefined };
        const header = JSON.stringify(others).replace(/}$/, `,"${member}":${value}}`);
        await house().refuses(house().sign(key, { header }), reason, { note: member });
      }
      for (const [member, reason, path] of [
        ['iss', 'issuer_mismatch'],
        ['sub', 'invalid_subject'],
        ['aud', 'audience_mismatch'],
        ['exp', 'invalid_expiration'],
        ['nbf', 'invalid_not_before'],
        ['scope', 'missing_scopes', '/scoped'],
        ['groups', 'missing_groups', '/grouped'],
      ]) {
        const claims = house().claimsText(`"${member}":${value}`, { [member]: undefined });
        await house().refuses(house().sign(key, { claims }), reason, { note: member, path });
      }
    });
  }

  it('a token may be all members, and then names none of them twice', async () => {
    const claims = house().claimsText(members(1200));
    await passes(house(), house().sign(key, { claims }), 'payload');
    const header = `{"alg":"ES256","kid":"one",${members(1200)}}`;
    await passes(house(), house().sign(key, { header }), 'header');
    for (const twice of ['m0', 'm600', 'm1199']) {
      const odd = house().claimsText(`${members(1200)},"${twice}":1`);
      await house().refuses(house().sign(key, { claims: odd }), 'malformed_payload');
      const other = header.replace(/}$/, `,"${twice}":1}`);
      await house().refuses(house().sign(key, { header: other }), 'malformed_header');
    }
  });

  const DEEP = nested(200_000);
  const DEEP_OBJECTS = nestedObjects(60_000);
  const MANY = `{${members(30_000)}}`;

  for (const [what, value] of Object.entries({ arrays: DEEP, objects: DEEP_OBJECTS, many: MANY })) {
    it(`the documents of a tenant may have ${what} where nobody looks`, async () => {
      await inHouse(tally, { options: credentials, handler }, async (own) => {
        const add = (object) => JSON.stringify(object).replace(/}$/, `,"x":${value}}`);
        const jwk = JSON.stringify(key.jwk).replace(/}$/, `,"x5c":${value}}`);
        own.serve('discovery', add(own.tenant.metadata()));
        own.serve('jwks', `{"keys":[${jwk}]}`);
        await passes(own, own.sign(key), what);
        own.serve('introspection', add({ active: true, ...own.claims() }));
        await passes(own, 'opaque', what);
        await passes(own, 'opaque', `${what} once more`);
      });
    });

    it(`an answer with ${what} passes also through a cache, or past it`, async () => {
      const options = (tenant) => ({ ...tenant.credentials, cache: createMemoryCache() });
      await inHouse(tally, { options, handler }, async (own) => {
        const text = JSON.stringify({ active: true, ...own.claims() });
        own.serve('introspection', text.replace(/}$/, `,"x":${value}}`));
        for (const _ of [1, 2]) await passes(own, 'opaque', what);
      });
    });

    it(`the documents of a tenant with ${what} where somebody looks are refused, or passed over`, async () => {
      for (const member of ['issuer', 'jwks_uri']) {
        await inHouse(tally, {}, async (own) => {
          const metadata = { ...own.tenant.metadata(), [member]: undefined };
          own.serve('discovery', JSON.stringify(metadata).replace(/}$/, `,"${member}":${value}}`));
          await own.refuses(own.tenant.token(), 'unreadable_response', { note: member });
        });
      }
      await inHouse(tally, {}, async (own) => {
        own.serve('jwks', `{"keys":${value === DEEP ? `{"a":${value}}` : value}}`);
        await own.refuses(own.tenant.token(), 'unreadable_response');
      });
      const odd = ['kid', 'kty', 'crv', 'x', 'alg', 'use', 'key_ops'].map((member) =>
        JSON.stringify({ ...key.jwk, [member]: undefined }).replace(
          /}$/,
          `,"${member}":${nested(9)}}`,
        ),
      );
      await inHouse(tally, {}, async (own) => {
        own.serve('jwks', `{"keys":[${value},${odd.join()},${JSON.stringify(key.jwk)}]}`);
        await own.accepts(own.sign(key));
      });
      await inHouse(tally, { options: credentials }, async (own) => {
        own.serve('introspection', `{"active":${value}}`);
        await own.refuses('opaque', 'inactive');
        const answer = JSON.stringify({ active: true, ...own.claims({ aud: undefined }) });
        own.serve('introspection', answer.replace(/}$/, `,"aud":${value}}`));
        await own.refuses('opaque', 'audience_mismatch');
      });
    });
  }

  it('lists of audiences, scopes and groups may be as long as the answer', async () => {
    await inHouse(tally, { options: credentials, routes, handler }, async (own) => {
      const { audience } = own.tenant;
      const words = Array.from({ length: 30_000 }, (_, n) => `w${n}`);
      const lists = { aud: [...words, audience], scope: `${words.join(' ')} posts:read` };
      const claims = own.claims({ ...lists, groups: [] });
      own.serve('introspection', JSON.stringify({ active: true, ...claims }));
      await passes(own, 'opaque', 'scopes', '/scoped');
      await own.refuses('opaque', 'missing_groups', { path: '/grouped' });
      const groups = [...words.map((id) => ({ id })), 'admin'].slice(10_000);
      own.serve('introspection', JSON.stringify({ active: true, ...own.claims({ groups }) }));
      await passes(own, 'opaque', 'groups', '/grouped');
      own.serve('introspection', JSON.stringify({ active: true, ...claims, aud: words }));
      await own.refuses('opaque', 'audience_mismatch');
    });
  });
});

describe('the keys of a tenant', () => {
  const setWith = (count) => {
    const others = Array.from({ length: count - 1 }, (_, n) => ({ ...key.jwk, kid: `k${n}` }));
    return JSON.stringify({ keys: [...others, key.jwk] });
  };

  it('are 1024 at the most', async () => {
    for (const count of [1, 2, 1023, 1024]) {
      await inHouse(tally, {}, async (house) => {
        house.serve('jwks', setWith(count));
        await house.accepts(house.sign(key), undefined, { note: String(count) });
      });
    }
    for (const count of [1025, 2000]) {
      await inHouse(tally, {}, async (house) => {
        house.serve('jwks', setWith(count));
        await house.refuses(house.sign(key), 'unreadable_response', { note: String(count) });
      });
    }
    await inHouse(tally, {}, async (house) => {
      house.serve('jwks', `{"keys":[${'1,'.repeat(2000)}1]}`);
      await house.refuses(house.sign(key), 'unreadable_response', { note: 'no keys' });
    });
  });

  it('may be handed in by the caller, and then are bounded just so', async () => {
    const client = new MonoCloudBackendNodeClient({
      tenantDomain: 'https://tenant.example.com',
      audience: 'https://api.example.com',
    });
    const jwks = JSON.parse(setWith(1025));
    tally.inputs += 1;
    await assert.rejects(client.validateJwtAccessToken('e30.e30.AA', { jwks }));
  });
});

describe('what a bad token costs', () => {
  /** A cache that counts what it is asked. */
  function countingCache() {
    const inner = createMemoryCache();
    const counts = { get: 0, set: 0, delete: 0 };
    const counting = (name) => [
      name,
      (...args) => {
        counts[name] += 1;
        return inner[name](...args);
      },
    ];
    return { counts, ...Object.fromEntries(['get', 'set', 'delete'].map(counting)) };
  }

  const bad = (house) => {
    const stranger = makeKey('ES256');
    const forged = (parts) => house.sign(stranger, parts);
    const [header, payload] = house.sign(key).split('.');
    return {
      'no header': `..${payload}`,
      rubbish: 'a.b.c',
      'a long header': `${encode(`{"alg":"none",${members(900)}}`)}.${payload}.AA`,
      'a deep header': `${encode(`{"alg":${nested(4000)}}`)}.${payload}.AA`,
      'no algorithm': forged({ header: { alg: 'none' }, alg: 'ES256' }),
      'another type': forged({ header: { typ: 'id+jwt' } }),
      crit: forged({ header: { crit: ['x'] } }),
      'no signature': `${header}.${payload}.`,
      'another key': forged(),
      'a long payload': forged({ claims: house.claimsText(members(900)) }),
      expired: house.sign(key, { claims: house.claims({ exp: 1 }) }),
      'another audience': house.sign(key, { claims: house.claims({ aud: 'https://x.example' }) }),
      'no claims': house.sign(key, { claims: 'null' }),
    };
  };

  it('is no more than a good one: nothing is fetched for it, nothing is kept', async () => {
    const cache = countingCache();
    await inHouse(tally, { keys: [key], options: { cache } }, async (house) => {
      const spent = async (work) => {
        const seen = { ...cache.counts };
        await work();
        return Object.entries(cache.counts).map(([name, count]) => count - seen[name]);
      };
      const good = await spent(() => house.client.validateAccessToken(house.sign(key)));
      assert.deepEqual(good, [1, 1, 0], 'one look into the cache, one entry');
      const requests = { ...house.tenant.requests };
      for (const [note, token] of Object.entries(bad(house))) {
        tally.inputs += 1;
        const cost = await spent(() =>
          assert.rejects(house.client.validateAccessToken(token), { name: 'MonoCloudTokenError' }),
        );
        assert.deepEqual(cost, [1, 0, 0], `${note}: one look into the cache, and no entry`);
      }
      assert.deepEqual(house.tenant.requests, requests);
    });
  });

  it('is nothing at all, on the wire, where no key could help it', async () => {
    await inHouse(tally, { keys: [key] }, async (house) => {
      const { 'another key': _, ...all } = bad(house);
      const hopeless = Object.entries(all).slice(0, 7);
      for (const [note, token] of hopeless) {
        const { error } = await house.answers(token);
        tally.inputs += 1;
        assert.equal(error.name, 'MonoCloudTokenError', note);
      }
      assert.deepEqual(house.tenant.requests, {
        discovery: 0,
        jwks: 0,
        introspection: 0,
        other: 0,
      });
    });
  });

  it('is two requests for a thousand keys that nobody knows', async () => {
    await inHouse(tally, { keys: [key] }, async (house) => {
      await house.accepts(house.sign(key));
      const { jwks } = house.tenant.requests;
      for (let n = 0; n < 1000; n += 1) {
        tally.inputs += 1;
        const token = house.sign(key, { header: { kid: `unknown ${n}` } });
        await assert.rejects(house.client.validateAccessToken(token), { reason: 'unknown_key' });
      }
      // Two at once, and one more for each half minute that a slow machine took.
      const { jwksRequests } = house.client.stats();
      assert.ok(
        house.tenant.requests.jwks - jwks <= 4,
        `${house.tenant.requests.jwks} ${jwksRequests}`,
      );
      await house.accepts(house.sign(key));
    });
  });

  it('is one request for an opaque one that a hundred ask about at once', async () => {
    await inHouse(tally, { options: credentials }, async (house) => {
      const { introspection } = house.tenant.requests;
      let answer;
      const asked = new Promise((resolve) => {
        house.tenant.on('introspection', (request, response) => {
          answer = () => answerText('{"active":false}')(request, response);
          resolve();
        });
      });
      const token = 'the-same';
      const all = Array.from({ length: 100 }, () => house.client.validateAccessToken(token));
      const settled = Promise.allSettled(all);
      await asked;
      answer();
      for (const { reason } of await settled) assert.equal(reason.reason, 'inactive');
      assert.equal(house.tenant.requests.introspection, introspection + 1);
      tally.inputs += 100;
    });
  });
});
