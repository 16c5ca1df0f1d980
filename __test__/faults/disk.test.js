'use strict';

// A Redis whose disk is full. It refuses to store from then on (MISCONF), as long as it is told to save at all: the
// cache stores nothing and no validation fails for that, and the replay store calls no proof new.

const crypto = require('node:crypto');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createRedisCache, createRedisReplayStore } = require('@monocloud/backend-node/redis');
const { startTenant } = require('../support/guarded.js');
const { libraries, startRedis, until } = require('../support/redis.js');
const { cannot } = require('./support.js');

const skip = cannot({ root: true, names: ['redis-server', 'mount'] });

/** A directory on a disk of its own, of 1 MiB. */
function smallDisk(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-disk-'));
  const own = ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory];
  const { status, stderr } = spawnSync('mount', own, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  t.after(() => {
    spawnSync('umount', ['--lazy', directory]);
    fs.rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

describe('without a free block on the disk of Redis', { skip }, () => {
  it('tokens are judged as without a cache, no proof is new, and it recovers', async (t) => {
    const directory = smallDisk(t);
    const filler = path.join(directory, 'filler');
    const server = await startRedis({ args: ['--dir', directory, '--save', '3600 1'] });
    t.after(() => server.close());
    const [library] = libraries;
    const { client: redis, close } = await library.connect(server);
    t.after(close);
    const tenant = await startTenant(t);
    const options = tenant.options(tenant.credentials);
    const cache = createRedisCache(redis, tenant.options());
    const store = createRedisReplayStore(redis);
    const client = new MonoCloudBackendNodeClient({ ...options, cache });
    const end = Date.now() / 1000 + 60;
    const key = () => crypto.randomBytes(32).toString('base64url');

    const saved = async (expected) => {
      await server.cli('BGSAVE');
      await until(async () => {
        const persistence = await server.cli('INFO', 'persistence');
        return persistence.includes(`rdb_last_bgsave_status:${expected}`);
      }, `a save that is ${expected}`);
    };
    const asked = async (token) => {
      const before = tenant.requests.introspection;
      assert.equal((await client.validateAccessToken(token)).sub, 'user');
      return tenant.requests.introspection - before;
    };
    const storesUntil = () =>
      until(async () => {
        await cache.set('probe', { sub: 'probe' }, end).catch(() => {});
        return (await cache.get('probe').catch(() => undefined))?.sub === 'probe';
      }, 'storing');

    await storesUntil();
    assert.equal(await asked('one'), 1);
    await until(async () => (await cache.get('one')) !== undefined, 'an entry');
    assert.equal(await asked('one'), 0);
    const first = key();
    assert.equal(await store.add(first, end), true);

    fs.writeFileSync(filler, '');
    // As much as there is room for, and no error for the rest.
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { stdio: 'ignore' });
    await saved('err');
    await assert.rejects(cache.set('two', { sub: 'a-private-name' }, end), (error) => {
      assert.match(error.message, /MISCONF/);
      assert.doesNotMatch(String(error.stack), /a-private-name/);
      return true;
    });
    // What is there is still read; what is not is asked of the tenant each time.
    assert.equal(await asked('one'), 0);
    assert.deepEqual([await asked('two'), await asked('two')], [1, 1]);
    assert.equal((await client.validateAccessToken(tenant.token())).sub, 'user');
    await assert.rejects(client.validateAccessToken(tenant.token({ exp: 1 })), {
      reason: 'expired',
    });
    for (const proof of [first, key()]) await assert.rejects(store.add(proof, end), /MISCONF/);

    fs.rmSync(filler);
    await saved('ok');
    await storesUntil();
    assert.deepEqual([await store.add(first, end), await store.add(key(), end)], [false, true]);
    assert.equal(await asked('three'), 1);
    await until(async () => (await cache.get('three')) !== undefined, 'an entry');
    assert.equal(await asked('three'), 0);
  });
});
