'use strict';

// Contract §5: the claims of an introspection answer, and the rules that they meet.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');

const { MonoCloudTokenError } = require('@monocloud/backend-node');
const { createClientCert } = require('../support/certs.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { TOKEN, answering, answeringJson, clientOf, outcomeOf } = require('./support.js');

const nowSeconds = () => Math.floor(Date.now() / 1000);

describe('an answer to an introspection', () => {
  let tenant;

  before(async () => {
    tenant = await startFaultyTenant();
  });

  after(() => tenant?.close());

  const outcome = (answer, more) => outcomeOf(tenant, answer, more);

  const claimsFor = async (claims, more) => {
    const { claims: found, error } = await outcome(
      answeringJson({ active: true, ...claims }),
      more,
    );
    assert.equal(error, undefined, error?.stack);
    return found;
  };

  const refusal = async (claims, more) => {
    const { error } = await outcome(answeringJson({ active: true, ...claims }), more);
    assert.ok(error instanceof MonoCloudTokenError, String(error?.stack));
    return error;
  };

  it('that is active has its claims, without `active`', async () => {
    const claims = {
      ...tenant.claims(),
      username: 'ada',
      nested: { active: true, list: [1, { two: null }] },
      big: 9007199254740991,
      empty: '',
      '': 'an empty name',
    };
    assert.deepEqual(await claimsFor(claims), claims);
  });

  it('is a value of the caller’s own', async () => {
    tenant.on('introspection', answeringJson({ active: true, ...tenant.claims(), list: [1] }));
    const client = clientOf(tenant);
    const [first, second] = await Promise.all([
      client.validateAccessToken(TOKEN),
      client.validateAccessToken(TOKEN),
    ]);
    first.list.push(2);
    first.sub = 'changed';
    assert.deepEqual(second.list, [1]);
    assert.equal(second.sub, 'user');
    assert.equal(Object.getPrototypeOf(first), Object.prototype);
  });

  it('pollutes nothing with a claim named __proto__', async () => {
    const text = JSON.stringify({ active: true, ...tenant.claims() });
    const body = text.replace('{', '{"__proto__":{"polluted":true},"constructor":{"x":1},');
    const { claims } = await outcome(answering(200, body));
    assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    assert.equal({}.polluted, undefined);
    assert.equal(claims.polluted, undefined);
    assert.deepEqual(Object.getOwnPropertyDescriptor(claims, '__proto__').value, {
      polluted: true,
    });
  });

  it('is read whatever its media type, and with a byte of white space around', async () => {
    const body = ` ${JSON.stringify({ active: true, ...tenant.claims() })}\r\n`;
    for (const type of ['text/plain', 'application/token-introspection+json', undefined]) {
      const headers = type && { 'content-type': type };
      assert.equal((await outcome(answering(200, body, headers))).claims.sub, 'user', type);
    }
  });

  for (const active of [false, 'true', 'false', 1, 0, null, {}, [true], '', undefined]) {
    it(`whose \`active\` is ${JSON.stringify(active)} is inactive_token`, async () => {
      const { error } = await outcome(answeringJson({ ...tenant.claims(), active }));
      assert.ok(error instanceof MonoCloudTokenError, String(error?.stack));
      assert.equal(error.code, 'inactive_token');
      assert.equal(error.reason, 'inactive');
      assert.equal(error.message, 'Token is not active');
    });
  }

  it('that has `Active` or a nested one only is inactive_token', async () => {
    for (const body of [{ Active: true }, { ACTIVE: true }, { token: { active: true } }]) {
      const { error } = await outcome(answeringJson({ ...tenant.claims(), ...body }));
      assert.equal(error.code, 'inactive_token');
    }
  });

  it('that calls a JWT inactive which has not expired says what to check', async () => {
    const answer = answeringJson({ active: false });
    const options = { introspectJwtTokens: true };
    for (const [claims, reason] of [
      [{}, 'inactive_or_client_not_permitted'],
      [{ exp: nowSeconds() - 100 }, 'inactive_or_client_not_permitted'], // within the tolerance
      [{ exp: nowSeconds() - 1000 }, 'inactive'],
      [{ exp: undefined }, 'inactive'],
      [{ exp: 'never' }, 'inactive'],
    ]) {
      const token = tenant.token(claims);
      const { error } = await outcome(answer, { token, options });
      assert.ok(error instanceof MonoCloudTokenError, String(error?.stack));
      assert.equal(error.code, 'inactive_token');
      assert.equal(error.message, 'Token is not active');
      assert.equal(error.reason, reason, JSON.stringify(claims));
    }
    for (const token of ['a.b.c', '..', TOKEN]) {
      assert.equal((await outcome(answer, { token, options })).error.reason, 'inactive');
    }
  });

  it('may lack exp, and nothing else of what a JWT must have', async () => {
    const { exp: _, ...claims } = tenant.claims();
    assert.deepEqual(await claimsFor(claims), claims);
    const { sub: __, ...noSubject } = claims;
    assert.deepEqual(await claimsFor(noSubject), noSubject);
    assert.equal((await refusal({ ...claims, iss: undefined })).reason, 'issuer_mismatch');
    assert.equal((await refusal({ ...claims, aud: undefined })).reason, 'audience_mismatch');
  });

  it('has no member that is null', async () => {
    const nulls = { sub: null, exp: null, nbf: null, scope: null, groups: null, cnf: null };
    const { iss, aud } = tenant.claims();
    assert.deepEqual(await claimsFor({ ...tenant.claims(), ...nulls }), { iss, aud });
    for (const [claims, route, reason] of [
      [{ iss: null }, {}, 'issuer_mismatch'],
      [{ aud: null }, {}, 'audience_mismatch'],
      [{ scope: null }, { scopes: ['a'] }, 'missing_scopes'],
      [{ groups: null }, { groups: ['a'] }, 'missing_groups'],
    ]) {
      const error = await refusal({ ...tenant.claims(), ...claims }, { route });
      assert.equal(error.reason, reason);
    }
  });

  it('counts within the tolerance of the clock, and follows setClockSkew', async () => {
    const claims = tenant.claims();
    await claimsFor({ ...claims, exp: nowSeconds() - 200 });
    await claimsFor({ ...claims, nbf: nowSeconds() + 200 });
    await claimsFor({ ...claims, aud: ['https://other.example.com', tenant.audience] });
    const options = { clockTolerance: 0 };
    const late = await refusal({ ...claims, exp: nowSeconds() - 200 }, { options });
    assert.equal(late.reason, 'expired');

    tenant.on('introspection', answeringJson({ active: true, ...claims }));
    const client = clientOf(tenant, options);
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    client.setClockSkew(4000);
    await assert.rejects(client.validateAccessToken(TOKEN), { reason: 'expired' });
    client.setClockTolerance(1000);
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
  });

  it('must hold the scopes of the route', async () => {
    const claims = { ...tenant.claims(), scope: 'posts:read posts:write' };
    const route = (...scopes) => ({ route: { scopes } });
    await claimsFor(claims, route('posts:read', 'posts:write'));
    await claimsFor({ ...claims, scope: undefined }, route());
    for (const [scope, scopes] of [
      ['posts:read posts:write', ['posts:delete']],
      ['posts:read posts:write', ['posts:read', 'posts:delete']],
      ['posts:read posts:write', ['posts']],
      [undefined, ['posts:read']],
      [['posts:read'], ['posts:read']],
      ['posts:read,posts:write', ['posts:read']],
    ]) {
      const error = await refusal({ ...claims, scope }, route(...scopes));
      assert.equal(error.code, 'insufficient_scope');
      assert.equal(error.message, 'Token is missing required scopes');
    }
  });

  it('must hold the groups of the route', async () => {
    const claims = tenant.claims();
    const objects = [{ id: 'g1', name: 'admins' }, 'ops'];
    const asking = (groups, options) => ({ route: { groups }, options });
    await claimsFor({ ...claims, groups: objects }, asking(['admins']));
    await claimsFor({ ...claims, groups: objects }, asking(['nobody', 'ops']));
    const matchAll = { groupOptions: { matchAll: true } };
    await claimsFor({ ...claims, groups: objects }, asking(['g1', 'ops'], matchAll));
    const roles = { groupOptions: { groupsClaim: 'roles' } };
    await claimsFor({ ...claims, roles: ['ops'] }, asking(['ops'], roles));
    for (const [groups, required, options] of [
      [objects, ['nobody']],
      [objects, ['ops', 'nobody'], matchAll],
      [undefined, ['ops']],
      ['ops', ['ops']],
      [['ops'], ['ops'], roles],
    ]) {
      const error = await refusal({ ...claims, groups }, asking(required, options));
      assert.equal(error.code, 'insufficient_groups');
      assert.equal(error.message, 'Token is missing required groups');
    }
  });

  it('that is bound to a certificate needs that certificate', async () => {
    const certificate = createClientCert();
    const another = createClientCert();
    const bound = { ...tenant.claims(), cnf: { 'x5t#S256': certificate.thumbprint } };
    const asking = (clientCertificate, validateCertificateBinding) => ({
      route: { clientCertificate, validateCertificateBinding },
    });
    assert.deepEqual(await claimsFor(bound, asking(certificate.cert)), bound);
    await claimsFor({ ...bound, cnf: JSON.stringify(bound.cnf) }, asking(certificate.cert));
    await claimsFor(bound, asking(another.cert, false));
    await claimsFor(tenant.claims(), asking(another.cert));
    const reasons = [
      [bound, asking(undefined), 'certificate_missing'],
      [bound, asking(another.cert), 'certificate_mismatch'],
      [bound, asking('x'), 'certificate_malformed'],
      [tenant.claims(), asking(certificate.cert, true), 'token_not_bound'],
    ];
    for (const [claims, more, reason] of reasons) {
      const error = await refusal(claims, more);
      assert.equal(error.code, 'invalid_token');
      assert.equal(error.reason, reason);
    }
  });
});
