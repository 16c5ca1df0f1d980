'use strict';

// Contract §2: the configuration of `protectApi()`.

const assert = require('node:assert/strict');
const util = require('node:util');
const { describe, it } = require('node:test');

const { MonoCloudOidcBackendClient } = require('@monocloud/backend-node');
const express = require('@monocloud/backend-node/express');
const fastify = require('@monocloud/backend-node/fastify');
const {
  AUDIENCE,
  BASE,
  ISSUER,
  PREFIX,
  SECRET,
  allBut,
  clientWith,
  refusal,
  shown,
  withEnv,
} = require('./support.js');

for (const [adapter, { protectApi }] of Object.entries({ express, fastify })) {
  describe(`§2 protectApi() of ./${adapter}`, () => {
    const call = (variables, ...args) => withEnv(variables, () => protectApi(...args));
    const GOOD = { [`${PREFIX}TENANT_DOMAIN`]: ISSUER, [`${PREFIX}AUDIENCE`]: AUDIENCE };

    it('builds the client when it is called', () => {
      refusal(() => call({}), '"tenantDomain" is required');
      refusal(() => call({ [`${PREFIX}TENANT_DOMAIN`]: ISSUER }), '"audience" is required');
      const { message } = refusal(
        () => call({ ...GOOD, [`${PREFIX}CLOCK_SKEW`]: 'soon' }),
        '"clockSkew" must be a number',
      );
      assert.match(message, /CLOCK_SKEW.*|soon/);
      for (const none of [undefined, null]) assert.equal(typeof call(GOOD, none), 'function');
      assert.equal(typeof call(GOOD)(), 'function');
    });

    it('takes client options beside the two resolvers', () => {
      call({}, BASE);
      call(GOOD, { clockSkew: 5 });
      call({}, { ...BASE, tokenResolver: () => 'x', certificateResolver: () => undefined });
      refusal(() => call(GOOD, { clockSkew: -1 }), '"clockSkew" must be');
      refusal(() => call(GOOD, { audience: 'x' }), '"audience" must be a valid uri');
      for (const value of [1, 'x', true, Symbol('x')]) {
        refusal(() => call(GOOD, value), '"options" must be an object', shown(value));
      }
    });

    it('takes a client, and then only the resolvers', () => {
      const client = clientWith();
      call({ [`${PREFIX}CLOCK_SKEW`]: 'soon' }, client);
      call({}, client, { tokenResolver: () => 'x' });
      call({}, { validateAccessToken: async () => ({}) });
      for (const more of ['x-token', 42, true, (request) => request.token]) {
        refusal(() => call({}, client, more), '', shown(more));
      }
    });

    it('takes nothing else for a client or for options', () => {
      const oidc = new MonoCloudOidcBackendClient(ISSUER, AUDIENCE);
      for (const value of [() => {}, [BASE], { validateAccessToken: 'no function' }, oidc]) {
        refusal(() => call({}, value), '', shown(value));
      }
    });

    it('says of a client without the method that it lacks it', () => {
      const oidc = new MonoCloudOidcBackendClient(ISSUER, AUDIENCE);
      refusal(() => call({}, oidc), '"client" must have a method validateAccessToken');
    });

    it('wants functions for resolvers', () => {
      for (const name of ['tokenResolver', 'certificateResolver']) {
        for (const value of allBut('function')) {
          const start = `"${name}" must be a function`;
          refusal(() => call(GOOD, { [name]: value }), start, shown(value));
          refusal(() => call({}, clientWith(), { [name]: value }), start, shown(value));
        }
        call(GOOD, { [name]: undefined });
        call(GOOD, { [name]: null });
      }
    });

    it('meets hostile arguments with the documented error', () => {
      const throwing = (name) => ({
        get [name]() {
          throw new Error(SECRET);
        },
      });
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      const names = ['audience', 'tokenResolver', 'certificateResolver', 'validateAccessToken'];
      for (const args of [[proxy], [clientWith(), proxy], ...names.map((n) => [throwing(n)])]) {
        const error = refusal(() => call(GOOD, ...args), '', shown(Object.keys(args)));
        assert.ok(!util.inspect(error, { showHidden: true }).includes(SECRET));
      }
    });

    it('wants a route’s options to have sense when the route is made', () => {
      const protect = call(GOOD);
      for (const options of [1, 'scope', true, ['a'], () => {}]) {
        refusal(() => protect(options), '"options" must be an object', shown(options));
      }
      for (const name of ['scopes', 'groups']) {
        for (const value of [
          'a',
          { 0: 'a' },
          1,
          true,
          [1],
          ['a', null],
          [['a']],
          [{ id: 'a' }],
          new Set(['a']),
        ]) {
          refusal(() => protect({ [name]: value }), `"${name}" must be an array`, shown(value));
        }
        // biome-ignore lint/suspicious/noSparseArray: a hole is no scope
        refusal(() => protect({ [name]: ['a', , 'b'] }), `"${name}" must be an array`, 'a hole');
        protect({ [name]: [] });
        protect({ [name]: null });
      }
      for (const value of [1, 'yes', {}, []]) {
        const work = () => protect({ validateCertificateBinding: value });
        refusal(work, '"validateCertificateBinding" must be', shown(value));
      }
    });
  });
}
