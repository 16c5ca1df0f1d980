/**
 * `@monocloud/backend-node/redis`: a cache in Redis for the option `cache`, which several servers can share, so
 * that an opaque token is not introspected for every request, and a replay store for the option `dpop`, so that a
 * DPoP proof is accepted once by all servers together. This module also has `createMemoryCache` of `./cache`.
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
 * The members of a client of `redis` (node-redis), versions 5 and 6, that are used. The results of `createClient()`,
 * `createClientPool()`, `createCluster()` and `createSentinel()` have them.
 */
export interface NodeRedisClient {
  /** A client has this member; a transaction of `multi()` has not. */
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
   * @param value - The entry.
   * @param options - The end of the entry, in milliseconds since 1970; in the forms of the newer and older versions.
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

/** The members of `Redis` and `Cluster` of `ioredis`, versions 5 and 6, that are used. */
export interface IoredisClient {
  /** The connection's state, such as `'ready'`. A client has this member; `pipeline()` and `multi()` have not. */
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
   * @param value - The entry.
   * @param pxat - The literal `'PXAT'`.
   * @param milliseconds - The end of the entry, in milliseconds since 1970.
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
   * The prefix of every key. Clients that must not share entries need different prefixes: for example, one that
   * introspects JWTs and one that only verifies signatures.
   *
   * @defaultValue `'monocloud:'`
   */
  prefix?: string | undefined;
  /**
   * The tenant's URL, as in the client's options. It is part of every key, so that clients of other tenants do not
   * find the entry. One trailing slash is removed.
   *
   * Required, here or as the environment variable `MONOCLOUD_BACKEND_TENANT_DOMAIN`.
   */
  tenantDomain?: string | undefined;
  /**
   * The audience, as in the client's options. It is part of every key, so that clients of other APIs do not find the
   * entry.
   *
   * Required, here or as the environment variable `MONOCLOUD_BACKEND_AUDIENCE`.
   */
  audience?: string | undefined;
  /**
   * A secret of at least 16 bytes (`openssl rand -base64 32`), the same for all servers that share entries. With it,
   * keys are HMAC-SHA256 instead of SHA-256, and every value has an HMAC over key, end and claims. Somebody who can
   * write to Redis, but does not have the secret, cannot forge claims or extend an entry. Entries that were stored
   * with another secret are not found.
   *
   * @defaultValue none: everybody who can write to this Redis is trusted
   */
  secret?: string | Uint8Array | undefined;
}

/**
 * A cache in Redis, with your client of a server, a cluster or a sentinel. Requires Redis 6.2 or later, or Valkey,
 * with the commands `GET`, `SET` and `DEL`.
 *
 * - A key is `<prefix><digest>`: 43 characters of base64url over tenant, audience and token. A value has the claims
 *   as JSON, the entry's end, and whether the token was introspected. Neither has the token.
 * - An entry expires with the token (`PXAT`). `expiresAt` is in epoch seconds, with fractions. An entry that has
 *   expired by this process's clock is not stored.
 * - Each call is one command with one key: one round trip, also in a cluster.
 * - `get` resolves to a new object with the claims, or to `undefined` where there is no entry, or the entry has ended
 *   by this process's clock, is no JSON object, or has an invalid HMAC.
 * - Faults reject with the client library's error, which contains no claims. While Redis is unreachable, a promise
 *   may stay pending, depending on the library's offline queue and timeouts: configure them.
 *
 * The cache does not open, close or configure the connection, and adds no listener. Your client needs one for
 * `error`.
 *
 * @param client - Your client. You connect it.
 * @param options - Required, unless the environment has tenant and audience.
 * @throws {MonoCloudValidationError} where the client is of another kind, or an option is missing, invalid or
 * unknown.
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

/**
 * The member of a client of `redis` (node-redis), versions 4 to 6, that a replay store uses. The results of
 * `createClient()`, `createClientPool()`, `createCluster()` and `createSentinel()` have it.
 */
export interface NodeRedisReplayClient {
  /**
   * `SET key 1 PX milliseconds NX`.
   *
   * @param key - The whole key.
   * @param value - `'1'`.
   * @param options - The time to live in milliseconds, and that the key must be new; in the forms of the newer and
   * older versions.
   */
  set(
    key: string,
    value: string,
    options: {
      expiration: { type: 'PX'; value: number };
      PX: number;
      condition: 'NX';
      NX: true;
    },
  ): PromiseLike<unknown>;
}

/** The members of `Redis` and `Cluster` of `ioredis`, versions 5 and 6, that a replay store uses. */
export interface IoredisReplayClient {
  /** The connection's state, such as `'ready'`. A client has this member; `pipeline()` and `multi()` have not. */
  readonly status: string;
  /**
   * `SET key 1 PX milliseconds NX`.
   *
   * @param key - The whole key.
   * @param value - `'1'`.
   * @param px - The literal `'PX'`.
   * @param milliseconds - The time to live.
   * @param nx - The literal `'NX'`.
   */
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): PromiseLike<unknown>;
}

/** The options of {@link createRedisReplayStore}. */
export interface RedisReplayStoreOptions {
  /**
   * The prefix of every key. APIs may share one: the key is a digest of the proof's own key and `jti`, and a proof is
   * for one URL.
   *
   * @defaultValue `'monocloud:dpop:'`
   */
  prefix?: string | undefined;
}

/** What {@link createRedisReplayStore} makes: a store for `dpop.replayStore`. */
export interface RedisReplayStore {
  /**
   * Remembers a proof.
   *
   * @param key - 43 characters of base64url: the SHA-256 over the proof's thumbprint and `jti`.
   * @param expiresAt - When the proof is too old for every server, in epoch seconds, with fractions.
   * @returns `true` where the key was new and is now stored, `false` where it was there already.
   * @throws the client library's error, as a rejection, where Redis did not store it.
   */
  add(key: string, expiresAt: number): Promise<boolean>;
}

/**
 * A store of used DPoP proofs (RFC 9449 §11.1) in Redis, for `dpop: { replayStore }`, with your client of a server, a
 * cluster or a sentinel. All servers with the same Redis and prefix accept a proof once. Requires Redis 2.6.12 or
 * later, or Valkey, with the command `SET`.
 *
 * - A proof is one command with one key: `SET <prefix><key> 1 PX … NX`, one round trip, also in a cluster.
 * - A key is kept until `expiresAt` by the clock of the server that added it, and for a minute at least. The clock of
 *   Redis itself does not matter.
 * - `add` resolves to `true` or `false` only where Redis said so. Faults reject with the client library's error, and
 *   the guard answers 503. While Redis is unreachable or hangs, a promise may stay pending, depending on the library's
 *   offline queue and timeouts; the guard waits 1,000 milliseconds and answers 503.
 * - The Redis needs `maxmemory-policy noeviction`, its default. With another policy, Redis drops keys when its memory
 *   is full, and those proofs would be accepted again.
 * - Redis replicates after it has answered. A proof that was used in the last moment before a failover may be unknown
 *   to the new primary. Nonces (`dpop: { nonce }`) and a short `maxAge` keep that moment short.
 *
 * The store does not open, close or configure the connection, and adds no listener. Your client needs one for
 * `error`.
 *
 * @param client - Your client. You connect it.
 * @param options - The prefix, where it differs from the default.
 * @throws {MonoCloudValidationError} where the client is of another kind, or an option is invalid or unknown.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-11.1 RFC 9449 §11.1}
 *
 * @example
 * ```ts
 * const redis = new Redis({ host: 'redis.internal', enableOfflineQueue: false, commandTimeout: 500 });
 * const protect = protectApi({ dpop: { replayStore: createRedisReplayStore(redis) } });
 * ```
 */
export declare function createRedisReplayStore(
  client: NodeRedisReplayClient | IoredisReplayClient,
  options?: RedisReplayStoreOptions,
): RedisReplayStore;

export { createMemoryCache, type MemoryCacheOptions } from '../cache/index.js';
