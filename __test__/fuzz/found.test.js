'use strict';

// What ./boundary.js has found, each with the smallest input that shows it.

const { before, after, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const express = require('@monocloud/backend-node/express');
const fastify = require('@monocloud/backend-node/fastify');
const { createMemoryCache, createRedisCache } = require('@monocloud/backend-node/redis');
const { createTestTenant } = require('@monocloud/backend-node/testing');

const name = 'MonoCloudValidationError';
const fail = () => {
  throw new Error('from a getter');
};
const withGetter = (property) => Object.defineProperty({}, property, { get: fail });
const ENDLESS = new Array(2 ** 32 - 1);

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('found by fuzzing', () => {
  let tenant;
  let client;
  before(async () => {
    tenant = await startFaultyTenant();
    client = new MonoCloudBackendNodeClient(tenant.options(tenant.credentials));
  });
  after(() => tenant?.close());

  it("a getter among a call's options, or a proxy as those, is a mistake of the caller's", async () => {
    const properties = ['scopes', 'groups', 'validateCertificateBinding', 'clientCertificate'];
    for (const options of [...properties.map(withGetter), revoked()]) {
      const token = tenant.token();
      await assert.rejects(client.validateAccessToken(token, options), { name });
      await assert.rejects(client.validateJwtAccessToken(token, options), { name });
      await assert.rejects(client.introspectAccessToken('opaque', options), { name });
    }
    const jwks = withGetter('jwks');
    await assert.rejects(client.validateJwtAccessToken(tenant.token(), jwks), { name });
  });

  it("the same among a route's", () => {
    for (const { protectApi } of [express, fastify]) {
      const protect = protectApi(client);
      for (const options of [withGetter('scopes'), withGetter('groups'), revoked()]) {
        assert.throws(() => protect(options), { name });
      }
    }
  });

  it('the same of a proxy in place of a client, or of the client of a method', async () => {
    const proxy = new Proxy({}, { get: fail });
    for (const { protectApi } of [express, fastify]) {
      assert.throws(() => protectApi(proxy), { name });
    }
    for (const method of ['getJwks', 'getMetadata', 'validateAccessToken']) {
      const call = MonoCloudBackendNodeClient.prototype[method].call(proxy, tenant.token());
      await assert.rejects(call, { name });
    }
  });

  it("the same among a certificate header's", () => {
    for (const { certificateFromHeader } of [express, fastify]) {
      for (const property of ['format', 'header', 'trustProxy']) {
        assert.throws(() => certificateFromHeader(withGetter(property)), { name });
      }
      assert.throws(() => certificateFromHeader(revoked()), { name });
      // What is no address is shown in the message, where it can be shown at all.
      const trustProxy = [1n];
      assert.throws(() => certificateFromHeader({ format: 'nginx', trustProxy }), { name });
    }
  });

  it("the same among a cache's, and in its client", () => {
    assert.throws(() => createMemoryCache(withGetter('maxEntries')), { name });
    assert.throws(() => createMemoryCache(revoked()), { name });
    assert.throws(() => createRedisCache(withGetter('get')), { name });
    assert.throws(() => createRedisCache(revoked()), { name });
  });

  it('claims that JSON can not hold are a mistake, too', async () => {
    const cyclic = {};
    cyclic.self = cyclic;
    for (const claims of [cyclic, { n: 1n }, { toJSON: fail }]) {
      await assert.rejects(createMemoryCache().set('token', claims, 2e9), { name });
    }
  });

  it("what a fetcher's answer claims to be bytes is looked at before it is gone through", async () => {
    const fetcher = async () => ({
      status: 200,
      arrayBuffer: async () => ({ length: 2 ** 32 - 1 }),
    });
    const own = new MonoCloudBackendNodeClient(tenant.options({ fetcher }));
    const rejects = { name: 'MonoCloudHttpError' };
    await assert.rejects(own.validateAccessToken(tenant.token()), rejects);
  });

  it('a list without an end is no list', async () => {
    const options = { scopes: ENDLESS };
    await assert.rejects(client.validateAccessToken(tenant.token(), options), { name });
    assert.throws(() => express.protectApi(client)({ groups: ENDLESS }), { name });
    const header = { format: 'nginx', trustProxy: ENDLESS };
    assert.throws(() => express.certificateFromHeader(header), { name });
    const own = await createTestTenant({ algorithms: ['ES256'] });
    await assert.rejects(own.issueToken({ scopes: ENDLESS }), TypeError);
    await assert.rejects(own.issueToken({ groups: ENDLESS }), TypeError);
    await assert.rejects(own.issueToken({ audience: ENDLESS }), TypeError);
    await own.close();
    await assert.rejects(createTestTenant({ algorithms: ENDLESS }), TypeError);
  });
});
