// Every client that people have, as its library declares it, is one that `createRedisCache` and
// `createRedisReplayStore` take.
import type { AccessTokenClaims, ICache } from '@monocloud/backend-node';
import { protectApi } from '@monocloud/backend-node/express';
import {
  createMemoryCache,
  createRedisCache,
  createRedisReplayStore,
  type MemoryCacheOptions,
  type RedisCacheOptions,
  type RedisReplayStore,
} from '@monocloud/backend-node/redis';
import * as io6 from 'ioredis';
import * as io5 from 'ioredis5';
import * as node6 from 'redis';
import * as node4 from 'redis4';
import * as node5 from 'redis5';

const options: RedisCacheOptions = {
  prefix: 'api:',
  tenantDomain: 'https://tenant.example',
  audience: 'https://api.example',
  secret: new Uint8Array(32),
};

export const caches: ICache[] = [
  createRedisCache(node5.createClient(), options),
  createRedisCache(node5.createClient({ RESP: 3, url: 'redis://127.0.0.1' }), options),
  createRedisCache(node5.createClientPool()),
  createRedisCache(node5.createCluster({ rootNodes: [] })),
  createRedisCache(node5.createSentinel({ name: 'main', sentinelRootNodes: [] })),
  createRedisCache(node6.createClient(), options),
  createRedisCache(node6.createClient({ RESP: 2, commandOptions: { timeout: 100 } }), options),
  createRedisCache(
    node6.createClient().withTypeMapping({ [node6.RESP_TYPES.BLOB_STRING]: Buffer }),
  ),
  createRedisCache(node6.createClientPool()),
  createRedisCache(node6.createCluster({ rootNodes: [] })),
  createRedisCache(node6.createSentinel({ name: 'main', sentinelRootNodes: [] })),
  createRedisCache(new io5.Redis(), options),
  createRedisCache(new io5.Redis('redis://127.0.0.1', { lazyConnect: true })),
  createRedisCache(new io5.Cluster([])),
  createRedisCache(new io6.Redis(), options),
  createRedisCache(new io6.Cluster([])),
  createMemoryCache(),
  createMemoryCache({ maxEntries: 5 } satisfies MemoryCacheOptions),
];

export const stores: RedisReplayStore[] = [
  createRedisReplayStore(node4.createClient()),
  createRedisReplayStore(node4.createCluster({ rootNodes: [] })),
  createRedisReplayStore(node5.createClient({ RESP: 3 }), { prefix: 'api:' }),
  createRedisReplayStore(node5.createClientPool()),
  createRedisReplayStore(node5.createCluster({ rootNodes: [] })),
  createRedisReplayStore(node5.createSentinel({ name: 'main', sentinelRootNodes: [] })),
  createRedisReplayStore(node6.createClient()),
  createRedisReplayStore(node6.createClientPool()),
  createRedisReplayStore(node6.createCluster({ rootNodes: [] })),
  createRedisReplayStore(node6.createSentinel({ name: 'main', sentinelRootNodes: [] })),
  createRedisReplayStore(new io5.Redis()),
  createRedisReplayStore(new io5.Cluster([])),
  createRedisReplayStore(new io6.Redis()),
  createRedisReplayStore(new io6.Cluster([])),
];

export async function connected(): Promise<ICache[]> {
  return [
    createRedisCache(await node5.createClient().connect()),
    createRedisCache(await node6.createClient().connect()),
  ];
}

export function declared(
  five: node5.RedisClientType,
  six: node6.RedisClientType,
  cluster: node6.RedisClusterType,
): ICache[] {
  return [five, six, cluster].map((client) => createRedisCache(client));
}

// The environment may not have it; then the constructor says so.
createRedisCache(node6.createClient(), { secret: process.env.CACHE_SECRET });
protectApi({
  ...options,
  tenantDomain: 'https://tenant.example',
  audience: 'https://api.example',
  cache: createMemoryCache(),
});

export const found: Promise<AccessTokenClaims | null | undefined> =
  createMemoryCache().get('token');

// @ts-expect-error a URL is no client
createRedisCache('redis://127.0.0.1');
// @ts-expect-error a client is needed
createRedisCache();
// @ts-expect-error a transaction is no client
createRedisCache(node6.createClient().multi(), options);
// @ts-expect-error a transaction is no client
createRedisCache(node5.createClient().multi(), options);
// @ts-expect-error a pipeline is no client
createRedisCache(new io6.Redis().pipeline(), options);
// @ts-expect-error a pipeline is no client
createRedisCache(new io5.Redis().pipeline(), options);
// @ts-expect-error a Map is no client
createRedisCache(new Map());
// @ts-expect-error misspelt
createRedisCache(node6.createClient(), { tenant: 'https://tenant.example' });
// @ts-expect-error a transaction is no client
createRedisReplayStore(node4.createClient().multi());
// @ts-expect-error a transaction is no client
createRedisReplayStore(node6.createClient().multi());
// @ts-expect-error a pipeline is no client
createRedisReplayStore(new io6.Redis().pipeline());
// @ts-expect-error a Map is no client
createRedisReplayStore(new Map());
// @ts-expect-error a replay store has no secret
createRedisReplayStore(node6.createClient(), { secret: 'sixteen bytes of it' });
// @ts-expect-error a number, not a text
createMemoryCache({ maxEntries: '5' });
