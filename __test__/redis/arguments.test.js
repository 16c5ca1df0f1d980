'use strict';

// The arguments of `createRedisCache`, and its environment variables.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const vm = require('node:vm');

const { MonoCloudValidationError } = require('@monocloud/backend-node');
const { createRedisCache } = require('@monocloud/backend-node/redis');
const { SCOPE, SECRET, VARIABLES } = require('./support.js');

describe('the arguments of createRedisCache', () => {
  const commands = { get() {}, set() {}, del() {} };
  const client = { ...commands, isOpen: true };

  for (const [wrong, message] of [
    [[], /^"client" must be a client/],
    [[null, SCOPE], /^"client" must be a client/],
    [['redis://127.0.0.1', SCOPE], /^"client" must be a client/],
    [[{}, SCOPE], /^"client" must be a client/],
    [[commands, SCOPE], /^"client" must be a client/],
    [[{ ...commands, status: 'ready' }, SCOPE], /^"client" must be a client/],
    [[new Map(), SCOPE], /^"client" must be a client/],
    ...Object.keys(commands).map((name) => [
      [{ ...client, [name]: undefined }, SCOPE],
      /^"client" must be a client/,
    ]),
    [[client], /^"tenantDomain" is required .*MONOCLOUD_BACKEND_TENANT_DOMAIN/],
    [[client, null], /^"tenantDomain" is required/],
    [[client, 'prefix'], /^"options" must be an object/],
    [[client, { tenantDomain: 'https://a' }], /^"audience" is required .*_BACKEND_AUDIENCE/],
    [[client, { ...SCOPE, tenantDomain: '' }], /^"tenantDomain" is not allowed to be empty/],
    [[client, { ...SCOPE, audience: ['x'] }], /^"audience" must be a string/],
    [[client, { ...SCOPE, prefix: 1 }], /^"prefix" must be a string/],
    [[client, { ...SCOPE, secret: '' }], /^"secret" must have at least 16 bytes$/],
    [[client, { ...SCOPE, secret: 'too short' }], /^"secret" must have at least 16 bytes$/],
    [[client, { ...SCOPE, secret: {} }], /^"secret" must be a string or a Uint8Array$/],
    [[client, { ...SCOPE, secret: new Uint16Array(16) }], /^"secret" must be a string or a Uint8/],
    [
      [client, { ...SCOPE, secret: { length: 32, __proto__: Uint8Array.prototype } }],
      /^"secret" m/,
    ],
    [[client, { ...SCOPE, hmacSecret: SECRET }], /has no option "hmacSecret"; it has prefix/],
    [
      [client, { ...SCOPE, secrets: SECRET }],
      /^createRedisCache\(\) has .*; did you mean "secret"\?/,
    ],
    [[client, Object.create({ ...SCOPE, Prefix: '' })], /"Prefix"; did you mean "prefix"\?$/],
    [[client, [SCOPE]], /^"options" must be an object/],
  ]) {
    test(`${message}`, () => {
      assert.throws(
        () => createRedisCache(...wrong),
        (error) => {
          assert.ok(error instanceof MonoCloudValidationError);
          assert.match(error.message, message);
          assert.match(error.stack.split('\n')[1], /arguments\.test\.js/);
          return true;
        },
      );
    });
  }

  test('nothing on Object.prototype is an option, or in the environment', () => {
    const names = [...VARIABLES, 'tenantDomain', 'audience', 'secret', 'prefix'];
    for (const name of names) Object.prototype[name] = 'https://polluted.example';
    let thrown;
    try {
      createRedisCache(client, {});
    } catch (error) {
      thrown = error;
    } finally {
      for (const name of names) delete Object.prototype[name];
    }
    assert.match(String(thrown), /^MonoCloudValidationError: "tenantDomain" is required/);
  });

  test('a secret may be another realm’s, and what passes for a Uint8Array may not', () => {
    const foreign = vm.runInNewContext('new Uint8Array(16)');
    createRedisCache(client, { ...SCOPE, secret: foreign });
    const own = globalThis.Uint8Array;
    globalThis.Uint8Array = Object;
    try {
      assert.throws(
        () => createRedisCache(client, { ...SCOPE, secret: {} }),
        /"secret" must be a st/,
      );
      createRedisCache(client, { ...SCOPE, secret: new own(16) });
    } finally {
      globalThis.Uint8Array = own;
    }
  });

  test('tenant and audience may be in the environment; an empty variable is unset', () => {
    process.env.MONOCLOUD_BACKEND_TENANT_DOMAIN = SCOPE.tenantDomain;
    process.env.MONOCLOUD_BACKEND_AUDIENCE = '';
    assert.throws(() => createRedisCache(client), /^MonoCloudValidationError: "audience" is req/);
    process.env.MONOCLOUD_BACKEND_AUDIENCE = SCOPE.audience;
    createRedisCache(client);
    createRedisCache(client, { prefix: undefined, secret: undefined, tenantDomain: undefined });
  });

  test('a client is known by members of its library', () => {
    for (const own of [
      { isOpen: false },
      // A cluster of redis 4.
      { nodeClient() {} },
      { status: 'wait', defineCommand() {} },
    ]) {
      assert.ok(createRedisCache({ ...commands, ...own }, SCOPE), Object.keys(own).join());
    }
  });

  test('a client may reject with anything', async () => {
    for (const thrown of [undefined, null, 'text']) {
      const failing = { ...client, set: () => Promise.reject(thrown) };
      const cache = createRedisCache(failing, SCOPE);
      const outcome = cache.set('token', {}, Date.now()).then(
        () => 'stored',
        (error) => [error],
      );
      assert.deepEqual(await outcome, [thrown]);
    }
  });
});
