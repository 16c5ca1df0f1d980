'use strict';

// The edges of the options about issuers: audiences, clients, required claims, and claims that are found by a
// JSON Pointer (RFC 6901).

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { makeKey, setOf, sign } = require('../support/tokens.js');

const KEY = makeKey('EdDSA');
const AUDIENCE = '66666666-7777-4888-8999-000000000000';
const TIMES = { iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 3600 };

let issuer;
before(async () => {
  issuer = await startFaultyTenant({ jwks: setOf(KEY) });
});
after(() => issuer?.close());

const clientWith = (options) =>
  new MonoCloudBackendNodeClient({ issuer: issuer.origin, audience: AUDIENCE, ...options });

/** A token's claims are an object, or the text of one. */
const tokenOf = (claims) =>
  sign(KEY, {
    claims:
      typeof claims === 'string'
        ? claims
        : { ...TIMES, iss: issuer.origin, aud: AUDIENCE, ...claims },
  });

/** `passes`, or the code that a token is refused with. */
const outcomeOf = (client, claims, requirements) =>
  client.validateAccessToken(tokenOf(claims), requirements).then(
    () => 'passes',
    ({ name, code }) => (name === 'MonoCloudTokenError' ? code : name),
  );

/** Every value with what is expected of it: `[[value, 'passes'], …]`. */
async function each(client, cases, claimsOf, requirements) {
  for (const [value, expected] of cases) {
    const got = await outcomeOf(client, claimsOf(value), requirements);
    assert.equal(got, expected, JSON.stringify(value));
  }
}

const pass = (...values) => values.map((value) => [value, 'passes']);
const refuse = (...values) => values.map((value) => [value, 'invalid_token']);
const lack = (code, ...values) => values.map((value) => [value, `insufficient_${code}`]);

describe('issuer', () => {
  for (const slash of ['', '/']) {
    it(`is compared to the byte${slash && ', with a slash at its end'}`, async (t) => {
      const own = await startFaultyTenant({ jwks: setOf(KEY) });
      t.after(() => own.close());
      const name = own.origin + slash;
      own.issuer = name;
      const client = new MonoCloudBackendNodeClient({ issuer: name, audience: AUDIENCE });
      const cases = [
        ...pass(name),
        ...refuse(
          slash ? own.origin : `${own.origin}/`,
          `${name}/`,
          name.toUpperCase(),
          [name],
          null,
        ),
      ];
      await each(client, cases, (iss) => ({ iss }));
      assert.equal((await client.getMetadata()).issuer, name);
    });
  }

  it('is what the metadata has to name, beside a tenantDomain elsewhere', async (t) => {
    const name = 'https://sts.example.com/';
    // The documents of a tenant are shared, and so is the wait after one that is no good.
    const start = async (named) => {
      const own = await startFaultyTenant({ jwks: setOf(KEY) });
      t.after(() => own.close());
      own.issuer = named ?? own.origin;
      return [
        new MonoCloudBackendNodeClient({
          tenantDomain: own.origin,
          issuer: name,
          audience: AUDIENCE,
        }),
        own.origin,
      ];
    };
    for (const other of [undefined, 'https://sts.example.com', `${name}x`]) {
      const [client] = await start(other);
      assert.equal(await outcomeOf(client, { iss: name }), 'MonoCloudHttpError', other);
    }
    const [client, url] = await start(name);
    await each(client, [...pass(name), ...refuse(url, `${name}/`)], (iss) => ({ iss }));
  });
});

describe('audience', () => {
  it('is one of a list', async () => {
    const client = clientWith({ audience: [AUDIENCE, 'api://orders', 'orders'] });
    const cases = [
      ...pass(
        AUDIENCE,
        'api://orders',
        'orders',
        ['orders'],
        ['x', 'orders'],
        ['orders', AUDIENCE],
      ),
      ...refuse('x', ['x'], [], '', undefined, null, 5, [5], { orders: true }, 'orders '),
      ...refuse('ORDERS', 'api://orders/', `${AUDIENCE} orders`, [['orders']]),
    ];
    await each(client, cases, (aud) => ({ aud }));
  });

  it('false refuses every token that has an `aud`', async () => {
    const client = clientWith({ audience: false, clientIds: ['app'] });
    const cases = [...pass(undefined), ...refuse('app', AUDIENCE, [], [''], '', null, 5, false)];
    await each(client, cases, (aud) => ({ aud, client_id: 'app' }));
  });
});

describe('clientIds', () => {
  it('are compared with `client_id`, and with `azp` where that is absent', async () => {
    const client = clientWith({ clientIds: ['app', 'web'] });
    const cases = [
      ...pass({ client_id: 'app' }, { client_id: 'web' }, { azp: 'web' }),
      ...pass({ client_id: 'app', azp: 'other' }),
      ...refuse({}, { client_id: 'other' }, { azp: 'other' }, { client_id: 'App' }),
      ...refuse({ client_id: 'other', azp: 'app' }, { client_id: '', azp: 'app' }),
      ...refuse({ client_id: ['app'] }, { azp: ['app'] }, { client_id: 5, azp: 'app' }),
      ...refuse({ client_id: 'app web' }, { appid: 'app' }, { cid: 'app' }),
    ];
    await each(client, cases, (claims) => claims);
  });
});

describe('requiredClaims', () => {
  it('are strings, numbers and booleans, each of its own type', async () => {
    for (const [wanted, cases] of [
      ['1', [...pass('1'), ...refuse(1, '1.0', ' 1', ['1'], true, undefined, null)]],
      [1, [...pass(1), ...refuse('1', 2, [1], true, undefined)]],
      [0, [...pass(0), ...refuse('0', false, '', null)]],
      [true, [...pass(true), ...refuse('true', 1, false, [true])]],
      [false, [...pass(false), ...refuse('false', 0, '', null, undefined)]],
      ['', [...pass(''), ...refuse(null, undefined, ' ')]],
      ['true', [...pass('true'), ...refuse(true)]],
    ]) {
      const client = clientWith({ requiredClaims: { level: wanted } });
      await each(client, cases, (level) => ({ level }));
    }
  });

  it('are one of a list, and all of them', async () => {
    const client = clientWith({ requiredClaims: { env: ['a', 'b', 3], use: 'access' } });
    const cases = [
      ...pass({ env: 'a', use: 'access' }, { env: 3, use: 'access' }),
      ...refuse({ env: 'a' }, { use: 'access' }, { env: 'c', use: 'access' }, {}),
      ...refuse({ env: '3', use: 'access' }, { env: 'a', use: 'id' }),
    ];
    await each(client, cases, (claims) => claims);
  });

  it('are no members of Object.prototype', async () => {
    const client = clientWith({ requiredClaims: { toString: 'x' } });
    await each(client, [...pass('x'), ...refuse('y', undefined)], (value) => ({ toString: value }));
  });
});

describe('scopesClaim', () => {
  const scoped = { scopes: ['a', 'b'] };

  it('is a string with spaces or an array of strings', async () => {
    const client = clientWith({ scopesClaim: 'scp' });
    const cases = [
      ...pass('a b', 'c b a', ['a', 'b'], ['b', 'c', 'a']),
      ...lack('scope', 'a', 'ab', 'a,b', ['a'], [], '', undefined, null, 5, ['ab']),
      ...lack('scope', ['A', 'B'], [['a', 'b']], { a: true, b: true }),
    ];
    await each(client, cases, (scp) => ({ scp, scope: 'a b' }), scoped);
    await each(client, lack('scope', undefined), () => ({ scope: 'a b' }), scoped);
  });

  it('is a string where it is `scope`', async () => {
    const client = clientWith();
    await each(client, [...pass('a b'), ...lack('scope', 'a')], (scope) => ({ scope }), scoped);
    assert.notEqual(await outcomeOf(client, { scope: ['a', 'b'] }, scoped), 'passes');
  });
});

describe('a JSON Pointer', () => {
  const admin = { groups: ['admin'] };
  const roles = ['admin', 'ops'];
  /** `[pointer, claims that have it there, …]` */
  const FOUND = [
    ['/realm_access/roles', { realm_access: { roles } }],
    ['/a~1b', { 'a/b': roles }],
    ['/a~0b', { 'a~b': roles }],
    ['/a~01b', { 'a~1b': roles }],
    ['/~1~0/x', { '/~': { x: roles } }],
    ['/', { '': roles }],
    ['/a/', { a: { '': roles } }],
    ['//a', { '': { a: roles } }],
    ['/list/0', { list: [roles] }],
    ['/list/1/roles', { list: [{}, { roles }] }],
    ['/list/10', { list: [...Array(10).fill(null), roles] }],
    ['/0', { 0: roles }],
    ['/größe/ä b', { größe: { 'ä b': roles } }],
    ['/a%2Fb', { 'a%2Fb': roles }],
    ['/__proto__', `{"__proto__":["admin"]`],
    ['/constructor', { constructor: roles }],
    // A member of just that name comes first.
    ['/realm_access/roles', { '/realm_access/roles': roles }],
    ['/realm_access/roles', { '/realm_access/roles': roles, realm_access: { roles: ['x'] } }],
  ];
  const NOT_FOUND = [
    ['/realm_access/roles', { realm_access: { role: roles } }],
    ['/realm_access/roles', { 'realm_access/roles': roles, 'realm_access.roles': roles }],
    ['/realm_access/roles', { '/realm_access/roles': ['x'], realm_access: { roles } }],
    ['/realm_access/roles', { '/realm_access/roles': null, realm_access: { roles } }],
    ['/realm_access/roles', { realm_access: null }],
    ['/realm_access/roles', { realm_access: 'roles' }],
    ['/a/b', { 'a/b': roles }],
    ['/list/00', { list: [roles] }],
    ['/list/01', { list: [roles, roles] }],
    ['/list/-', { list: [roles] }],
    ['/list/-1', { list: [roles] }],
    ['/list/1', { list: [roles] }],
    ['/list/0x0', { list: [roles] }],
    ['/list/+0', { list: [roles] }],
    ['/list/ 0', { list: [roles] }],
    ['/list/18446744073709551616', { list: [roles] }],
    ['/list/length', { list: [roles] }],
    ['/constructor/name', {}],
    ['/__proto__/a', {}],
  ];
  const textOf = (claims) =>
    typeof claims === 'string'
      ? `${claims},"iss":${JSON.stringify(issuer.origin)},"aud":"${AUDIENCE}","exp":${TIMES.exp}}`
      : claims;

  it('finds the groups', async () => {
    for (const [pointer, claims] of FOUND) {
      const client = clientWith({ groupOptions: { groupsClaim: pointer } });
      const shown = `${pointer} in ${JSON.stringify(claims)}`;
      assert.equal(await outcomeOf(client, textOf(claims), admin), 'passes', shown);
      const other = await outcomeOf(client, textOf(claims), { groups: ['none'] });
      assert.equal(other, 'insufficient_groups', shown);
    }
    for (const [pointer, claims] of NOT_FOUND) {
      const client = clientWith({ groupOptions: { groupsClaim: pointer } });
      const got = await outcomeOf(client, claims, admin);
      assert.equal(got, 'insufficient_groups', `${pointer} in ${JSON.stringify(claims)}`);
    }
  });

  it('finds the scopes', async () => {
    for (const [pointer, claims] of FOUND) {
      const client = clientWith({ scopesClaim: pointer });
      const shown = `${pointer} in ${JSON.stringify(claims)}`;
      assert.equal(await outcomeOf(client, textOf(claims), { scopes: ['admin'] }), 'passes', shown);
    }
    for (const [pointer, claims] of NOT_FOUND) {
      const client = clientWith({ scopesClaim: pointer });
      const got = await outcomeOf(client, { scope: 'admin', ...claims }, { scopes: ['admin'] });
      assert.equal(got, 'insufficient_scope', `${pointer} in ${JSON.stringify(claims)}`);
    }
    const client = clientWith({ scopesClaim: '/realm/scopes' });
    const claims = { realm: { scopes: 'a admin' } };
    assert.equal(await outcomeOf(client, claims, { scopes: ['admin'] }), 'passes');
  });
});
