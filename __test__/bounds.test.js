'use strict';

// Bounds of what a process keeps and of what it reads, both sides of each: claims that are kept for
// copying, routes that are known, names in a list.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient, MonoCloudValidationError } = require('@monocloud/backend-node');
const { runScript } = require('./support/child.js');
const { guarded } = require('./support/guarded.js');
const { get } = require('./support/http.js');
const { startFaultyTenant } = require('./support/faulty-tenant.js');
const { makeKey, setOf, sign } = require('./support/tokens.js');
const { ClaimsCopies: Templates } = require('../js/core/claims-copies.js');

const AUDIENCE = 'https://api.example.com';
const MOST_NAMES = 100_000;

const key = makeKey('ES256');
let issuer;
before(async () => {
  issuer = await startFaultyTenant({ jwks: setOf(key) });
});
after(() => issuer?.close());

const options = (more) => ({ tenantDomain: issuer.origin, audience: AUDIENCE, ...more });
const tokenOf = (claims) => {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return sign(key, { claims: { iss: issuer.origin, aud: AUDIENCE, sub: 'ada', exp, ...claims } });
};

describe('claims that are kept for copying', () => {
  const LENGTH = 100;
  /** What one of that length takes. */
  const BYTES = LENGTH * 1.2 + 500;
  const LONGEST = 8192;

  const create = (most, tell = () => {}) => new Templates(most, tell);

  let number = 0;
  /** Keeps claims of this length; returns the number that they are kept by. */
  function keep(templates, claims = {}, length = LENGTH) {
    number += 1;
    templates.keep(number, { ...claims }, length);
    return number;
  }
  const known = (templates, numbers) =>
    numbers.filter((each) => templates.copy(each) !== undefined).length;

  it('take no more than they may, however many come', () => {
    for (const most of [1, 2, 10]) {
      const templates = create(most * BYTES);
      const numbers = [];
      // What goes out gives its bytes back: as many fit after a thousand as at first.
      for (let time = 0; time < 1000; time += 1) {
        numbers.push(keep(templates));
        if (time >= most && time % 100 !== 0) continue;
        assert.equal(known(templates, numbers), Math.min(time + 1, most), `${most}, ${time}`);
      }
    }
  });

  it('are kept where they just fit, and not where they take one byte more', () => {
    const fits = create(BYTES);
    assert.deepEqual(fits.copy(keep(fits, { a: 1 })), { a: 1 });
    const short = create(BYTES - 1);
    assert.equal(short.copy(keep(short)), undefined);
    const none = create(0);
    assert.equal(none.copy(keep(none)), undefined);
  });

  it('are of 8192 characters at the most', () => {
    const templates = create(1e6);
    assert.deepEqual(templates.copy(keep(templates, { a: 1 }, LONGEST)), { a: 1 });
    assert.equal(templates.copy(keep(templates, { a: 1 }, LONGEST + 1)), undefined);
  });

  it('stay where they are used, and go where they are not', () => {
    const templates = create(4 * BYTES);
    const used = keep(templates, { used: true });
    const unused = keep(templates);
    for (let time = 0; time < 200; time += 1) {
      assert.deepEqual(templates.copy(used), { used: true }, `time ${time}`);
      keep(templates);
    }
    assert.equal(templates.copy(unused), undefined);
  });

  it('are nested four deep at the most, and each copy is of its own', () => {
    const nested = (depth) => (depth === 0 ? 'end' : { in: nested(depth - 1) });
    const lists = (depth) => (depth === 0 ? 'end' : [lists(depth - 1)]);
    const templates = create(1e6);
    for (const make of [nested, lists]) {
      for (const depth of [1, 2, 3, 4]) {
        const claims = { nested: make(depth) };
        const by = keep(templates, claims);
        const [first, second] = [templates.copy(by), templates.copy(by)];
        assert.deepEqual(first, claims);
        let [one, other] = [first, second];
        for (let level = 0; level <= depth; level += 1) {
          assert.notEqual(one, other, `${level} of ${depth}`);
          [one] = Object.values(one);
          [other] = Object.values(other);
        }
        assert.equal(one, 'end');
      }
      assert.equal(templates.copy(keep(templates, { nested: make(5) })), undefined);
      assert.equal(templates.copy(keep(templates, { deep: { more: make(9) } })), undefined);
    }
  });

  it('are those that the core is told of', () => {
    const told = new Set();
    const tell = (by, isKept) => (isKept ? told.add(by) : told.delete(by));
    const templates = create(5 * BYTES, tell);
    const numbers = Array.from({ length: 100 }, () => keep(templates));
    numbers.push(keep(templates, {}, LONGEST + 1));
    assert.deepEqual(
      [...told],
      numbers.filter((each) => templates.copy(each) !== undefined),
    );
    assert.equal(told.size, 5);
  });
});

describe('routes that are known', () => {
  it('ask what they ask, however many others came between', async () => {
    const client = new MonoCloudBackendNodeClient(options());
    const token = tokenOf({ scope: 'read', groups: ['g'] });
    const reasonOf = async (route) => {
      try {
        await client.validateAccessToken(token, route);
        return undefined;
      } catch (error) {
        return error.reason ?? error;
      }
    };
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 700; n += 1) {
        assert.equal(await reasonOf({ scopes: ['read', `s${n}`] }), 'missing_scopes');
        assert.equal(await reasonOf({ groups: ['g', `g${n}`] }), undefined);
        assert.equal(await reasonOf({ groups: [`g${n}`] }), 'missing_groups');
        if (n % 100 === 0) {
          assert.equal(await reasonOf({ scopes: ['read'] }), undefined);
          assert.equal(await reasonOf({ scopes: ['read'], groups: ['g'] }), undefined);
          assert.equal(await reasonOf({ scopes: ['write'] }), 'missing_scopes');
          assert.equal(await reasonOf(undefined), undefined);
        }
      }
    }
  });

  it('take no memory for lists of scopes that a program makes up', async () => {
    const input = { options: options(), token: tokenOf({ scope: 'read' }), times: 3000 };
    const { said, stderr, code } = await runScript('programs/scope-lists.js', {
      input,
      flags: ['--expose-gc'],
      timeout: 60_000,
    });
    assert.equal(code, 0, stderr);
    // All of them would be 60 MB of names alone; a few hundred at any time are six.
    assert.ok(said[0] < 15e6, `${said[0]} bytes more`);
  });
});

describe('names in a list', () => {
  const filled = (length, name) => new Array(length).fill(name);

  it(`are ${MOST_NAMES} at the most: values of a claim`, async () => {
    const client = new MonoCloudBackendNodeClient(options());
    const token = tokenOf({ plan: 'a' });
    const ask = (length) =>
      client.validateAccessToken(token, { claims: { plan: filled(length, 'a') } });
    assert.equal((await ask(MOST_NAMES)).sub, 'ada');
    await assert.rejects(ask(MOST_NAMES + 1), MonoCloudValidationError);
  });

  for (const name of ['scopes', 'groups']) {
    const claims = { scope: 'a', groups: ['a'] };

    it(`are ${MOST_NAMES} at the most: ${name} of a call`, async () => {
      const client = new MonoCloudBackendNodeClient(options());
      const token = tokenOf(claims);
      const passed = await client.validateAccessToken(token, { [name]: filled(MOST_NAMES, 'a') });
      assert.equal(passed.sub, 'ada');
      for (const list of [
        filled(MOST_NAMES + 1, 'a'),
        new Array(2 ** 32 - 1),
        Object.assign([], { length: 2 ** 32 - 1 }),
      ]) {
        await assert.rejects(
          client.validateAccessToken(token, { [name]: list }),
          (error) => error instanceof MonoCloudValidationError && error.message.includes(name),
        );
      }
    });

    for (const { name: framework, protectApi, start } of guarded) {
      it(`are ${MOST_NAMES} at the most: ${name} of a route, ${framework}`, async (t) => {
        const protect = protectApi(options());
        const api = await start(t, protect, [
          { path: '/', options: { [name]: filled(MOST_NAMES, 'a') } },
        ]);
        assert.equal((await get(api.url, tokenOf(claims))).status, 200);
        assert.equal((await get(api.url, tokenOf())).status, 403);
        assert.throws(() => protect({ [name]: filled(MOST_NAMES + 1, 'a') }), {
          name: 'MonoCloudValidationError',
        });
        assert.throws(() => protect({ [name]: new Array(2 ** 32 - 1) }), {
          name: 'MonoCloudValidationError',
        });
      });
    }
  }
});
