'use strict';

// `createMemoryCache`: its bound, its order, its clock, and that nobody shares an object with it.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { afterEach, describe, test } = require('node:test');
const { promisify } = require('node:util');
const { MonoCloudValidationError } = require('@monocloud/backend-node');
const cacheEntry = require('@monocloud/backend-node/cache');
const redisEntry = require('@monocloud/backend-node/redis');
const provenance = require('../../js/core/provenance.js');

const { createMemoryCache } = cacheEntry;

const { now } = Date;
const START = 1_700_000_000;
const LATE = START + 3600;

/** Sets the clock, in epoch seconds. */
const setTime = (seconds) => {
  Date.now = () => seconds * 1000;
};
afterEach(() => {
  Date.now = now;
});

const found = async (cache, tokens) => {
  const subs = await Promise.all(tokens.map(async (token) => (await cache.get(token))?.sub));
  return subs.filter(Boolean).join('');
};
const fill = async (cache, subs, expiresAt = LATE) => {
  for (const sub of subs) await cache.set(sub, { sub }, expiresAt);
};

describe('createMemoryCache', () => {
  test('stores, finds, replaces and deletes claims', async () => {
    setTime(START);
    const cache = createMemoryCache();
    assert.equal(await cache.get('token'), undefined);
    assert.equal(await cache.set('token', { sub: 'a' }, LATE), undefined);
    assert.deepEqual(await cache.get('token'), { sub: 'a' });
    await cache.set('token', { sub: 'b' }, LATE);
    assert.deepEqual(await cache.get('token'), { sub: 'b' });
    assert.equal(await cache.delete('token'), undefined);
    assert.equal(await cache.get('token'), undefined);
    await cache.delete('token');
  });

  test('keeps maxEntries, and lets go of what was not used for longest', async () => {
    setTime(START);
    const cache = createMemoryCache({ maxEntries: 3 });
    await fill(cache, 'abc');
    await cache.get('a');
    await fill(cache, 'd');
    assert.equal(await found(cache, [...'abcd']), 'acd');
    // Storing again is using, too, and takes no room of another.
    await fill(cache, 'a');
    await fill(cache, 'ef');
    assert.equal(await found(cache, [...'abcdef']), 'aef');
    await cache.delete('e');
    await fill(cache, 'g');
    assert.equal(await found(cache, [...'abcdefg']), 'afg');
  });

  test('keeps 10,000 entries unless told otherwise', async () => {
    setTime(START);
    const cache = createMemoryCache();
    const tokens = Array.from({ length: 10_001 }, (_, i) => `token ${i}`);
    for (const token of tokens) await cache.set(token, { sub: '.' }, LATE);
    assert.equal(await cache.get(tokens[0]), undefined);
    assert.equal((await found(cache, tokens)).length, 10_000);
  });

  test('an entry goes with its token, to the millisecond', async () => {
    setTime(START);
    const cache = createMemoryCache();
    await cache.set('token', { sub: 'a' }, START + 10.5);
    setTime(START + 10.499);
    assert.deepEqual(await cache.get('token'), { sub: 'a' });
    setTime(START + 10.5);
    assert.equal(await cache.get('token'), undefined);
    // It is gone, not hidden.
    setTime(START);
    assert.equal(await cache.get('token'), undefined);
  });

  test('what has expired is not stored, and takes the place of what was', async () => {
    setTime(START);
    const cache = createMemoryCache();
    await cache.set('token', { sub: 'a' }, LATE);
    await cache.set('token', { sub: 'b' }, START);
    assert.equal(await cache.get('token'), undefined);
    // Nor does it make another one go.
    const small = createMemoryCache({ maxEntries: 1 });
    await small.set('kept', { sub: 'a' }, LATE);
    await small.set('token', { sub: 'b' }, START);
    assert.deepEqual(await small.get('kept'), { sub: 'a' });
  });

  test('an entry that no sweep has reached yet is gone at its end all the same', async () => {
    setTime(START);
    const cache = createMemoryCache();
    const before = Array.from({ length: 50 }, (_, i) => `before ${i}`);
    for (const token of before) await cache.set(token, { sub: 'b' }, LATE);
    await cache.set('token', { sub: 'a' }, START + 10);
    // Two calls sweep four of fifty-one.
    setTime(START + 9.999);
    assert.deepEqual(await cache.get('token'), { sub: 'a' });
    setTime(START + 10);
    assert.equal(await cache.get('token'), undefined);
    assert.equal((await found(cache, before)).length, 50);
  });

  test('an entry ends by the millisecond that it was given, rounded down', async () => {
    setTime(START);
    const cache = createMemoryCache();
    await cache.set('token', { sub: 'a' }, START + 10.4999);
    setTime(START + 10.498);
    assert.deepEqual(await cache.get('token'), { sub: 'a' });
    setTime(START + 10.499);
    assert.equal(await cache.get('token'), undefined);
    // One that ends in less than a millisecond is none.
    await cache.set('token', { sub: 'a' }, START + 10.4995);
    assert.equal(await cache.get('token'), undefined);
  });

  test('what was deleted or has ended makes room: the count comes down', async () => {
    setTime(START);
    const cache = createMemoryCache({ maxEntries: 10 });
    for (let round = 0; round < 20; round += 1) {
      await fill(cache, 'abcdefghij');
      for (const token of 'abcde') await cache.delete(token);
      for (const token of 'abcde') await cache.delete(token);
      await fill(cache, '01234');
      assert.equal(await found(cache, [...'fghij01234']), 'fghij01234');
      // Stored with an end that is over: as good as deleted.
      for (const token of '01234') await cache.set(token, { sub: 'x' }, START);
      await fill(cache, 'klmno');
      assert.equal(await found(cache, [...'fghijklmno']), 'fghijklmno');
      for (const token of 'klmno') await cache.delete(token);
    }
    // Nothing is refused at the bound, and replacing takes no room of another.
    await fill(cache, 'abcdefghij');
    for (let round = 0; round < 3; round += 1) await fill(cache, 'abcdefghij');
    assert.equal(await found(cache, [...'abcdefghij']), 'abcdefghij');
    await fill(cache, 'k');
    assert.equal(await found(cache, [...'abcdefghijk']), 'bcdefghijk');
  });

  test('an entry keeps its mark, and nothing else has one', async () => {
    setTime(START);
    const cache = createMemoryCache();
    for (const mark of ['introspected', 'validated', undefined, 'else', '__proto__']) {
      const claims = { sub: 'a' };
      provenance.mark(claims, mark);
      await cache.set('token', claims, LATE);
      const first = await cache.get('token');
      const expected = ['introspected', 'validated'].includes(mark) ? mark : undefined;
      assert.equal(provenance.of(first), expected);
      assert.equal(provenance.of(await cache.get('token')), expected);
      assert.equal(provenance.of(structuredClone(first)), undefined);
      assert.deepEqual(Reflect.ownKeys(first), ['sub']);
    }
    for (const nothing of [undefined, null, 'introspected', 1, {}, Object.prototype]) {
      assert.equal(provenance.of(nothing), undefined);
    }
  });

  test('is the same from ./cache and ./redis, for import and require', async () => {
    const imported = await import('@monocloud/backend-node/cache');
    assert.deepEqual(Object.keys(imported), ['createMemoryCache']);
    assert.deepEqual(Object.keys(cacheEntry), ['createMemoryCache']);
    assert.equal(imported.createMemoryCache, createMemoryCache);
    assert.equal(redisEntry.createMemoryCache, createMemoryCache);
  });

  test('loads no native addon, and no Redis cache', async () => {
    const program = `
      require('@monocloud/backend-node/cache');
      console.log(Object.keys(require.cache).some((name) => /native|binding|redis/.test(name)));
    `;
    const options = { cwd: __dirname, timeout: 10_000 };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], options);
    assert.equal(stdout, 'false\n');
  });

  test('expired entries make room without being asked for', async () => {
    setTime(START);
    const cache = createMemoryCache({ maxEntries: 100 });
    const old = Array.from({ length: 90 }, (_, i) => `old ${i}`);
    for (const token of old) await cache.set(token, { sub: 'o' }, START + 10);
    setTime(START + 11);
    await fill(cache, 'k');
    // Other tokens come and go, and the expired ones are swept meanwhile.
    for (let i = 0; i < 60; i += 1) await cache.get('k');
    setTime(START);
    assert.equal(await found(cache, old), '');
    assert.equal(await found(cache, ['k']), 'k');
  });

  test('expired entries make room for new ones before any other has to go', async () => {
    setTime(START);
    const cache = createMemoryCache({ maxEntries: 100 });
    await fill(cache, 'abcdefghij');
    for (let i = 0; i < 60; i += 1) await cache.set(`old ${i}`, { sub: 'o' }, START + 10);
    setTime(START + 11);
    for (let i = 0; i < 50; i += 1) await cache.set(`new ${i}`, { sub: 'n' }, LATE);
    assert.equal(await found(cache, [...'abcdefghij']), 'abcdefghij');
  });

  test('nobody changes what another sees', async () => {
    setTime(START);
    const cache = createMemoryCache();
    const claims = { sub: 'a', groups: [{ id: 'x' }], cnf: { 'x5t#S256': 'y' } };
    const stored = structuredClone(claims);
    await cache.set('token', stored, LATE);
    stored.groups.push('added');
    stored.cnf['x5t#S256'] = 'other';
    const first = await cache.get('token');
    assert.deepEqual(first, claims);
    first.groups[0].id = 'changed';
    first.sub = 'changed';
    assert.deepEqual(await cache.get('token'), claims);
  });

  test('a claim or a token named __proto__ is like any other', async () => {
    setTime(START);
    const cache = createMemoryCache();
    await cache.set('__proto__', JSON.parse('{"__proto__":{"admin":true},"sub":"a"}'), LATE);
    await cache.set('constructor', { sub: 'b' }, LATE);
    const claims = await cache.get('__proto__');
    assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    assert.deepEqual(Object.keys(claims), ['__proto__', 'sub']);
    assert.equal(claims.admin, undefined);
    assert.equal({}.admin, undefined);
    assert.equal((await cache.get('constructor')).sub, 'b');
    assert.equal(await cache.get('toString'), undefined);
  });

  test('holds no token: a heap snapshot shows none that could be used', async () => {
    // In a process where nothing else holds it; put together there, or the program's text would.
    const program = path.join(__dirname, 'programs', 'heap-snapshot.js');
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-heap-'));
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program], {
      cwd: directory,
    });
    fs.rmSync(directory, { recursive: true });
    // The last line shows that it would have been found.
    assert.equal(stdout, 'true false\ntrue\n');
  });

  test('a process with a full cache ends by itself', async () => {
    const program = `
      const { createMemoryCache } = require('@monocloud/backend-node/cache');
      createMemoryCache().set('token', { sub: 'a' }, Date.now() / 1000 + 3600);
    `;
    await promisify(execFile)(process.execPath, ['-e', program], {
      cwd: __dirname,
      timeout: 10_000,
    });
  });

  test('bad arguments', async () => {
    const none = [0, -1, 1.5, 8_000_001, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '10', true];
    for (const maxEntries of none) {
      assert.throws(
        () => createMemoryCache({ maxEntries }),
        (error) =>
          error instanceof MonoCloudValidationError &&
          /^"maxEntries" must be/.test(error.message) &&
          /memory-cache\.test\.js/.test(error.stack.split('\n')[1]),
      );
    }
    assert.throws(() => createMemoryCache({ max: 1 }), /has no option "max"; it has maxEntries/);
    assert.throws(() => createMemoryCache({ maxentrys: 1 }), {
      name: 'MonoCloudValidationError',
      message: 'createMemoryCache() has no option "maxentrys"; did you mean "maxEntries"?',
    });
    createMemoryCache({ maxEntries: 8_000_000 });
    assert.throws(() => createMemoryCache(1), /^MonoCloudValidationError: "options" must be/);
    createMemoryCache(null);
    const cache = createMemoryCache({ maxEntries: undefined });
    for (const token of [undefined, null, {}, 1]) {
      await assert.rejects(cache.get(token), MonoCloudValidationError);
      await assert.rejects(cache.set(token, {}, LATE), MonoCloudValidationError);
      await assert.rejects(cache.delete(token), MonoCloudValidationError);
    }
    for (const expiresAt of [undefined, Number.NaN, Number.POSITIVE_INFINITY, '1']) {
      await assert.rejects(cache.set('token', {}, expiresAt), MonoCloudValidationError);
    }
  });
});
