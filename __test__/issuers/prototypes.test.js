'use strict';

// What a program puts on the prototypes of objects and arrays, while a client is made, takes no rule away.

const assert = require('node:assert/strict');
const { it } = require('node:test');
const { MonoCloudAuthBaseError, MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { makeKey, setOf, sign } = require('../support/tokens.js');

const RETURNED = [{}, [], ['evil'], 'evil', undefined, null, false, true, 1];

/** Options, each with the claims of a token that they refuse. */
const RULES = [
  [{ audience: 'a', requiredClaims: { env: 'x' } }, { aud: 'a' }],
  [{ audience: 'a', requiredClaims: { env: ['x'] } }, { aud: 'a' }],
  [{ audience: ['a'] }, { aud: 'evil' }],
  [
    { audience: 'evil', clientIds: ['app'] },
    { aud: 'evil', client_id: 'evil' },
  ],
];

for (const [name, prototype] of [
  ['Object.prototype', Object.prototype],
  ['Array.prototype', Array.prototype],
]) {
  it(`a toJSON of ${name} takes no rule away`, async (t) => {
    const key = makeKey('EdDSA');
    const issuer = await startFaultyTenant({ jwks: setOf(key) });
    t.after(() => issuer.close());
    const make = (options, returned) => {
      Object.defineProperty(prototype, 'toJSON', { value: () => returned, configurable: true });
      try {
        return new MonoCloudBackendNodeClient(options);
      } finally {
        delete prototype.toJSON;
      }
    };
    const exp = Math.floor(Date.now() / 1000) + 600;
    for (const returned of RETURNED) {
      for (const [options, claims] of RULES) {
        const token = sign(key, { claims: { iss: issuer.origin, exp, ...claims } });
        const entry = { issuer: issuer.origin, ...options };
        for (const client of [make(entry, returned), make({ issuers: [entry] }, returned)]) {
          await assert.rejects(
            client.validateAccessToken(token),
            { code: 'invalid_token' },
            `${JSON.stringify(options)} ${JSON.stringify(returned)}`,
          );
        }
      }
    }
  });

  it(`a setter for an index of ${name} takes no rule away`, async (t) => {
    const key = makeKey('EdDSA');
    const issuer = await startFaultyTenant({ jwks: setOf(key) });
    t.after(() => issuer.close());
    const exp = Math.floor(Date.now() / 1000) + 600;
    for (const [options, claims] of RULES) {
      const entry = { issuer: issuer.origin, ...options };
      const token = sign(key, { claims: { iss: issuer.origin, exp, ...claims } });
      let client;
      Object.defineProperty(prototype, '0', { set() {}, get: () => 'evil', configurable: true });
      try {
        client = new MonoCloudBackendNodeClient({ issuers: [entry] });
      } catch (error) {
        // No client is made that has no rules.
        assert.ok(error instanceof MonoCloudAuthBaseError, error.stack);
        continue;
      } finally {
        delete prototype[0];
      }
      await assert.rejects(client.validateAccessToken(token), { code: 'invalid_token' });
    }
  });
}
