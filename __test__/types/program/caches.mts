// Everything that `./cache` and `./redis` offer, with a real Redis.
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { createMemoryCache, type MemoryCacheOptions } from '@monocloud/backend-node/cache';
import {
  createRedisCache,
  createRedisReplayStore,
  type IoredisClient,
  type IoredisReplayClient,
  type NodeRedisClient,
  type NodeRedisReplayClient,
  type RedisCacheOptions,
  type RedisReplayStore,
  type RedisReplayStoreOptions,
} from '@monocloud/backend-node/redis';
import type { AccessTokenClaims, ICache } from '@monocloud/backend-node';

type Witness = <T>(name: string, value: T) => T;

export async function run(witness: Witness, { port }: { port: number }): Promise<void> {
  const exp = Math.floor(Date.now() / 1000) + 300;
  const claims: AccessTokenClaims = { iss: 'i', sub: 's', aud: 'a', iat: exp - 300, exp };
  const memory: MemoryCacheOptions = { maxEntries: 10 };
  const options: RedisCacheOptions = {
    prefix: 'api:',
    tenantDomain: 'https://tenant.example.com',
    audience: 'https://api.example.com',
    secret: 'a secret of sixteen bytes',
  };
  const node = createClient({ url: `redis://127.0.0.1:${port}` });
  await node.connect();
  const io = new Redis({ host: '127.0.0.1', port });
  const [asNode, asIo]: [NodeRedisClient, IoredisClient] = [node, io];

  // What is asked of a client is what they do.
  const at = exp * 1000;
  await asNode.set('one', '1', { expiration: { type: 'PXAT', value: at }, PXAT: at });
  await asIo.set('two', '2', 'PXAT', at);
  witness('of the other', [await asNode.get('two'), await asIo.get('one')]);
  await asNode.del('two');
  await asIo.del('one');
  witness('open', asNode.isOpen);
  witness('status', asIo.status);

  const caches: ICache[] = [
    createMemoryCache(memory),
    createRedisCache(asNode, options),
    createRedisCache(asIo, { ...options, secret: new Uint8Array(16) }),
  ];
  for (const cache of caches) {
    witness('cache', cache);
    await cache.set('token', claims, exp);
    witness('found', await cache.get('token'));
    await cache.delete('token');
    witness('gone', await cache.get('token'));
  }

  const forReplay: [NodeRedisReplayClient, IoredisReplayClient] = [node, io];
  const expiration = { type: 'PX', value: 1000 } as const;
  const asOption = { expiration, PX: 1000, condition: 'NX', NX: true } as const;
  witness('new', await forReplay[0].set('three', '1', asOption));
  witness('known', await forReplay[1].set('three', '1', 'PX', 1000, 'NX'));
  witness('state', forReplay[1].status);
  const replayOptions: RedisReplayStoreOptions = { prefix: 'api:' };
  const stores: RedisReplayStore[] = [
    createRedisReplayStore(forReplay[0], replayOptions),
    createRedisReplayStore(forReplay[1]),
  ];
  for (const store of stores) {
    witness('store', store);
    witness('first', await store.add('key', exp));
    witness('second', await store.add('key', exp));
  }
  await node.close();
  io.disconnect();
}
