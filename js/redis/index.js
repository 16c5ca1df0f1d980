'use strict';

// `@monocloud/backend-node/redis`: where validated claims are kept, for the option `cache`. The Redis
// client is the caller's: nothing is imported, and nothing of its connection is touched. Documented
// in index.d.ts.

const { Buffer } = require('node:buffer');
const crypto = require('node:crypto');
const { MonoCloudValidationError } = require('../errors.js');
const { createMemoryCache } = require('./memory.js');
const { checkOptions, made, readClaims, sha256, textOf } = require('./shared.js');

const OPTIONS = ['prefix', 'tenantDomain', 'audience', 'secret'];

// The first bytes of everything that is digested: a key is never also a seal, and another layout
// would get another number.
const KEY_LABEL = 'monocloud-backend-node cache key 1\0';
const SEAL_LABEL = 'monocloud-backend-node cache value 1\0';

const SEAL_LENGTH = 43;
const MIN_SECRET_BYTES = 16;

// 8.64e15 is the last instant that JavaScript's dates know, and far below what Redis can count.
const LAST_MS = 8.64e15;

function createRedisCache(client, options) {
  return made(() => redisCache(client, options), createRedisCache);
}

function redisCache(client, options) {
  const store = setterOf(client);
  const read = checkOptions('createRedisCache', options, OPTIONS);
  const prefix = read.prefix ?? 'monocloud:';
  if (typeof prefix !== 'string') throw new MonoCloudValidationError('"prefix" must be a string');
  const tenant = required('tenantDomain', read.tenantDomain, 'MONOCLOUD_BACKEND_TENANT_DOMAIN');
  const audience = required('audience', read.audience, 'MONOCLOUD_BACKEND_AUDIENCE');
  const secret = readSecret(read.secret);
  const { digest, seal, open } = secret ? sealed(secret) : plain;
  const scope = scopeOf(tenant, audience);

  const keyOf = (token) => {
    if (typeof token !== 'string') throw new MonoCloudValidationError('"token" must be a string');
    return prefix + digest(scope + token);
  };

  return {
    async get(token) {
      const key = keyOf(token);
      const reply = await client.get(key);
      // A client that is told to answer with bytes does so.
      const text = Buffer.isBuffer(reply) ? reply.toString() : reply;
      return typeof text === 'string' ? readClaims(open(key, text)) : undefined;
    },

    async set(token, claims, expiresAt) {
      if (!Number.isFinite(expiresAt)) {
        throw new MonoCloudValidationError('"expiresAt" must be a number of seconds');
      }
      // Rounded down: an entry never outlives its token.
      const milliseconds = Math.min(Math.floor(expiresAt * 1000), LAST_MS);
      if (milliseconds <= Date.now()) return;
      const key = keyOf(token);
      try {
        await store(key, seal(key, textOf(claims)), milliseconds);
      } catch (error) {
        throw withoutArguments(error);
      }
    },

    async delete(token) {
      await client.del(keyOf(token));
    },
  };
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
  const value = option ?? (process.env[variable] || undefined);
  if (value === undefined) throw refuse('is required');
  if (typeof value !== 'string') throw refuse('must be a string');
  if (value === '') throw refuse('is not allowed to be empty');
  return value;
}

function readSecret(secret) {
  if (secret === undefined) return undefined;
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) {
    throw new MonoCloudValidationError('"secret" must be a string or a Uint8Array');
  }
  const bytes = Buffer.from(secret);
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new MonoCloudValidationError(`"secret" must have at least ${MIN_SECRET_BYTES} bytes`);
  }
  return crypto.createSecretKey(bytes);
}

const plain = {
  digest: sha256,
  seal: (_key, text) => text,
  open: (_key, text) => text,
};

/** With a secret, who can write to Redis still can't make claims up: a value is bound to its key. */
function sealed(secret) {
  const mac = (text) => crypto.createHmac('sha256', secret).update(text).digest('base64url');
  const sealOf = (key, text) => mac(`${SEAL_LABEL}${key.length}:${key}${text}`);
  return {
    digest: mac,
    seal: (key, text) => sealOf(key, text) + text,
    open: (key, value) => {
      const text = value.slice(SEAL_LENGTH);
      const given = Buffer.from(value.slice(0, SEAL_LENGTH));
      const expected = Buffer.from(sealOf(key, text));
      const genuine = given.length === expected.length && crypto.timingSafeEqual(given, expected);
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
