'use strict';

// `@monocloud/backend-node/redis`: where validated claims are kept, for the option `cache`. The Redis
// client is the caller's: nothing is imported, and nothing of its connection is touched. Documented
// in index.d.ts.

const { Buffer } = require('node:buffer');
const { createHmac, createSecretKey, timingSafeEqual } = require('node:crypto');
const { isUint8Array } = require('node:util').types;
const { createMemoryCache } = require('../cache/memory.js');
const provenance = require('../cache/provenance.js');
const { endOf, made, readClaims, requireToken, sha256, textOf } = require('../cache/shared.js');
const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('../core/options-reader.js');

const { hasOwn } = Object;
const { isBuffer } = Buffer;

const OPTIONS = ['prefix', 'tenantDomain', 'audience', 'secret'];

// The first bytes of everything that is digested, so that a key is never also a seal. The number is the
// layout's: an entry of another layout is not found, and its seal is no seal here.
const KEY_LABEL = 'monocloud-backend-node cache key 2\0';
const SEAL_LABEL = 'monocloud-backend-node cache value 2\0';

const SEAL_LENGTH = 43;
const MIN_SECRET_BYTES = 16;

// 8.64e15 is the last instant that JavaScript's dates know, and far below what Redis can count.
const LAST_MS = 8.64e15;

function createRedisCache(client, options) {
  return made(() => redisCache(client, options), createRedisCache);
}

function redisCache(client, options) {
  const store = setterOf(client);
  const where = { what: 'createRedisCache()', from: createRedisCache };
  const read = readOptions(options, OPTIONS, where);
  const prefix = read.prefix ?? 'monocloud:';
  if (typeof prefix !== 'string') throw new MonoCloudValidationError('"prefix" must be a string');
  const tenant = required('tenantDomain', read.tenantDomain, 'MONOCLOUD_BACKEND_TENANT_DOMAIN');
  const audience = required('audience', read.audience, 'MONOCLOUD_BACKEND_AUDIENCE');
  const secret = readSecret(read.secret);
  const { digest, seal, open } = secret ? sealed(secret) : plain;
  const scope = scopeOf(tenant, audience);

  const keyOf = (token) => {
    requireToken(token);
    return prefix + digest(scope + token);
  };

  return {
    async get(token) {
      const key = keyOf(token);
      const reply = await client.get(key);
      // A client that is told to answer with bytes does so.
      const value = isBuffer(reply) ? reply.toString() : reply;
      return typeof value === 'string' ? readEntry(open(key, value)) : undefined;
    },

    async set(token, claims, expiresAt) {
      const end = Math.min(endOf(expiresAt), LAST_MS);
      if (end <= Date.now()) return;
      const key = keyOf(token);
      try {
        await store(key, seal(key, entryOf(claims, end)), end);
      } catch (error) {
        throw withoutArguments(error);
      }
    },

    async delete(token) {
      await client.del(keyOf(token));
    },
  };
}

/** How an entry's mark is written. `-`: it was stored without one. */
const LETTERS = { __proto__: null, introspected: 'i', validated: 'v' };
const MARKS = { __proto__: null, i: 'introspected', v: 'validated', '-': undefined };

/** An entry as text: the mark, the end in epoch milliseconds, and the claims as JSON (`i1893456000000:{…}`). */
function entryOf(claims, end) {
  return `${LETTERS[provenance.of(claims)] ?? '-'}${end}:${textOf(claims)}`;
}

/** The claims of an entry that has not ended. What Redis expires by its own clock may be written back. */
function readEntry(text) {
  const [head, letter, end] = /^([iv-])([1-9]\d{0,15}):/.exec(text ?? '') ?? [];
  if (head === undefined || Number(end) <= Date.now()) return undefined;
  return readClaims(text.slice(head.length), MARKS[letter]);
}

/** What tells clients apart that share one Redis, with lengths, so that no two run into each other. */
function scopeOf(tenant, audience) {
  const issuer = tenant.endsWith('/') ? tenant.slice(0, -1) : tenant;
  return `${KEY_LABEL}${issuer.length}:${issuer}${audience.length}:${audience}`;
}

/** `SET key value PXAT milliseconds`, the way the client at hand takes it. */
function setterOf(client) {
  const kind = kindOf(client);
  if (kind === 'ioredis') return (key, value, ms) => client.set(key, value, 'PXAT', ms);
  if (kind === 'node-redis') {
    // `PXAT` is the older spelling, which version 5 calls deprecated. A client that reads only that
    // one would otherwise keep the entry for ever; one that reads both sends it once.
    return (key, value, ms) =>
      client.set(key, value, { expiration: { type: 'PXAT', value: ms }, PXAT: ms });
  }
  throw new MonoCloudValidationError(
    '"client" must be a client, pool or cluster of redis (5 or 6), or a Redis or Cluster of ioredis (5 or 6)',
  );
}

/** By what it has, since nothing is imported. A transaction or pipeline has the commands, too, but neither mark. */
function kindOf(client) {
  if (client === null || typeof client !== 'object') return undefined;
  if (!['get', 'set', 'del'].every((name) => typeof client[name] === 'function')) return undefined;
  if (typeof client.isOpen === 'boolean') return 'node-redis';
  return typeof client.status === 'string' && typeof client.defineCommand === 'function'
    ? 'ioredis'
    : undefined;
}

function required(name, option, variable) {
  const refuse = (rule) =>
    new MonoCloudValidationError(
      `"${name}" ${rule} (set the option, or the environment variable ${variable})`,
    );
  // As in the client: an empty variable counts as unset, an empty option is a mistake.
  const value = option ?? (fromEnvironment(variable) || undefined);
  if (value === undefined) throw refuse('is required');
  if (typeof value !== 'string') throw refuse('must be a string');
  if (value === '') throw refuse('is not allowed to be empty');
  return value;
}

/** `process.env` inherits from `Object.prototype`. */
function fromEnvironment(variable) {
  return hasOwn(process.env, variable) ? process.env[variable] : undefined;
}

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

const plain = {
  digest: sha256,
  seal: (_key, text) => text,
  open: (_key, text) => text,
};

/**
 * With a secret, a value carries an HMAC over its key and itself, which includes the entry's end. Whoever
 * can write to Redis can make no claims up, move none to another token, and revive none that have ended.
 */
function sealed(secret) {
  const mac = (text) => createHmac('sha256', secret).update(text).digest('base64url');
  // With lengths: no two keys and texts are the same bytes.
  const sealOf = (key, text) => mac(`${SEAL_LABEL}${key.length}:${key}${text.length}:${text}`);
  return {
    digest: mac,
    seal: (key, text) => sealOf(key, text) + text,
    open: (key, value) => {
      const text = value.slice(SEAL_LENGTH);
      const given = Buffer.from(value.slice(0, SEAL_LENGTH));
      const expected = Buffer.from(sealOf(key, text));
      const genuine = given.length === expected.length && timingSafeEqual(given, expected);
      return genuine ? text : undefined;
    },
  };
}

/** ioredis shows in an error the command that failed, with all its arguments: here, the claims. */
function withoutArguments(error) {
  for (const failure of [error, error?.lastNodeError]) {
    if (failure?.command?.args) failure.command = { name: failure.command.name };
  }
  return error;
}

module.exports = { createMemoryCache, createRedisCache };
