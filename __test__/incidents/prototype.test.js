'use strict';

// CVE-2024-34273: claims and groups that are named like what every object has.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { createMemoryCache } = require('@monocloud/backend-node/cache');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { startTally } = require('../support/tally.js');
const { makeKey } = require('../support/tokens.js');
const { claimsOfAnswer, inHouse, suiteHouse } = require('./support.js');

const tally = startTally('incidents/prototype');
const key = makeKey('ES256');

const NAMES = Object.getOwnPropertyNames(Object.prototype);
const EVIL = '{"polluted":true,"isAdmin":true,"toString":null,"length":99}';

/** Nothing has come to be on what all objects share. */
function assertClean() {
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), NAMES);
  const kinds = [Object, Array, Function, String, Promise, Map, Error];
  for (const kind of kinds) {
    assert.equal(kind.prototype.polluted, undefined);
    assert.equal(kind.prototype.isAdmin, undefined);
  }
  assert.equal(typeof {}.toString, 'function');
  assert.equal({}.polluted, undefined);
}

/** Own, enumerable, writable data and an ordinary object: nothing inherited, no getter, not frozen. */
function assertPlain(value) {
  if (value === null || typeof value !== 'object') return;
  const expected = Array.isArray(value) ? Array.prototype : Object.prototype;
  assert.equal(Object.getPrototypeOf(value), expected);
  assert.ok(Object.isExtensible(value));
  for (const name of Reflect.ownKeys(value)) {
    if (Array.isArray(value) && name === 'length') continue;
    const { value: own, ...how } = Object.getOwnPropertyDescriptor(value, name);
    assert.deepEqual(how, { writable: true, enumerable: true, configurable: true }, String(name));
    assertPlain(own);
  }
}

describe('CVE-2024-34273: names that every object has', () => {
  const routes = Object.fromEntries(
    NAMES.flatMap((name) => [
      [`/group/${name}`, { groups: [name] }],
      [`/scope/${name}`, { scopes: [name] }],
    ]),
  );
  const house = suiteHouse({ before, after }, tally, { keys: [key], routes });
  const asking = suiteHouse({ before, after }, tally, {
    routes,
    latest: true,
    options: ({ credentials }) => ({ ...credentials, cache: createMemoryCache() }),
  });

  /** Both as a token and as an answer, which a cache then repeats. */
  async function claimsOf(members, check, checkAnswer = check) {
    const token = house().sign(key, { claims: house().claimsText(members) });
    const answer = asking().claimsText(members);
    asking().serve('introspection', answer.replace('{', '{"active":true,'));
    for (const _ of ['fresh', 'from the cache']) {
      const { claims, responses } = await house().accepts(token);
      const introspected = await asking().accepts(
        `opaque ${encodeURIComponent(members)}`.replace(' ', '-'),
        claimsOfAnswer(answer),
      );
      check(claims);
      checkAnswer(introspected.claims);
      // What a handler got, told by what it sent back.
      for (const { text } of responses) check(JSON.parse(text).claims);
      for (const { text } of introspected.responses) checkAnswer(JSON.parse(text).claims);
    }
    assertClean();
  }

  it('as claims they are own, plain properties like all others', async () => {
    for (const name of [...NAMES, 'prototype', 'then', 'toJSON', 'length', 'inspect', '']) {
      for (const value of ['"text"', 'null', `{"__proto__":${EVIL}}`]) {
        const isThere = (claims) => {
          assert.ok(Object.hasOwn(claims, name), name);
          assert.deepEqual(Object.getOwnPropertyDescriptor(claims, name).value, JSON.parse(value));
          assertPlain(claims);
        };
        const isAbsent = (claims) => {
          assert.ok(!Object.hasOwn(claims, name), name);
          assertPlain(claims);
        };
        const member = `${JSON.stringify(name)}:${value}`;
        await claimsOf(member, isThere, value === 'null' ? isAbsent : isThere);
      }
    }
  });

  it('all at once, and with their names escaped', async () => {
    const all = NAMES.map((name) => `${JSON.stringify(name)}:${EVIL}`).join();
    const escaped = `"\\u005f\\u005fproto\\u005f\\u005f":${EVIL},"constructo\\u0072":{"prototype":${EVIL}}`;
    await claimsOf(all, (claims) => {
      for (const name of NAMES) assert.ok(Object.hasOwn(claims, name), name);
    });
    await claimsOf(escaped, (claims) => {
      assert.deepEqual(
        Object.getOwnPropertyDescriptor(claims, '__proto__').value,
        JSON.parse(EVIL),
      );
      assert.ok(Object.hasOwn(claims, 'constructor'));
    });
  });

  it('claims that are not there are not there, though every object has them', async () => {
    const claims = await house().client.validateAccessToken(house().sign(key));
    for (const name of NAMES) assert.ok(!Object.hasOwn(claims, name), name);
    assertPlain(claims);
  });

  it('each call has claims of its own: nobody changes what another sees', async () => {
    const token = house().sign(key, { claims: house().claimsText('"deep":{"list":[1]}') });
    const first = await house().client.validateAccessToken(token);
    const expected = JSON.parse(JSON.stringify(first));
    first.deep.list.push(2);
    first.sub = 'admin';
    Object.setPrototypeOf(first.deep, { isAdmin: true });
    const second = await house().client.validateAccessToken(token);
    assert.deepEqual(second, expected);
    assertPlain(second);
  });

  it('as required groups and scopes, they are not met by what every object has', async () => {
    const without = [
      {},
      { groups: [], scope: '' },
      { groups: [{}], scope: ' ' },
      { groups: [[]], scope: 'x' },
    ];
    for (const name of NAMES) {
      for (const changes of without) {
        const token = house().sign(key, {
          claims: house().claims({ scope: undefined, ...changes }),
        });
        await house().refuses(token, 'missing_groups', { path: `/group/${name}`, note: name });
        await house().refuses(token, 'missing_scopes', { path: `/scope/${name}`, note: name });
      }
      const groups = `"groups":[${JSON.stringify(name)}]`;
      const held = house().sign(key, { claims: house().claimsText(groups, { scope: name }) });
      await house().accepts(held, undefined, { path: `/group/${name}`, note: name });
      await house().accepts(held, undefined, { path: `/scope/${name}`, note: name });
      const object = house().claimsText(`"groups":[{"id":${JSON.stringify(name)}}]`);
      await house().accepts(house().sign(key, { claims: object }), undefined, {
        path: `/group/${name}`,
      });
      // A member of that name is no group of that name.
      const member = house().claimsText(
        `"groups":[{${JSON.stringify(name)}:${JSON.stringify(name)}}]`,
      );
      const token = house().sign(key, { claims: member });
      await house().refuses(token, 'missing_groups', { path: `/group/${name}`, note: name });
    }
    assertClean();
  });

  it('as the claim that holds the groups', async () => {
    for (const groupsClaim of NAMES) {
      const setup = {
        keys: [key],
        options: { groupOptions: { groupsClaim } },
        routes: { '/admin': { groups: ['admin'] } },
      };
      await inHouse(tally, setup, async (own) => {
        const path = '/admin';
        await own.refuses(own.sign(key), 'missing_groups', { path, note: groupsClaim });
        const held = own.claimsText(`${JSON.stringify(groupsClaim)}:["admin"]`);
        await own.accepts(own.sign(key, { claims: held }), undefined, { path, note: groupsClaim });
        const other = own.claims({ groups: ['admin'] });
        await own.refuses(own.sign(key, { claims: other }), 'missing_groups', {
          path,
          note: groupsClaim,
        });
      });
    }
  });

  it('in what the tenant publishes', async () => {
    await inHouse(tally, {}, async (own) => {
      const odd = NAMES.map((name) => `${JSON.stringify(name)}:${EVIL}`).join();
      const metadata = JSON.stringify(own.tenant.metadata()).replace(/}$/, `,${odd}}`);
      own.serve('discovery', metadata);
      const proto = makeKey('ES256', { kid: '__proto__' });
      const jwk = JSON.stringify(proto.jwk).replace(/}$/, `,${odd}}`);
      own.serve('jwks', `{"keys":[${jwk}],${odd}}`);
      await own.accepts(own.sign(proto));
      for (const kid of ['constructor', 'toString', 'hasOwnProperty', 'keys']) {
        await own.refuses(own.sign(proto, { header: { kid } }), 'unknown_key', { note: kid });
      }
      for (const document of [await own.client.getMetadata(), await own.client.getJwks()]) {
        assertPlain(document);
        for (const name of NAMES) assert.ok(Object.hasOwn(document, name), name);
      }
      assertClean();
    });
  });

  it('in a header, in cnf, and in what decodeJwt shows', async () => {
    for (const name of NAMES) {
      const member = `${JSON.stringify(name)}:${EVIL}`;
      const header = `{"alg":"ES256","kid":"one",${member}}`;
      const claims = house().claimsText(`"cnf":{${member}},${member}`);
      const token = house().sign(key, { header, claims });
      await house().accepts(token);
      const decoded = MonoCloudBackendNodeClient.decodeJwt(token);
      assertPlain(decoded);
      assert.ok(Object.hasOwn(decoded, name));
      // A thumbprint that only the prototype has binds nothing.
      const bound = house().claimsText(`"cnf":{"__proto__":{"x5t#S256":"${'A'.repeat(43)}"}}`);
      await house().accepts(house().sign(key, { claims: bound }));
    }
    assertClean();
  });
});
