'use strict';

// `createRedisReplayStore`: the DPoP proofs that a fleet has seen, in Redis. Documented in index.d.ts.

/** @import { IoredisReplayClient, NodeRedisReplayClient, RedisReplayStore, RedisReplayStoreOptions } from './index.d.ts' */

const { isBuffer } = require('node:buffer').Buffer;
const { endOf, made } = require('../cache/shared.js');
const { readOptions } = require('../core/options-reader.js');
const { MonoCloudValidationError } = require('../errors.js');
const { commandsOf, readPrefix } = require('./client.js');

/** @typedef {NodeRedisReplayClient | IoredisReplayClient} Client */

/** A key is kept this long at least, whatever the clock of this process says: it may have been set meanwhile. */
const SHORTEST_MS = 60_000;

/** Redis refuses a time to live that is past the end of its clock. */
const LONGEST_MS = 8.64e14;

/**
 * @param {Client} client
 * @param {RedisReplayStoreOptions} [options]
 */
function createRedisReplayStore(client, options) {
  return made(() => replayStore(client, options), createRedisReplayStore);
}

/**
 * @param {Client} client
 * @param {RedisReplayStoreOptions} [options]
 * @returns {RedisReplayStore}
 */
function replayStore(client, options) {
  const { addFor } = commandsOf(client);
  const where = { what: 'createRedisReplayStore()', from: createRedisReplayStore };
  const { prefix: given } = readOptions(options, /** @type {const} */ (['prefix']), where);
  const prefix = readPrefix(given, 'monocloud:dpop:');

  return {
    async add(key, expiresAt) {
      if (typeof key !== 'string' || key === '') {
        throw new MonoCloudValidationError('"key" must be a non-empty string');
      }
      // A time to live in place of an instant: a Redis whose clock is ahead would drop the key at once, and take
      // the same proof again.
      const left = Math.max(endOf(expiresAt) - Date.now(), SHORTEST_MS);
      const reply = await addFor(prefix + key, '1', Math.min(left, LONGEST_MS));
      if (reply === null) return false;
      // A client may be configured to return Buffers.
      if ((isBuffer(reply) ? reply.toString() : reply) === 'OK') return true;
      // Of no command that was carried out: a client in a transaction, for example, or one that was replaced.
      throw new Error('Redis answered SET … NX with neither OK nor null');
    },
  };
}

module.exports = { createRedisReplayStore };
