'use strict';

// The Redis client of a caller: which library it is of, and the commands that this package sends with it.

/** @import { IoredisClient, IoredisReplayClient, NodeRedisClient, NodeRedisReplayClient } from './index.d.ts' */

const { MonoCloudValidationError } = require('../errors.js');

/** @typedef {NodeRedisClient | IoredisClient | NodeRedisReplayClient | IoredisReplayClient} Client */

/**
 * The two forms of `SET`, as the client takes them.
 * @param {Client} client
 */
function commandsOf(client) {
  const kind = kindOf(client);
  if (kind === undefined) {
    throw new MonoCloudValidationError(
      '"client" must be a client, pool or cluster of redis (4, 5 or 6), or a Redis or Cluster of ioredis (5 or 6)',
    );
  }
  const ioredis = /** @type {IoredisClient & IoredisReplayClient} */ (client);
  const nodeRedis = /** @type {NodeRedisClient & NodeRedisReplayClient} */ (client);
  // Both spellings for node-redis. Older versions read only `PXAT`, `PX` and `NX`, and would store the entry
  // without an end; newer ones read `expiration` and `condition`, and send each once.
  return {
    /**
     * `SET key value PXAT at`
     * @param {string} key
     * @param {string} value
     * @param {number} at epoch milliseconds
     */
    setUntil: (key, value, at) =>
      kind === 'ioredis'
        ? ioredis.set(key, value, 'PXAT', at)
        : nodeRedis.set(key, value, { expiration: { type: 'PXAT', value: at }, PXAT: at }),

    /**
     * `SET key value PX ms NX`
     * @param {string} key
     * @param {string} value
     * @param {number} ms
     */
    addFor: (key, value, ms) =>
      kind === 'ioredis'
        ? ioredis.set(key, value, 'PX', ms, 'NX')
        : nodeRedis.set(key, value, {
            expiration: { type: 'PX', value: ms },
            PX: ms,
            condition: 'NX',
            NX: true,
          }),
  };
}

/**
 * The library of a client, by its members. A transaction or pipeline has the commands, but not the rest.
 * @param {unknown} client
 */
function kindOf(client) {
  if (client === null || typeof client !== 'object') return undefined;
  const members = /** @type {Record<string, unknown>} */ (client);
  if (!['get', 'set', 'del'].every((name) => typeof members[name] === 'function')) return undefined;
  // A cluster of node-redis 4 has no `isOpen`.
  if (typeof members.isOpen === 'boolean' || typeof members.nodeClient === 'function') {
    return 'node-redis';
  }
  return typeof members.status === 'string' && typeof members.defineCommand === 'function'
    ? 'ioredis'
    : undefined;
}

/**
 * @param {unknown} prefix
 * @param {string} byDefault
 */
function readPrefix(prefix, byDefault) {
  if (prefix === undefined) return byDefault;
  if (typeof prefix !== 'string') throw new MonoCloudValidationError('"prefix" must be a string');
  return prefix;
}

module.exports = { commandsOf, readPrefix };
