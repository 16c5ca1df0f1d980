'use strict';

// `client.explain(token)` where the tenant fails.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
} = require('@monocloud/backend-node');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { AUDIENCE, failures, stepOf } = require('./support.js');

describe('explain, where the tenant is not well', () => {
  it('says what lies between', async (t) => {
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    const explain = async (more) => {
      const client = new MonoCloudBackendNodeClient(tenant.options({ fetcher: fetch, ...more }));
      return client.explain(tenant.token());
    };
    tenant.on('jwks', (_request, response) => sendJson(response, {}, 404));
    const moved = await explain();
    assert.ok(moved.error instanceof MonoCloudHttpError);
    assert.deepEqual([moved.status, ...failures(moved)], [500, 'keys: unexpected_status']);
    assert.equal(stepOf(moved, 'key').outcome, 'not_reached');
    // What the token says of itself can be read in any case.
    assert.equal(stepOf(moved, 'audience').outcome, 'passed');
    tenant.on('jwks', (_request, response) => response.destroy());
    const broken = await explain();
    assert.equal(broken.status, 503);
    assert.match(stepOf(broken, 'keys').advice, /\w/);
    tenant.on('jwks', (_request, response) => response.end('<html>'));
    const page = await explain();
    assert.deepEqual(failures(page), ['keys: unreadable_response']);
    assert.match(stepOf(page, 'keys').advice, /check tenantDomain/);
  });

  it('says that a clock is wrong, and by how much', async (t) => {
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    let ahead = 0;
    for (const name of ['discovery', 'jwks']) {
      tenant.on(name, (request, response, right) => {
        response.sendDate = false;
        if (ahead !== undefined) {
          response.setHeader('date', new Date(Date.now() - ahead * 1000).toUTCString());
        }
        right(request, response);
      });
    }
    const token = (claims) => tenant.token(claims);
    const clientNow = () =>
      new MonoCloudOidcBackendClient(tenant.origin, AUDIENCE, { fetcher: fetch });
    const seconds = () => Math.floor(Date.now() / 1000);

    // This machine is seven minutes ahead: the tenant has just issued the token for a minute.
    ahead = 420;
    const early = await clientNow().explain(token({ exp: seconds() - 420 + 60 }));
    assert.deepEqual(failures(early), ['expiration: expired']);
    assert.match(
      stepOf(early, 'expiration').advice,
      /still good: this machine's is 7 minutes ahead/,
    );
    assert.match(early.clockAdvice, /^This machine's clock is 7 minutes ahead of the tenant's/);
    assert.ok(Math.abs(early.clockOffsetSeconds - 420) <= 5, `${early.clockOffsetSeconds}`);

    ahead = -420;
    const client = clientNow();
    const late = await client.explain(token({ nbf: seconds() + 420 }));
    assert.deepEqual(failures(late), ['not_before: not_yet_valid']);
    assert.match(late.clockAdvice, /7 minutes behind/);
    assert.ok(Math.abs(client.stats().clockOffsetSeconds + 420) <= 5);

    ahead = undefined;
    const silent = clientNow();
    assert.equal('clockOffsetSeconds' in silent.stats(), false);
    const unknown = await silent.explain(token());
    assert.equal(unknown.ok, true);
    assert.equal('clockOffsetSeconds' in unknown, false);
  });

  it('does not take the time out of a cache', async (t) => {
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    for (const name of ['discovery', 'jwks']) {
      tenant.on(name, (request, response, right) => {
        response.setHeader('age', '600');
        right(request, response);
      });
    }
    const client = new MonoCloudOidcBackendClient(tenant.origin, AUDIENCE, { fetcher: fetch });
    await client.explain(tenant.token());
    assert.equal('clockOffsetSeconds' in client.stats(), false);
  });

  it('keeps what a stranger wrote within bounds', async (t) => {
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    const client = new MonoCloudBackendNodeClient(tenant.options());
    const long = 'x'.repeat(3000);
    const token = tenant.sign(
      { ...tenant.claims(), aud: Array(200).fill('y'.repeat(40)), iss: long },
      { typ: 'z'.repeat(1000) },
    );
    const explained = await client.explain(token, { groups: ['x'] });
    assert.ok(explained.error instanceof MonoCloudTokenError);
    assert.ok(JSON.stringify(explained).length < 10_000);
  });
});
