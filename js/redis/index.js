'use strict';

// `@monocloud/backend-node/redis`: a cache in Redis for the option `cache`, and a replay store for `dpop`. The
// caller brings the Redis client and manages its connection. Documented in index.d.ts.

/**
 * @import { KeyObject } from 'node:crypto'
 * @import { AccessTokenClaims, ICache } from '../../index.d.ts'
 * @import { Provenance } from '../core/provenance.js'
 * @import { IoredisClient, NodeRedisClient, RedisCacheOptions } from './index.d.ts'
 */

const { Buffer } = require('node:buffer');
const { createHmac, createSecretKey, timingSafeEqual } = require('node:crypto');
const { isUint8Array } = require('node:util').types;
const { createMemoryCache } = require('../cache/memory.js');
const provenance = require('../core/provenance.js');
const { endOf, made, readClaims, requireToken, sha256, textOf } = require('../cache/shared.js');
const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('../core/options-reader.js');
const { commandsOf, readPrefix } = require('./client.js');
const { createRedisReplayStore } = require('./replay-store.js');

const { hasOwn } = Object;
const { isBuffer } = Buffer;

/**
 * @typedef {NodeRedisClient | IoredisClient} Client
 * @typedef {{ command?: { name?: unknown, args?: unknown } }} Failure of one command
 */

const OPTIONS = /** @type {const} */ (['prefix', 'tenantDomain', 'audience', 'secret']);

// Prefixes of the digested bytes, so that no key equals a seal. The number is the version of the layout:
// entries of another version are not found, and their seals do not match.
const KEY_LABEL = 'monocloud-backend-node cache key 2\0';
const SEAL_LABEL = 'monocloud-backend-node cache value 2\0';

const SEAL_LENGTH = 43;
const MIN_SECRET_BYTES = 16;

// The last instant of a JavaScript Date. Redis accepts larger numbers.
const LAST_MS = 8.64e15;

/**
 * @param {Client} client
 * @param {RedisCacheOptions} [options]
 */
function createRedisCache(client, options) {
  return made(() => redisCache(client, options), createRedisCache);
}

/**
 * @param {Client} client
 * @param {RedisCacheOptions} [options]
 * @returns {ICache}
 */
function redisCache(client, options) {
  const { setUntil } = commandsOf(client);
  const where = { what: 'createRedisCache()', from: createRedisCache };
  const read = readOptions(options, OPTIONS, where);
  const prefix = readPrefix(read.prefix, 'monocloud:');
  const tenant = required('tenantDomain', read.tenantDomain, 'MONOCLOUD_BACKEND_TENANT_DOMAIN');
  const audience = required('audience', read.audience, 'MONOCLOUD_BACKEND_AUDIENCE');
  const secret = readSecret(read.secret);
  const { digest, seal, open } = secret ? sealed(secret) : plain;
  const scope = scopeOf(tenant, audience);

  /** @param {string} token */
  const keyOf = (token) => {
    requireToken(token);
    return prefix + digest(scope + token);
  };

  return {
    async get(token) {
      const key = keyOf(token);
      const reply = await client.get(key);
      // A client may be configured to return Buffers.
      const value = isBuffer(reply) ? reply.toString() : reply;
      return typeof value === 'string' ? readEntry(open(key, value)) : undefined;
    },

    async set(token, claims, expiresAt) {
      const end = Math.min(endOf(expiresAt), LAST_MS);
      if (end <= Date.now()) return;
      const key = keyOf(token);
      try {
        await setUntil(key, seal(key, entryOf(claims, end)), end);
      } catch (error) {
        throw withoutArguments(error);
      }
    },

    async delete(token) {
      await client.del(keyOf(token));
    },
  };
}

/**
 * The letter for the mark of an entry; `-` for none.
 * @type {Record<Provenance, string> & { __proto__: null }}
 */
const LETTERS = { __proto__: null, introspected: 'i', validated: 'v' };
/** @type {Record<'i' | 'v' | '-', Provenance | undefined> & { __proto__: null }} */
const MARKS = { __proto__: null, i: 'introspected', v: 'validated', '-': undefined };

/**
 * An entry as text: the mark, the end in epoch milliseconds, and the claims as JSON (`i1893456000000:{…}`).
 * @param {AccessTokenClaims} claims
 * @param {number} end
 */
function entryOf(claims, end) {
  const mark = provenance.of(claims);
  return `${mark === undefined ? '-' : LETTERS[mark]}${end}:${textOf(claims)}`;
}

/**
 * The claims of an entry that has not ended. The end is checked here, too: a writer could restore an entry.
 * @param {string | undefined} text
 */
function readEntry(text) {
  const [head, letter, end] = /^([iv-])([1-9]\d{0,15}):/.exec(text ?? '') ?? [];
  if (text === undefined || head === undefined || Number(end) <= Date.now()) return undefined;
  return readClaims(text.slice(head.length), MARKS[/** @type {'i' | 'v' | '-'} */ (letter)]);
}

/**
 * Issuer and audience, which separate the clients that share one Redis; with lengths, so that none are alike.
 * @param {string} tenant
 * @param {string} audience
 */
function scopeOf(tenant, audience) {
  const issuer = tenant.endsWith('/') ? tenant.slice(0, -1) : tenant;
  return `${KEY_LABEL}${issuer.length}:${issuer}${audience.length}:${audience}`;
}

/**
 * @param {string} name
 * @param {unknown} option
 * @param {string} variable
 */
function required(name, option, variable) {
  /** @param {string} rule */
  const refuse = (rule) =>
    new MonoCloudValidationError(
      `"${name}" ${rule} (set the option, or the environment variable ${variable})`,
    );
  // As in the client's options: an empty variable counts as unset, an empty option is an error.
  const value = option ?? (fromEnvironment(variable) || undefined);
  if (value === undefined) throw refuse('is required');
  if (typeof value !== 'string') throw refuse('must be a string');
  if (value === '') throw refuse('is not allowed to be empty');
  return value;
}

/**
 * A variable by its own name only: `process.env` inherits from `Object.prototype`.
 * @param {string} variable
 */
function fromEnvironment(variable) {
  return hasOwn(process.env, variable) ? process.env[variable] : undefined;
}

/** @param {unknown} secret */
function readSecret(secret) {
  if (secret === undefined) return undefined;
  if (typeof secret !== 'string' && !isUint8Array(secret)) {
    throw new MonoCloudValidationError('"secret" must be a string or a Uint8Array');
  }
  const bytes = Buffer.from(secret);
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new MonoCloudValidationError(`"secret" must have at least ${MIN_SECRET_BYTES} bytes`);
  }
  return createSecretKey(bytes);
}

/** @type {ReturnType<typeof sealed>} */
const plain = {
  digest: sha256,
  seal: (_key, text) => text,
  open: (_key, text) => text,
};

/**
 * With a secret, a value begins with an HMAC over the key and the entry, which includes its end. Somebody who
 * can write to Redis cannot forge claims, move them to another token, or extend an entry that has ended.
 * @param {KeyObject} secret
 */
function sealed(secret) {
  /** @param {string} text */
  const mac = (text) => createHmac('sha256', secret).update(text).digest('base64url');
  /**
   * With lengths, so that no two pairs of key and text are the same bytes.
   * @param {string} key
   * @param {string} text
   */
  const sealOf = (key, text) => mac(`${SEAL_LABEL}${key.length}:${key}${text.length}:${text}`);
  return {
    /** @type {(text: string) => string} */
    digest: mac,
    /** @type {(key: string, text: string) => string} */
    seal: (key, text) => sealOf(key, text) + text,
    /** @type {(key: string, value: string) => string | undefined} */
    open: (key, value) => {
      const text = value.slice(SEAL_LENGTH);
      const given = Buffer.from(value.slice(0, SEAL_LENGTH));
      const expected = Buffer.from(sealOf(key, text));
      const genuine = given.length === expected.length && timingSafeEqual(given, expected);
      return genuine ? text : undefined;
    },
  };
}

/**
 * An error of ioredis without the arguments of the failed command, which contain the claims.
 * @param {unknown} error
 */
function withoutArguments(error) {
  const thrown = /** @type {(Failure & { lastNodeError?: Failure }) | null | undefined} */ (error);
  for (const failure of [thrown, thrown?.lastNodeError]) {
    if (failure?.command?.args) failure.command = { name: failure.command.name };
  }
  return error;
}

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  createMemoryCache,
  createRedisCache,
  createRedisReplayStore,
});
