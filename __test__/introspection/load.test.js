'use strict';

// Contract §5: one introspection for many callers of one token, and the limit of introspections in flight.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');

const { MonoCloudHttpError } = require('@monocloud/backend-node');
const { runScript } = require('../support/child.js');
const { sendJson } = require('../support/faulty-tenant.js');
const { failureOf, recordIntrospections } = require('../support/introspection.js');
const { CREDENTIALS, TOKEN, answering, clientOf, startTenant } = require('./support.js');

describe('many who ask about one token', () => {
  /** Answers after a while. */
  const slowly = (milliseconds) => async (request, response, right) => {
    await sleep(milliseconds);
    right(request, response);
  };

  it('5,000 at a time are one introspection and 5,000 answers, each its own', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', slowly(500));
    const client = clientOf(tenant);
    const answers = await Promise.all(
      Array.from({ length: 5000 }, () => client.validateAccessToken(TOKEN)),
    );
    assert.equal(tenant.requests.introspection, 1);
    assert.equal(tenant.requests.discovery, 1);
    assert.equal(answers.length, 5000);
    assert.equal(new Set(answers).size, 5000);
    for (const claims of answers) assert.equal(claims.sub, 'user');
    // An answer is for those who waited for it, and for nobody later.
    await client.validateAccessToken(TOKEN);
    assert.equal(tenant.requests.introspection, 2);
  });

  it('each is held to what its own route asks', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', slowly(200));
    const client = clientOf(tenant);
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, (_, index) =>
        client.validateAccessToken(TOKEN, {
          scopes: [['posts:read'], ['admin'], []][index % 3],
          groups: index % 2 ? ['ops'] : [],
        }),
      ),
    );
    assert.equal(tenant.requests.introspection, 1);
    results.forEach(({ status, reason }, index) => {
      const expected =
        index % 3 === 1 ? 'insufficient_scope' : index % 2 ? 'insufficient_groups' : undefined;
      assert.equal(status === 'fulfilled' ? undefined : reason.code, expected);
    });
  });

  it('share a failure, each with an error of its own, and the next one asks again', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', async (request, response) => {
      await sleep(200);
      answering(500, '')(request, response);
    });
    const client = clientOf(tenant);
    await client.getMetadata();
    const results = await Promise.allSettled(
      Array.from({ length: 1000 }, () => client.validateAccessToken(TOKEN)),
    );
    assert.equal(tenant.requests.introspection, 1);
    const errors = new Set(results.map(({ reason }) => reason));
    assert.equal(errors.size, 1000);
    for (const error of errors) assert.equal(error.status, 500);
    tenant.on('introspection');
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    assert.equal(tenant.requests.introspection, 2);
  });

  it('other tokens and other clients are asked about on their own', async (t) => {
    const tenant = await startTenant(t);
    const seen = recordIntrospections(tenant, async (response) => {
      await sleep(100);
      sendJson(response, { active: true, ...tenant.claims() });
    });
    const clients = [clientOf(tenant), clientOf(tenant, { clientId: 'other' })];
    await Promise.all(
      clients.flatMap((client) =>
        ['one', 'two', 'ONE', 'one '].map((token) => client.validateAccessToken(token)),
      ),
    );
    assert.equal(seen.length, 8);
    assert.equal(new Set(seen.map(({ body }) => body)).size, 8);
  });

  it('leave no memory behind', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', slowly(100));
    const { said, code, stderr } = await runScript('introspection/programs/bursts.js', {
      input: tenant.options(CREDENTIALS),
      // A young generation of a size that stays, so that what grows is what leaks.
      flags: ['--expose-gc', '--max-semi-space-size=2'],
      timeout: 90_000,
    });
    assert.equal(code, 0, stderr);
    // 40,000 answers lie between two looks: one KiB of each would be 39 MiB.
    const least = (name) => {
      const grown = said.slice(1).map((usage, index) => usage[name] - said[index][name]);
      return Math.min(...grown) / (1024 * 1024);
    };
    assert.ok(least('heapUsed') < 1, JSON.stringify(said));
    assert.ok(least('rss') < 10, JSON.stringify(said));
  });
});

describe('introspections in flight', () => {
  /** A tenant whose introspections wait for `release`, and what it has counted of them. */
  async function startHolding(t) {
    const tenant = await startTenant(t);
    const held = [];
    const counts = { most: 0, all: 0 };
    tenant.on('introspection', (request, response, right) => {
      request.resume();
      held.push(() => right(request, response));
      counts.all += 1;
      counts.most = Math.max(counts.most, held.length);
    });
    const release = () => {
      for (const answer of held.splice(0)) answer();
    };
    const until = async (done) => {
      const end = Date.now() + 20_000;
      while (!done()) {
        assert.ok(Date.now() < end, JSON.stringify(counts));
        await sleep(5);
      }
    };
    return { tenant, held, counts, release, until };
  }

  const asks = (client, count, name = 'token') =>
    Array.from({ length: count }, (_, n) => client.validateAccessToken(`${name} ${n}`));

  it('are 64 at the most, over 64 connections, and the others have their turn', async (t) => {
    const { tenant, held, counts, release, until } = await startHolding(t);
    const client = clientOf(tenant);
    let done = false;
    const all = Promise.all(asks(client, 300)).finally(() => {
      done = true;
    });
    await until(() => held.length === 64);
    await sleep(100);
    assert.equal(held.length, 64);
    await until(() => {
      release();
      return done;
    });
    assert.equal((await all).length, 300);
    assert.equal(counts.all, 300);
    assert.ok(counts.most <= 64, `${counts.most} at a time`);
    assert.ok(tenant.sockets.length <= 130, `${tenant.sockets.length} connections`);
  });

  it('are counted by tenant, each client held to its own limit', async (t) => {
    const { tenant, held, release, until } = await startHolding(t);
    const two = clientOf(tenant, { maxConcurrentIntrospections: 2 });
    const three = clientOf(tenant, { maxConcurrentIntrospections: '3' });
    const first = asks(two, 3, 'two');
    await until(() => held.length === 2);
    await sleep(50);
    assert.equal(held.length, 2);
    release();
    await until(() => held.length === 1);
    const second = asks(three, 3, 'three');
    await until(() => held.length === 3);
    await sleep(50);
    assert.equal(held.length, 3);
    release();
    await until(() => held.length === 1);
    release();
    for (const claims of await Promise.all([...first, ...second])) assert.equal(claims.sub, 'user');
  });

  it('of one token are one place', async (t) => {
    const { tenant, held, counts, release, until } = await startHolding(t);
    const client = clientOf(tenant, { maxConcurrentIntrospections: 1 });
    const all = Array.from({ length: 2000 }, () => client.validateAccessToken(TOKEN));
    await until(() => held.length === 1);
    release();
    assert.equal((await Promise.all(all)).length, 2000);
    assert.equal(counts.all, 1);
  });

  it('that find no place in time are a MonoCloudHttpError to try again after', async (t) => {
    const { tenant, held, release, until } = await startHolding(t);
    const limited = { maxConcurrentIntrospections: 1 };
    const patient = clientOf(tenant, { ...limited, responseTimeout: 60_000 });
    const hasty = clientOf(tenant, { ...limited, responseTimeout: 1000 });
    const first = patient.validateAccessToken('first');
    await until(() => held.length === 1);
    const begun = performance.now();
    const error = await failureOf(() => hasty.validateAccessToken('second'));
    const took = performance.now() - begun;
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'introspection_limit');
    assert.equal(error.status, undefined);
    assert.equal(error.retryAfter, 1);
    assert.ok(took > 900 && took < 9000, `${took} ms`);
    release();
    assert.equal((await first).sub, 'user');
    tenant.on('introspection');
    assert.equal((await hasty.validateAccessToken('third')).sub, 'user');
    assert.equal(tenant.requests.introspection, 2, 'nobody was asked about the second');
  });

  it('have 1,024 waiting behind them, and the others are refused at once', async (t) => {
    const { tenant, held, release, until } = await startHolding(t);
    const client = clientOf(tenant, { maxConcurrentIntrospections: 1, responseTimeout: 60_000 });
    await client.getMetadata();
    const refused = [];
    let done = 0;
    const all = asks(client, 1500).map((one) =>
      one.then(
        () => {
          done += 1;
        },
        (error) => refused.push(error),
      ),
    );
    await until(() => refused.length === 1500 - 1024 - 1 && held.length === 1);
    for (const error of refused) {
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.equal(error.reason, 'introspection_limit');
      assert.equal(error.status, undefined);
      assert.equal(error.retryAfter, 1);
    }
    await until(() => {
      release();
      return done === 1025;
    });
    await Promise.all(all);
    assert.equal(refused.length, 1500 - 1025);
  });
});
