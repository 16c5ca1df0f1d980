'use strict';

// What an explanation says of each rule of a route and of an issuer: what was found, what was expected, and
// what to change.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');

const MFA = 'urn:example:mfa';
const now = () => Math.floor(Date.now() / 1000);

/**
 * `token`: options of issueToken; `route`: options of explain; `client`: options of the client. `found` and
 * `expected`: of the rule, or some members of it.
 */
const CASES = {
  'none of several scopes': {
    token: { scopes: ['a'] },
    route: { anyScope: ['b', 'c'] },
    stop: ['scopes', 'missing_scopes', 403],
    found: ['a'],
    expected: { scopes: [], anyScope: ['b', 'c'] },
    advice: /^Have the client ask for "b" or "c", and the tenant grant it: it has "a"$/,
  },
  'one scope of two, and none of several': {
    token: {},
    route: { scopes: ['a'], anyScope: ['b', 'c'] },
    stop: ['scopes', 'missing_scopes', 403],
    advice: /^Have the client ask for "a", and for "b" or "c", .*: it has no scopes$/,
  },
  'one of several scopes, and not the others': {
    token: { scopes: ['b'] },
    route: { scopes: ['a'], anyScope: ['b', 'c'] },
    stop: ['scopes', 'missing_scopes', 403],
    advice: /^Have the client ask for "a", and the tenant grant it: it has "b"$/,
  },
  'a client that nobody knows': {
    token: {},
    client: { clientIds: ['web', 'cli'] },
    stop: ['client_id', 'client_mismatch', 401],
    found: { client_id: 'test-client' },
    expected: ['web', 'cli'],
    advice: /^It was issued to "test-client": add that to clientIds.*they are "web" and "cli"$/,
  },
  'a client by azp': {
    token: { claims: { client_id: undefined, azp: 'other' } },
    client: { clientIds: ['web'] },
    stop: ['client_id', 'client_mismatch', 401],
    found: { client_id: null, azp: 'other' },
    advice: /^It was issued to "other"/,
  },
  'no client': {
    token: { claims: { client_id: undefined } },
    client: { clientIds: ['web'] },
    stop: ['client_id', 'client_mismatch', 401],
    advice: /^It does not say which client/,
  },
  'a claim of the issuer that is another': {
    token: { claims: { token_use: 'id' } },
    client: { requiredClaims: { token_use: 'access' } },
    stop: ['required_claims', 'required_claims_mismatch', 401],
    found: { token_use: 'id' },
    expected: { token_use: ['access'] },
    advice: /what requiredClaims asks for, or change the option: "token_use" is "id"$/,
  },
  'claims of the route that are others': {
    token: { claims: { plan: 'free', level: '3', roles: ['admin'], fine: 1 } },
    route: { claims: { plan: ['team', 'x'], level: 3, roles: 'admin', none: true, fine: 1 } },
    stop: ['claims', 'claims_mismatch', 403],
    found: { plan: 'free', level: '3', roles: ['admin'], none: null, fine: 1 },
    expected: { plan: ['team', 'x'], level: [3], roles: ['admin'], none: [true], fine: [1] },
    advice:
      /^Have the issuer set what claims asks for(?=.*"plan" is "free")(?=.*"level" is "3", and 3 is of another type)(?=.*"roles" is \["admin"\], a list: .*JSON Pointer)(?=.*it has no "none")(?!.*"fine")/,
  },
  'a claim by a pointer': {
    token: { claims: { realm_access: { roles: ['user'] } } },
    route: { claims: { '/realm_access/roles/0': 'admin' } },
    stop: ['claims', 'claims_mismatch', 403],
    found: { '/realm_access/roles/0': 'user' },
    advice: /: "\/realm_access\/roles\/0" is "user"$/,
  },
  'another acr': {
    token: { claims: { acr: 'urn:example:pwd' } },
    route: { acr: ['urn:example:hardware', MFA] },
    stop: ['authentication', 'acr_not_met', 401],
    found: { acr: 'urn:example:pwd', auth_time: null },
    expected: { acr: ['urn:example:hardware', MFA], maxAge: null },
    advice:
      /signed in by "urn:example:pwd": .* again, with acr_values "urn:example:hardware" or "u/,
  },
  'no acr': {
    token: {},
    route: { acr: [MFA] },
    stop: ['authentication', 'acr_not_met', 401],
    advice: /^It does not say how the user signed in/,
  },
  'a login of yesterday': {
    token: { claims: { auth_time: now() - 86_400 * 2 } },
    route: { maxAge: 300 },
    stop: ['authentication', 'login_too_old', 401],
    expected: { acr: [], maxAge: 300, clockSkew: 0, clockTolerance: 300 },
    advice: /^The user signed in 2 days ago, and maxAge allows 300 seconds: .*, with max_age$/,
  },
  'no time of a login': {
    token: {},
    route: { maxAge: 300 },
    stop: ['authentication', 'missing_auth_time', 401],
    advice: /^It does not say when the user signed in/,
  },
  'a time of another type': {
    token: { claims: { auth_time: 'yesterday' } },
    route: { maxAge: 300 },
    stop: ['authentication', 'missing_auth_time', 401],
    found: { acr: null, auth_time: 'yesterday' },
    advice: /^Its "auth_time" is no number/,
  },
  'a login that is to come': {
    token: { claims: { auth_time: now() + 7200 } },
    route: { maxAge: 300 },
    stop: ['authentication', 'missing_auth_time', 401],
    advice: /the user signs in only in 2 hours: .* clock is that much behind/,
  },
};

/** The members of a value that a case names, or the value. */
function part(value, like) {
  if (like === null || typeof like !== 'object' || Array.isArray(like)) return value;
  return Object.fromEntries(Object.keys(like).map((name) => [name, value[name]]));
}

describe('an explanation of the rules', () => {
  let tenant;
  before(async () => {
    tenant = await createTestTenant({ algorithms: ['ES256'] });
  });
  after(() => tenant.close());

  for (const [name, { token, route, client: more, stop, ...wanted }] of Object.entries(CASES)) {
    for (const kind of ['jwt', 'introspected']) {
      it(`${name} (${kind})`, async () => {
        const client = new MonoCloudBackendNodeClient(tenant.clientOptions(more));
        const text =
          kind === 'jwt' ? await tenant.issueToken(token) : await tenant.issueOpaqueToken(token);
        const { steps, status, ok } = await client.explain(text, route);
        const failed = steps.filter(({ outcome }) => outcome === 'failed');
        const [{ rule, reason, advice, found, expected }] = failed;
        assert.deepEqual([ok, failed.length, rule, reason, status], [false, 1, ...stop]);
        assert.match(advice, wanted.advice);
        if (wanted.found) assert.deepEqual(part(found, wanted.found), wanted.found);
        if (wanted.expected) assert.deepEqual(part(expected, wanted.expected), wanted.expected);
        await assert.rejects(client.validateAccessToken(text, route), { reason });
      });
    }
  }

  it('is that they are met, where they are', async () => {
    const options = tenant.clientOptions({
      clientIds: ['test-client'],
      requiredClaims: { plan: ['team'] },
    });
    const client = new MonoCloudBackendNodeClient(options);
    const claims = { plan: 'team', acr: MFA, auth_time: now() };
    const token = await tenant.issueToken({ scopes: ['b'], claims });
    const route = { anyScope: ['a', 'b'], claims: { plan: 'team' }, acr: [MFA], maxAge: 300 };
    const rules = ['client_id', 'required_claims', 'scopes', 'claims', 'authentication'];
    const { ok, steps } = await client.explain(token, route);
    assert.ok(ok);
    const passed = steps.filter(({ outcome }) => outcome === 'passed').map(({ rule }) => rule);
    assert.deepEqual(
      rules.filter((rule) => !passed.includes(rule)),
      [],
    );
    const plain = new MonoCloudBackendNodeClient(tenant.clientOptions());
    const { steps: without } = await plain.explain(token);
    const notAsked = without.filter(({ outcome }) => outcome === 'not_asked');
    assert.deepEqual(
      notAsked.map(({ rule }) => rule).filter((rule) => rules.includes(rule)),
      rules,
    );
  });

  it('names the issuers that there are, where it is of none of them', async () => {
    const { tenantDomain, audience } = tenant;
    const issuers = [{ issuer: tenantDomain }, { issuer: 'https://login.example.com/' }];
    const client = new MonoCloudBackendNodeClient({ audience, issuers });
    const explain = async (iss) => {
      const token = await tenant.issueToken({ claims: { iss } });
      const { steps } = await client.explain(token);
      return steps.find(({ outcome }) => outcome === 'failed');
    };
    const step = await explain('https://other.example');
    assert.deepEqual(step.expected, [tenantDomain, 'https://login.example.com/']);
    assert.match(step.advice, /^It is a token of "https:\/\/other\.example", and "issuers" has /);
    const near = await explain('https://login.example.com');
    assert.match(near.advice, /lacks the slash at the end: set issuer to "https:\/\/login\./);
  });

  it('names every audience, where there are several or none', async () => {
    const { tenantDomain } = tenant;
    const explain = async (options) => {
      const client = new MonoCloudBackendNodeClient({ issuer: tenantDomain, ...options });
      const { steps } = await client.explain(await tenant.issueToken());
      return steps.find(({ rule }) => rule === 'audience');
    };
    const several = await explain({ audience: ['api://one', 'https://api.example.com/'] });
    assert.deepEqual(several.expected, ['api://one', 'https://api.example.com/']);
    assert.match(several.advice, /lacks the slash at the end: .* for "api:\/\/one" or "https/);
    const none = await explain({ audience: false, clientIds: ['test-client'] });
    assert.match(none.advice, /^It is for "https:\/\/api\.example\.com", and with audience: false/);
  });
});
