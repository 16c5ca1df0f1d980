'use strict';

// Where `true` or `false` is due, an async function, a promise or another truthy value decides nothing: it
// is refused where it is given, and not when a request comes.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { MonoCloudBackendNodeClient, MonoCloudTokenError } = require('@monocloud/backend-node');
const { guarded, ownClient } = require('../support/guarded.js');
const { get } = require('../support/http.js');

const GOOD = { tenantDomain: 'https://tenant.example', audience: 'https://api.example' };

const UNDECIDED = {
  'an async function': async () => false,
  'a function': () => false,
  'a promise': Promise.resolve(false),
  'an object': {},
  'an array': [false],
  'a wrapped boolean': Object(false),
  'a symbol': Symbol('false'),
};

describe('a boolean', () => {
  for (const [what, value] of Object.entries(UNDECIDED)) {
    it(`that is ${what} is refused by a client`, () => {
      for (const more of [
        { introspectJwtTokens: value },
        { groupOptions: { matchAll: value } },
        { validateCertificateBinding: value },
      ]) {
        assert.throws(() => new MonoCloudBackendNodeClient({ ...GOOD, ...more }), {
          name: 'MonoCloudValidationError',
        });
      }
    });

    for (const { name, protectApi } of guarded) {
      it(`that is ${what} is refused by a route, ${name}`, () => {
        const protect = protectApi(GOOD);
        assert.throws(() => protect({ validateCertificateBinding: value }), {
          name: 'MonoCloudValidationError',
        });
      });
    }

    it(`that is ${what} is refused by a call`, async () => {
      const client = new MonoCloudBackendNodeClient(GOOD);
      const token = 'a.b.c';
      await assert.rejects(
        client.validateAccessToken(token, { validateCertificateBinding: value }),
        { name: 'MonoCloudValidationError' },
      );
    });
  }
});

describe('a client of the user’s own that decides late', () => {
  for (const { name, protectApi, startOne } of guarded) {
    it(`is waited for, ${name}`, async (t) => {
      const client = ownClient(async (token) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { sub: token };
      });
      const api = await startOne(t, protectApi(client));
      assert.equal((await get(api.url, 'good')).json.claims.sub, 'good');
    });

    it(`and refuses in the end lets nobody in, ${name}`, async (t) => {
      const client = ownClient(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        throw new MonoCloudTokenError('x');
      });
      const api = await startOne(t, protectApi(client));
      assert.equal((await get(api.url, 'bad')).status, 401);
    });
  }
});
