'use strict';

// Contract §2: what a route can't be set up with is a MonoCloudValidationError at once, and the same for the
// methods of a client.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { guarded, passes } = require('../support/guarded.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');

const CLAIMS =
  '"claims" must be an object of strings, numbers, booleans, or lists of them, by name or JSON Pointer';
const SECONDS = '"maxAge" must be a number of seconds, 0 or more';
const hole = new Array(1);
const throwing = {
  get plan() {
    throw new Error('not for you');
  },
};

/** `[options, message]` */
const BAD = [
  ...['a', 1, true, {}, [1], ['a', null], [['a']], hole].map((anyScope) => [
    { anyScope },
    '"anyScope" must be an array of strings',
  ]),
  [{ anyScope: [] }, '"anyScope" must have at least one entry'],
  ...['a', 1, true, {}, [1], ['a', undefined], hole].map((acr) => [
    { acr },
    '"acr" must be an array of strings',
  ]),
  [{ acr: [] }, '"acr" must have at least one entry'],
  ...['300', true, [], {}, [300], -1, Number.NaN, Number.POSITIVE_INFINITY, 300n, new Date()].map(
    (maxAge) => [{ maxAge }, SECONDS],
  ),
  ...[
    'plan',
    1,
    true,
    ['plan'],
    { plan: null },
    { plan: undefined },
    { plan: [] },
    { plan: {} },
    { plan: [['team']] },
    { plan: [null] },
    { plan: hole },
    { plan: Number.NaN },
    { plan: Number.POSITIVE_INFINITY },
    { plan: 1n },
    { plan: Symbol('team') },
    { plan: () => 'team' },
    throwing,
    Object.create(null, { plan: { value: [{}] } }),
  ].map((claims) => [{ claims }, CLAIMS]),
  [{ claims: () => {} }, CLAIMS],
  // A name that is no pointer, where it looks like one (RFC 6901 §3).
  ...['/~', '/a~', '/a/~2', '/~~0'].map((name) => [{ claims: { [name]: 1 } }, CLAIMS]),
  [{ anyScopes: ['a'] }, /has no option "anyScopes"; did you mean "anyScope"\?/],
  [{ claim: { plan: 'team' } }, /has no option "claim"; did you mean "claims"\?/],
  [{ acrs: ['a'] }, /has no option "acrs"; did you mean "acr"\?/],
  [{ max_age: 300 }, /has no option "max_age"; did you mean "maxAge"\?/],
];

const error = (message) => ({ name: 'MonoCloudValidationError', message });

for (const { name, protectApi } of guarded) {
  describe(`the options of a route, with ${name}`, () => {
    it('are refused where the route is set up', () => {
      const protect = protectApi(passes);
      for (const [index, [options, message]] of BAD.entries()) {
        assert.throws(() => protect(options), error(message), `case ${index}`);
      }
    });
  });
}

describe('the options of a method', () => {
  const client = new MonoCloudBackendNodeClient({
    tenantDomain: 'https://tenant.example.com',
    audience: 'https://api.example.com',
    clientId: 'api',
  });

  for (const method of [
    'validateAccessToken',
    'validateJwtAccessToken',
    'introspectAccessToken',
    'explain',
  ]) {
    it(`are refused by ${method}, before anything is asked`, async () => {
      for (const [index, [options, message]] of BAD.entries()) {
        await assert.rejects(client[method]('a.b.c', options), error(message), `case ${index}`);
      }
      // No Unicode text: the core refuses it.
      const surrogate = { claims: { plan: '\ud800' } };
      await assert.rejects(
        client[method]('a.b.c', surrogate),
        error(/^"claims" must be an object/),
      );
      for (const options of [{ authorize: () => true }, { optional: true }]) {
        const unknown = new RegExp(`^${method}\\(\\) has no option "${Object.keys(options)[0]}"`);
        await assert.rejects(client[method]('a.b.c', options), error(unknown));
      }
    });
  }
});
