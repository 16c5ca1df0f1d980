'use strict';

// `client.explain(token)`: its steps and its verdict are those of a validation, with what to change.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const express = require('express');
const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { protectApi } = require('@monocloud/backend-node/express');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { createCa, createClientCert } = require('../support/certs.js');
const { AUDIENCE, failures, stepOf } = require('./support.js');

const ca = createCa();
const [bound, other] = [createClientCert(ca), createClientCert(ca)];

/** A token, what the route asks, which steps fail, and what the advice on the first says. */
const CASES = {
  'a good one': { token: {} },
  'a good one with what the route asks': {
    token: { scopes: ['a', 'b'], groups: ['x'], certificate: bound.cert },
    route: { scopes: ['b'], groups: ['x', 'y'], clientCertificate: bound.cert },
  },
  'a slash too many in its audience': {
    token: { audience: `${AUDIENCE}/` },
    failures: ['audience: audience_mismatch'],
    advice: /audience has a slash at its end: set audience to "https:\/\/api\.example\.com\/"/,
  },
  'another audience': {
    token: { audience: ['a', 'b'] },
    failures: ['audience: audience_mismatch'],
    advice:
      /^It is for "a" and "b": have the client ask for a token for "https:\/\/api\.example\.com"/,
  },
  'an audience over http': {
    token: { audience: 'http://api.example.com' },
    failures: ['audience: audience_mismatch'],
    advice: /begins with http:, not https:/,
  },
  'no audience': {
    token: { claims: { aud: undefined } },
    failures: ['audience: audience_mismatch'],
    advice: /^It is for nobody/,
  },
  'seven minutes past its time': {
    // The tenant would not call such a token active.
    kinds: ['jwt'],
    token: { expiresIn: -420 },
    failures: ['expiration: expired'],
    advice: /^It expired 7 minutes ago, and clockTolerance allows 5 minutes/,
  },
  'seven minutes before its time': {
    // The tenant would not call such a token active.
    kinds: ['jwt'],
    token: { claims: { nbf: Math.floor(Date.now() / 1000) + 425 } },
    failures: ['not_before: not_yet_valid'],
    advice: /^It counts only in 7 minutes/,
  },
  'no time': {
    token: { claims: { exp: undefined } },
    failures: ['expiration: missing_expiration'],
    advice: /lifetime/,
  },
  'a scope that is missing': {
    token: { scopes: ['data:read'] },
    route: { scopes: ['data:read', 'data:write'] },
    failures: ['scopes: missing_scopes'],
    advice: /^Have the client ask for "data:write", and the tenant grant it: it has "data:read"$/,
  },
  'groups that are missing': {
    token: { groups: ['sales'] },
    route: { groups: ['engineering', 'support'] },
    failures: ['groups: missing_groups'],
    advice: /^Add the user to "engineering" or "support": one of them is enough$/,
  },
  'no groups at all': {
    token: {},
    route: { groups: ['engineering'] },
    failures: ['groups: missing_groups'],
    advice: /groupOptions\.groupsClaim/,
  },
  'another issuer': {
    // The tenant would not call such a token active.
    kinds: ['jwt'],
    token: { claims: { iss: 'https://other.example' } },
    failures: ['issuer: issuer_mismatch'],
    advice: /^It is a token of "https:\/\/other\.example"/,
  },
  'no issuer': {
    // The tenant would not call such a token active.
    kinds: ['jwt'],
    token: { claims: { iss: undefined } },
    failures: ['issuer: issuer_mismatch'],
    advice: /^It is a token of null/,
  },
  'a key that nobody knows': {
    token: { kid: 'stranger' },
    failures: ['key: unknown_key'],
    advice: /^The tenant's keys are "rs256-/,
  },
  'a shared secret': {
    token: { header: { alg: 'HS256' } },
    failures: ['header: unsupported_algorithm'],
    advice: /shared secret \("HS256"\)/,
  },
  'no signature': {
    token: { header: { alg: 'none' } },
    failures: ['header: unsupported_algorithm'],
    advice: /not signed at all/,
  },
  'another kind of token': {
    token: { header: { typ: 'logout+jwt' } },
    failures: ['header: unexpected_token_type'],
    advice: /"logout\+jwt"/,
  },
  'a certificate that does not come': {
    token: { certificate: bound.cert },
    failures: ['binding: certificate_missing'],
    advice: /^Give the certificate/,
  },
  "somebody else's certificate": {
    token: { certificate: bound.cert },
    route: { clientCertificate: other.cert },
    failures: ['binding: certificate_mismatch'],
    advice: /^Use the certificate that the token was issued to/,
  },
  'all of it at once': {
    // The tenant would not call such a token active.
    kinds: ['jwt'],
    token: { audience: `${AUDIENCE}/`, expiresIn: -420, scopes: ['a'] },
    route: { scopes: ['b'], groups: ['x'] },
    failures: [
      'audience: audience_mismatch',
      'expiration: expired',
      'scopes: missing_scopes',
      'groups: missing_groups',
    ],
    advice: /slash/,
  },
};

describe('explain', () => {
  let tenant;
  let client;
  before(async () => {
    tenant = await createTestTenant();
    client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  });
  after(() => tenant.close());

  /** What a validation comes to, told as an explanation has it. */
  async function verdictOf(token, route) {
    try {
      await client.validateAccessToken(token, route);
      return { ok: true };
    } catch (error) {
      return { ok: false, name: error.name, message: error.message, reason: error.reason };
    }
  }

  for (const [name, example] of Object.entries(CASES)) {
    const { token: options, route, failures: expected = [], advice } = example;
    const { header, kid, ...claims } = options;
    const hasHeader = header !== undefined || kid !== undefined;
    for (const kind of example.kinds ?? (hasHeader ? ['jwt'] : ['jwt', 'introspected'])) {
      it(`${name} (${kind})`, async () => {
        const token =
          kind === 'jwt' ? await tenant.issueToken(options) : await tenant.issueOpaqueToken(claims);
        const explained = await client.explain(token, route);
        const { ok, error, status } = explained;
        const verdict = await verdictOf(token, route);
        const { name: errorName, message, reason } = error ?? {};
        assert.deepEqual(
          ok ? { ok } : { ok, name: errorName, message, reason },
          verdict,
          JSON.stringify(explained),
        );
        assert.equal(explained.kind, kind);
        // Only a JWT must have a time.
        const wanted = kind === 'introspected' && name === 'no time' ? [] : expected;
        assert.deepEqual(failures(explained), wanted);
        assert.equal(ok, wanted.length === 0);
        const answers = { insufficient_scope: 403, insufficient_groups: 403 };
        assert.equal(status, ok ? 200 : (answers[error.code] ?? 401));
        const stop = explained.steps.find(({ outcome }) => outcome === 'failed');
        assert.equal(stop?.message, error?.message);
        if (!ok) assert.match(stop.advice, advice);
        assert.ok(Math.abs(explained.clockOffsetSeconds) <= 5);
        assert.equal(explained.clockAdvice, undefined);
      });
    }
  }

  it('names the same rules, in the same order, whatever comes', async () => {
    const rules = async (token) => (await client.explain(token)).steps.map(({ rule }) => rule);
    const jwt = await rules(await tenant.issueToken());
    for (const token of ['a.b.c', '..', await tenant.issueToken({ kid: 'x', expiresIn: -999 })]) {
      assert.deepEqual(await rules(token), jwt, token);
    }
    const opaque = await rules(await tenant.issueOpaqueToken());
    assert.deepEqual(await rules('nonsense'), opaque);
    assert.deepEqual(await rules('x'.repeat(20_000)), opaque);
  });

  it('knows what people do to tokens', async () => {
    const token = await tenant.issueToken();
    const adviceOn = async (text) => {
      const { steps } = await client.explain(text);
      return steps.find(({ outcome }) => outcome === 'failed').advice;
    };
    assert.match(await adviceOn(`Bearer ${token}`), /without the word "Bearer"/);
    assert.match(await adviceOn(token.replace('.', ' .')), /white space/);
    assert.match(await adviceOn(`x${token}`), /cuts or alters/);
    const [header, payload, signature] = token.split('.');
    const altered = `${header}.${payload}.${signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`;
    assert.match(await adviceOn(altered), /altered on its way/);
    assert.match(await adviceOn(`x.${'x'.repeat(20_000)}.x`), /20004 bytes: put fewer claims/);
  });

  it('shows what the rules are about, and nothing else', async () => {
    const claims = { email: 'ada@example.com', address: { street: 'Secret Street' } };
    for (const issue of ['issueToken', 'issueOpaqueToken']) {
      const token = await tenant[issue]({ subject: 'somebody', claims, scopes: ['a'] });
      const explained = await client.explain(token, { scopes: ['b'], groups: ['c'] });
      const text = JSON.stringify(explained);
      assert.ok(!/ada@example|Secret Street|somebody/.test(text), text);
      assert.ok(!text.includes(token) && !text.includes(tenant.clientSecret), text);
      assert.ok(!text.includes(token.split('.').at(-1)), text);
    }
  });

  it('says what a guarded route answers', async (t) => {
    const app = express();
    app.get('/', protectApi(client)({ scopes: ['a'] }), (_request, response) => response.end());
    const server = app.listen(0);
    t.after(() => server.close());
    for (const options of [{ scopes: ['a'] }, {}, { expiresIn: -999 }]) {
      const token = await tenant.issueToken(options);
      const headers = { authorization: `Bearer ${token}` };
      const { status } = await fetch(`http://localhost:${server.address().port}`, { headers });
      assert.equal((await client.explain(token, { scopes: ['a'] })).status, status);
    }
  });

  it('counts nothing, and leaves the cache alone', async () => {
    const calls = [];
    const cache = {
      get: async () => void calls.push('get'),
      set: async () => void calls.push('set'),
      delete: async () => void calls.push('delete'),
    };
    const cached = new MonoCloudBackendNodeClient(tenant.clientOptions({ cache }));
    for (const options of [{}, { expiresIn: -999 }]) {
      await cached.explain(await tenant.issueToken(options));
      await cached.explain(await tenant.issueOpaqueToken(options));
    }
    assert.deepEqual(calls, []);
    const { accepted, refused } = cached.stats();
    assert.deepEqual([accepted, refused], [0, 0]);
  });

  it('uses the keys that are given, and the methods that are put in place', async () => {
    const token = await tenant.issueToken();
    const jwks = await client.getJwks();
    const [without, replaced] = [0, 1].map(
      () => new MonoCloudOidcBackendClient(tenant.tenantDomain, AUDIENCE),
    );
    assert.equal((await without.explain(token, { jwks })).ok, true);
    const { error, steps } = await without.explain(token, { jwks: { keys: [] } });
    assert.equal(error.reason, 'unknown_key');
    assert.match(steps.find(({ rule }) => rule === 'key').advice, /no key that can be used/);
    const bad = await without.explain(token, { jwks: 7 });
    assert.ok(bad.error instanceof MonoCloudValidationError);
    assert.deepEqual(failures(bad), ['keys']);
    replaced.getJwks = async () => ({ keys: [] });
    assert.equal((await replaced.explain(token)).error.reason, 'unknown_key');
    // What it brings is what counts, as in a validation: nothing is no key set, and not the tenant's.
    replaced.getMetadata = () => assert.fail('metadata is asked for');
    for (const keys of [undefined, null]) {
      replaced.getJwks = async () => keys;
      const { error } = await replaced.explain(token);
      assert.ok(error instanceof MonoCloudValidationError);
      await assert.rejects(replaced.validateJwtAccessToken(token), { message: error.message });
    }
    replaced.getJwks = async () => {
      throw new RangeError('mine');
    };
    await assert.rejects(replaced.explain(token), { name: 'RangeError', message: 'mine' });
  });

  it('asks about a JWT where the client does', async () => {
    const asking = new MonoCloudBackendNodeClient(
      tenant.clientOptions({ introspectJwtTokens: true }),
    );
    const token = await tenant.issueToken();
    assert.equal((await asking.explain(token)).kind, 'introspected');
    tenant.revoke(token);
    const revoked = await asking.explain(token);
    assert.deepEqual(failures(revoked), ['introspection: inactive_or_client_not_permitted']);
    assert.match(stepOf(revoked, 'introspection').advice, /revoked/);
  });

  it('refuses what is no token, from where it was called', async () => {
    for (const token of ['', ' ', undefined, 7]) {
      await assert.rejects(client.explain(token), (error) => {
        assert.ok(error instanceof MonoCloudValidationError);
        assert.match(error.stack.split('\n')[1], /explain\.test\.js/);
        return true;
      });
    }
    await assert.rejects(client.explain('x', { scopes: 'a' }), MonoCloudValidationError);
  });

  it('without a client that may ask, and with wrong credentials', async () => {
    const { clientId, clientSecret, ...bare } = tenant.clientOptions();
    const nobody = await new MonoCloudBackendNodeClient(bare).explain('opaque');
    assert.deepEqual(failures(nobody), ['client']);
    assert.match(stepOf(nobody, 'client').advice, /clientId/);
    assert.equal(nobody.status, 401);
    const wrong = await new MonoCloudBackendNodeClient({
      ...bare,
      clientId,
      clientSecret: `not ${clientSecret}`,
    }).explain('opaque');
    assert.ok(wrong.error instanceof MonoCloudOPError);
    assert.deepEqual(failures(wrong), ['introspection: invalid_client']);
    assert.match(stepOf(wrong, 'introspection').advice, /credentials/);
    assert.equal(wrong.status, 500);
  });
});
