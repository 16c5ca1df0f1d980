'use strict';

// Contract §4, §5, §7b: the time of a verdict is that at which it is given. A token, a login or a DPoP proof that is too
// old by then does not pass, whatever the verdict waited for.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { holderOf, judge, proofOf, thumbprintOf, verdictOf } = require('../dpop/support.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');

const WAIT_MS = 3500;
const now = () => Math.floor(Date.now() / 1000);

/** A client of a tenant that takes its time. */
async function start(t, answer, more) {
  const tenant = await startFaultyTenant();
  t.after(() => tenant.close());
  for (const path of ['jwks', 'introspection']) {
    tenant.on(path, async (request, response, usual) => {
      await sleep(WAIT_MS);
      return path === 'jwks'
        ? usual(request, response)
        : sendJson(response, { active: true, ...tenant.claims(), ...answer });
    });
  }
  const options = tenant.options({ clockTolerance: 0, ...tenant.credentials, ...more });
  return { tenant, client: new MonoCloudBackendNodeClient(options) };
}

describe('a verdict that waits for the tenant', { concurrency: true }, () => {
  for (const [what, claims, options, reason] of [
    ['the token has expired', () => ({ exp: now() + 2 }), {}, 'expired'],
    ['the login is too old', () => ({ auth_time: now() - 298 }), { maxAge: 300 }, 'login_too_old'],
    ['the token is still good', () => ({ exp: now() + 60 }), {}, 'passed'],
    ['the token has become valid', () => ({ nbf: now() + 2 }), {}, 'passed'],
  ]) {
    it(`${what}: a JWT, whose keys are fetched`, async (t) => {
      const { tenant, client } = await start(t);
      const token = tenant.token(claims());
      assert.equal(await verdictOf(client.validateAccessToken(token, options)), reason);
    });

    it(`${what}: an opaque token`, async (t) => {
      const { client } = await start(t, claims());
      assert.equal(await verdictOf(client.validateAccessToken('opaque', options)), reason);
    });

    it(`${what}: an explanation`, async (t) => {
      for (const kind of ['a JWT', 'opaque']) {
        const { tenant, client } = await start(t, claims());
        const token = kind === 'opaque' ? kind : tenant.token(claims());
        const { steps, error } = await client.explain(token, options);
        const failed = steps.filter(({ outcome }) => outcome === 'failed');
        assert.equal(error?.reason ?? 'passed', reason);
        assert.equal(failed.length, reason === 'passed' ? 0 : 1, JSON.stringify(failed));
      }
    });
  }

  for (const [ago, verdict] of [
    [58, 'dpop_proof_expired'],
    [50, 'passed'],
  ]) {
    it(`the DPoP proof was ${ago} seconds old when it came`, async (t) => {
      const { tenant, client } = await start(t);
      const holder = holderOf('ES256');
      const token = tenant.token({ cnf: { jkt: thumbprintOf(holder) } });
      const proof = proofOf(holder, token, { claims: { iat: now() - ago } });
      assert.equal(await judge(client, token, proof), verdict);
    });
  }

  for (const [left, reason] of [
    [2, 'inactive'],
    [60, 'inactive_or_client_not_permitted'],
  ]) {
    it(`the JWT that the tenant calls inactive had ${left} seconds left when it came`, async (t) => {
      const { tenant, client } = await start(t, { active: false }, { introspectJwtTokens: true });
      const token = tenant.token({ exp: now() + left });
      assert.equal(await verdictOf(client.validateAccessToken(token)), reason);
    });
  }
});
