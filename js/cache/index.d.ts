/**
 * `@monocloud/backend-node/cache`: an in-memory cache for the option `cache`, so that an opaque token is not
 * introspected for every request. `./redis` has a cache for several servers.
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
   * The most entries, up to 8,000,000. A new one replaces the least recently used one. An entry takes about as many
   * bytes as its claims as JSON, and 300 more.
   *
   * @defaultValue `10_000`
   */
  maxEntries?: number | undefined;
}

/**
 * A cache in the memory of this process. It needs no server.
 *
 * Entries expire with their token, by `Date.now()`. There is no timer, so the cache does not keep the process alive.
 * The cache stores digests of tokens, not tokens, and each `get` resolves to a copy of the claims. Each client needs
 * a cache of its own, because the key is the token alone.
 *
 * @param options - The size.
 * @throws {MonoCloudValidationError} where an option is invalid or unknown.
 *
 * @example
 * ```ts
 * const protect = protectApi({ cache: createMemoryCache({ maxEntries: 50_000 }) });
 * ```
 */
export declare function createMemoryCache(options?: MemoryCacheOptions): ICache;
