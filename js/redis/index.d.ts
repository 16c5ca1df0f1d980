/**
 * `@monocloud/backend-node/redis`: a cache in Redis for the option `cache`, shared by a fleet of servers, so
 * that the tenant is not asked about an opaque token on every request. It has `createMemoryCache`, too,
 * which `./cache` documents.
 *
 * ```ts
 * import { createClient } from 'redis'; // or: import { Redis } from 'ioredis';
 * import { protectApi } from '@monocloud/backend-node/express';
 * import { createRedisCache } from '@monocloud/backend-node/redis';
 *
 * const redis = createClient({ url: process.env.REDIS_URL, disableOfflineQueue: true });
 * redis.on('error', (error) => console.error(error.message));
 * await redis.connect();
 *
 * const protect = protectApi({ cache: createRedisCache(redis) });
 * ```
 *
 * @packageDocumentation
 */

import type { ICache, MonoCloudValidationError } from '../../index.js';

/**
 * What is used of `redis` (node-redis), versions 5 and 6: what `createClient()`, `createClientPool()`,
 * `createCluster()` and `createSentinel()` return fits.
 */
export interface NodeRedisClient {
  /** It has this, and a transaction made by `multi()` has not. */
  readonly isOpen: boolean;
  /**
   * `GET key`.
   *
   * @param key - The whole key.
   */
  get(key: string): PromiseLike<unknown>;
  /**
   * `SET key value PXAT milliseconds`.
   *
   * @param key - The whole key.
   * @param value - What to store.
   * @param options - When it expires, in milliseconds since 1970; as 6 wants it, and as 5 does.
   */
  set(
    key: string,
    value: string,
    options: { expiration: { type: 'PXAT'; value: number }; PXAT: number },
  ): PromiseLike<unknown>;
  /**
   * `DEL key`.
   *
   * @param key - The whole key.
   */
  del(key: string): PromiseLike<unknown>;
}

/** What is used of `ioredis`, versions 5 and 6: `new Redis()` and `new Cluster()` fit. */
export interface IoredisClient {
  /** `'ready'` and the like. It has this, and a `pipeline()` or `multi()` has not. */
  readonly status: string;
  /**
   * `GET key`.
   *
   * @param key - The whole key.
   */
  get(key: string): PromiseLike<unknown>;
  /**
   * `SET key value PXAT milliseconds`.
   *
   * @param key - The whole key.
   * @param value - What to store.
   * @param pxat - The word.
   * @param milliseconds - When it expires, since 1970.
   */
  set(key: string, value: string, pxat: 'PXAT', milliseconds: number): PromiseLike<unknown>;
  /**
   * `DEL key`.
   *
   * @param key - The whole key.
   */
  del(key: string): PromiseLike<unknown>;
}

/** The options of {@link createRedisCache}. */
export interface RedisCacheOptions {
  /**
   * What every key begins with. Clients that must not use each other's answers need different ones:
   * one that asks the tenant about each token and one that only verifies signatures, say.
   *
   * @defaultValue `'monocloud:'`
   */
  prefix?: string | undefined;
  /**
   * The tenant's URL: the same as the client's. It goes into every key, so that another tenant's client
   * never finds the entry. One trailing slash is dropped.
   *
   * Environment: `MONOCLOUD_BACKEND_TENANT_DOMAIN`. Required in one of the two places.
   */
  tenantDomain?: string | undefined;
  /**
   * This API's identifier: the same as the client's. It goes into every key, so that another API's
   * client never finds the entry.
   *
   * Environment: `MONOCLOUD_BACKEND_AUDIENCE`. Required in one of the two places.
   */
  audience?: string | undefined;
  /**
   * A key of at least 16 bytes (`openssl rand -base64 32`), the same in all servers that share entries.
   * With it, keys are HMAC-SHA256 instead of SHA-256, and every value carries an HMAC over its key, its
   * end and itself: whoever can write to Redis, but does not have the secret, can't make claims up, and
   * an old value that is written back after its end is no entry. What was stored under another secret is
   * not found.
   *
   * @defaultValue none: everything that can write to this Redis is trusted
   */
  secret?: string | Uint8Array | undefined;
}

/**
 * A cache in Redis, through a client of yours: a server, a cluster or a sentinel's. Needs Redis 6.2
 * (or Valkey) and up, with the commands `GET`, `SET` and `DEL`.
 *
 * - An entry is `<prefix><digest>`, 43 characters of base64url over tenant, audience and token, and
 *   holds the claims as JSON, the entry's end, and whether the tenant was asked about the token. The token
 *   is in neither.
 * - It expires with the token (`PXAT`); `expiresAt` is in epoch seconds, fractions count. What has
 *   expired by this process's clock is not stored.
 * - Each call is one command with one key: one round trip, also in a cluster.
 * - `get` resolves to claims of its own for each caller, or to `undefined` where there is no entry, or
 *   one that has ended by this process's clock, is no JSON object, or whose seal is broken.
 * - Faults reject with the client library's error, which never has claims in it. While Redis is away
 *   a promise may stay pending, as the library is told: set its offline queue and its timeouts.
 *
 * It opens, closes and configures nothing, and sets no listener: give your client one for `error`.
 *
 * @param client - Connected, or to be connected by you.
 * @param options - Required, unless the environment has tenant and audience.
 * @throws {MonoCloudValidationError} where the client is none, or an option is missing, wrong, or does not
 * exist.
 *
 * @example
 * ```ts
 * const redis = new Redis({ host: 'redis.internal', enableOfflineQueue: false, commandTimeout: 1_000 });
 * const cache = createRedisCache(redis, {
 *   tenantDomain: 'https://example.us.monocloud.com',
 *   audience: 'https://api.example.com',
 *   secret: process.env.CACHE_SECRET,
 * });
 * ```
 */
export declare function createRedisCache(
  client: NodeRedisClient | IoredisClient,
  options?: RedisCacheOptions,
): ICache;

export { createMemoryCache, type MemoryCacheOptions } from '../cache/index.js';
