/**
 * `@monocloud/backend-node/cache`: a cache for the option `cache`, in the memory of one process, so that
 * the tenant is not asked about an opaque token on every request. `./redis` has one for a fleet of servers.
 *
 * ```ts
 * import { createMemoryCache } from '@monocloud/backend-node/cache';
 * import { protectApi } from '@monocloud/backend-node/express';
 *
 * const protect = protectApi({ cache: createMemoryCache() });
 * ```
 *
 * @packageDocumentation
 */

import type { ICache, MonoCloudValidationError } from '../../index.js';

/** The options of {@link createMemoryCache}. */
export interface MemoryCacheOptions {
  /**
   * The most entries that are kept, 8,000,000 at the most; the least recently used one makes room. An
   * entry takes about as many bytes as its claims as JSON, and 300 more.
   *
   * @defaultValue `10_000`
   */
  maxEntries?: number | undefined;
}

/**
 * A cache in the memory of this process: the one to start with. It needs no server, and no other process
 * reads or changes it.
 *
 * Entries expire with their token, by `Date.now()`; there is no timer, so the cache never keeps a process
 * running. It holds digests of tokens, not tokens, and each `get` resolves to a copy of the claims.
 * Give each client a cache of its own: the key is the token alone.
 *
 * @param options - How much it may hold.
 * @throws {MonoCloudValidationError} where an option is wrong, or does not exist.
 *
 * @example
 * ```ts
 * const protect = protectApi({ cache: createMemoryCache({ maxEntries: 50_000 }) });
 * ```
 */
export declare function createMemoryCache(options?: MemoryCacheOptions): ICache;
