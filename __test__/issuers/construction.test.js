'use strict';

// Options about issuers that are wrong: a MonoCloudValidationError at construction, which names the option and, in
// a list, the entry.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { MonoCloudBackendNodeClient, MonoCloudValidationError } = require('@monocloud/backend-node');
const express = require('@monocloud/backend-node/express');
const fastify = require('@monocloud/backend-node/fastify');
const { auth0, entra } = require('@monocloud/backend-node/issuers');
const { TENANT } = require('../support/vendors.js');

const GOOD = { issuer: 'https://a.example/', audience: 'a' };
const OTHER = { issuer: 'https://b.example', audience: 'b' };

const MAKERS = {
  'a client': (options) => new MonoCloudBackendNodeClient(options),
  'protectApi() of Express': (options) => express.protectApi(options),
  'protectApi() of Fastify': (options) => fastify.protectApi(options),
};

/** Values of an option with the beginning of the message; `path` is what comes before the option's name. */
const OPTIONS = [
  ['issuer', [undefined], 'is required'],
  ['issuer', ['', ' ', 'a.example', 'a b', 'https://a.example?b', 'https://a.example#b']],
  ['issuer', ['https://a@b.example', 'http://a.example', 'https://a.example ', 'ftp://a.example']],
  ['issuer', [5, true, {}, ['https://a.example']]],
  ['audience', [undefined], 'is required'],
  ['audience', ['', ' ', 'a b', 'a\n', [], [''], ['a', ''], ['a b'], ['a', 5], [['a']]]],
  ['audience', [true, 5, {}, [false], [null]]],
  ['clientIds', [[], [''], ['a', 5], [['a']], 5, {}, true]],
  ['scopesClaim', ['', 5, {}, [], '/a~2', '/a~', '/~', '/a/~b']],
  ['groupOptions.groupsClaim', [5, {}, '/a~2', '/a~', '/~', '/a/~b']],
  ['requiredClaims', [5, 'a', true, []]],
  // Which claim it is, a message does not say.
  ['requiredClaims.a', [null, {}, [], [null], [{}], [[]], Number.NaN, [Number.POSITIVE_INFINITY]]],
];

/** `{ requiredClaims: { a: value } }` of `requiredClaims.a`. */
const nested = (path, value) =>
  path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value);

const escaped = (text) => text.replaceAll(/[[\].()]/g, '\\$&');

function refused(make, options, pattern, shown) {
  assert.throws(
    () => make(options),
    (error) => {
      assert.ok(error instanceof MonoCloudValidationError, `${shown}: ${error.stack}`);
      assert.match(error.message, pattern, shown);
      return true;
    },
    shown,
  );
}

for (const [what, make] of Object.entries(MAKERS)) {
  describe(`${what} with options about issuers`, () => {
    it('is made of those that are right', () => {
      for (const options of [
        GOOD,
        { ...GOOD, audience: ['a', 'api://b', TENANT] },
        { ...GOOD, audience: false, clientIds: ['a'] },
        { ...GOOD, scopesClaim: '/a~1b~0/0', groupOptions: { groupsClaim: '/' } },
        { ...GOOD, requiredClaims: { a: ['x', 1, true], b: 'x', c: 0, d: false } },
        { issuers: [GOOD] },
        { issuers: [GOOD, OTHER] },
        { issuers: [{ ...GOOD, clientId: 'c', clientSecret: 's' }, OTHER] },
        { issuers: [GOOD, OTHER], clockTolerance: 5, scopesClaim: 'scp' },
        {
          issuers: [
            entra({ tenantId: TENANT, audience: 'a' }),
            auth0({ domain: 'a.example', audience: 'b' }),
          ],
        },
        // Entra's two versions: one tenant, and two issuers.
        {
          issuers: ['v1', 'v2'].map((version) =>
            entra({ tenantId: TENANT, audience: 'a', version }),
          ),
        },
      ]) {
        assert.ok(make(options), JSON.stringify(options));
      }
    });

    for (const [option, values, rule = ''] of OPTIONS) {
      it(`names ${option}${rule && `, which ${rule}`}`, () => {
        for (const value of values) {
          const more = nested(option, value);
          const shown = `${option} ${JSON.stringify(value)}`;
          // Without any issuer the option that is missing is `tenantDomain`, as ever.
          const alone = option === 'issuer' && value === undefined ? 'tenantDomain' : option;
          const start = (path) =>
            new RegExp(`^"${escaped(path.replace(/\.a$/, ''))}(\\[\\d\\])?" .*${rule}`);
          refused(make, { ...GOOD, ...more }, start(alone), shown);
          const second = start(`issuers[1].${option}`);
          refused(make, { issuers: [GOOD, { ...OTHER, ...more }] }, second, `entry, ${shown}`);
        }
      });
    }

    it('names `clientIds` or `audience`, where tokens have neither', () => {
      const none = { audience: false };
      refused(make, { ...GOOD, ...none }, /^"(audience|clientIds)" /, 'alone');
      const issuers = [GOOD, { ...OTHER, ...none }];
      refused(make, { issuers }, /^"issuers\[1\]\.(audience|clientIds)" /, 'entry');
    });

    it('has room for 1000 entries', () => {
      const issuers = Array.from({ length: 1001 }, (_, number) => ({
        issuer: `https://${number}.example`,
        audience: 'a',
      }));
      assert.ok(make({ issuers: issuers.slice(1) }));
      refused(make, { issuers }, /^"issuers" must be a list of at most 1000 /, '1001');
    });

    it('names the list', () => {
      for (const issuers of [[], 5, 'a', true, {}, '']) {
        refused(make, { issuers }, /^"issuers" /, JSON.stringify(issuers));
      }
      for (const entry of [null, undefined, 5, 'https://a.example', true, []]) {
        const shown = JSON.stringify(entry);
        refused(make, { issuers: [GOOD, entry] }, /^"issuers\[1\]" /, shown);
      }
    });

    it('names the entry that is there twice', () => {
      refused(make, { issuers: [GOOD, OTHER, { ...GOOD }] }, /^"issuers\[2\]\.issuer" /, 'twice');
      const helper = () => auth0({ domain: 'a.example', audience: 'b' });
      refused(make, { issuers: [helper(), helper()] }, /^"issuers\[1\]\.issuer" /, 'helper');
    });

    it('names the second entry with a client for introspection', () => {
      const client = { clientId: 'c', clientSecret: 's' };
      const issuers = [
        { ...GOOD, ...client },
        { ...OTHER },
        { ...OTHER, issuer: 'https://c.example', ...client },
      ];
      refused(make, { issuers }, /^"issuers\[2\]\.clientId" /, 'two clients');
    });

    it('names an option of an entry that does not exist', () => {
      const issuers = [GOOD, { ...OTHER, audiance: 'b' }];
      refused(
        make,
        { issuers },
        /"issuers\[1\]" has no option "audiance"; did you mean "audience"\?/,
        'name',
      );
      for (const option of ['issuers', 'verifiedTokensBytes']) {
        const wrong = [GOOD, { ...OTHER, [option]: 1 }];
        refused(make, { issuers: wrong }, /issuers\[1\]/, option);
      }
    });

    it('names an entry that throws', () => {
      const hostile = {
        ...OTHER,
        get issuer() {
          throw new Error('hostile');
        },
      };
      refused(
        make,
        { issuers: [GOOD, hostile] },
        /^"issuers\[1\]\.issuer" can't be read/,
        'getter',
      );
      const { proxy, revoke } = Proxy.revocable([], {});
      revoke();
      refused(make, { issuers: proxy }, /issuers/, 'proxy');
      refused(make, { issuers: [GOOD, proxy] }, /issuers/, 'entry');
      const list = new Proxy([GOOD], {
        get() {
          throw new Error('hostile');
        },
      });
      refused(make, { issuers: list }, /issuers/, 'list');
    });
  });
}
