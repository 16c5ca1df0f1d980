'use strict';

// What happens at one issuer is not felt at another: an outage, a flood of unknown keys, a withdrawn key.

const assert = require('node:assert/strict');
const { performance } = require('node:perf_hooks');
const { describe, it } = require('node:test');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { assertAnswer } = require('../support/answers.js');
const { guarded } = require('../support/guarded.js');
const { get } = require('../support/http.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { makeKey, setOf, sign, startServer } = require('../support/tokens.js');

const AUDIENCE = 'api://both';
// The same `kid` at both.
const KEY = makeKey('EdDSA');
const OTHER_KEY = makeKey('EdDSA');

function tokenOf(iss, key, more) {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return sign(key, { claims: { iss, aud: AUDIENCE, sub: 'ada', exp, ...more } });
}

const optionsOf = (...urls) => ({
  issuers: urls.map((issuer) => ({ issuer, audience: AUDIENCE })),
});

async function start(t, key = KEY) {
  const issuer = await startFaultyTenant({ jwks: setOf(key) });
  t.after(() => issuer.close().catch(() => {}));
  return issuer;
}

const codeOf = (promise) =>
  promise.then(
    () => 'passes',
    ({ name, code }) => code ?? name,
  );

/** The 99th percentile of the milliseconds that calls take, one after the other. */
async function p99(count, call) {
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const began = performance.now();
    await call(index);
    times.push(performance.now() - began);
  }
  return times.sort((x, y) => x - y)[Math.floor(count * 0.99)];
}

describe('an issuer that is down', () => {
  for (const framework of guarded) {
    it(`is a 503 for its own tokens, and nothing for others: ${framework.name}`, async (t) => {
      const [up, down] = [await start(t), await start(t, OTHER_KEY)];
      await down.close();
      for (const urls of [
        [up.origin, down.origin],
        [down.origin, up.origin],
      ]) {
        const protect = framework.protectApi(optionsOf(...urls));
        const { url, errors } = await framework.startOne(t, protect);
        for (let count = 0; count < 3; count += 1) {
          const answer = await get(`${url}/`, tokenOf(down.origin, OTHER_KEY));
          assertAnswer(answer, 'unavailable');
          const { status } = await get(`${url}/`, tokenOf(up.origin, KEY, { count }));
          assert.equal(status, 200);
        }
        // Nor is its key taken for the other's.
        assertAnswer(await get(`${url}/`, tokenOf(up.origin, OTHER_KEY)), 'invalid token');
        assert.deepEqual(errors, []);
      }
    });
  }

  it('does not slow the other one down, where it never answers', async (t) => {
    const up = await start(t);
    const silent = await startServer(() => {});
    t.after(() => silent.close());
    const client = new MonoCloudBackendNodeClient(optionsOf(silent.url, up.origin));
    const seen = tokenOf(up.origin, KEY);
    const fresh = Array.from({ length: 500 }, (_, index) => tokenOf(up.origin, KEY, { index }));
    const work = async (index) => {
      await client.validateAccessToken(seen);
      await client.validateAccessToken(fresh[index]);
    };
    const before = await p99(250, work);
    const waiting = Array.from({ length: 200 }, (_, index) =>
      codeOf(client.validateAccessToken(tokenOf(silent.url, OTHER_KEY, { index }))),
    );
    const during = await p99(250, (index) => work(250 + index));
    // Milliseconds, on a machine that does other things: what a wait for the other issuer costs is seconds.
    assert.ok(during < before * 5 + 100, `${before} ms before, ${during} ms during the outage`);
    assert.deepEqual([...new Set(await Promise.all(waiting))], ['MonoCloudHttpError']);
  });

  it('is asked again when it is back, for itself', async (t) => {
    const [up, broken] = [await start(t), await start(t, OTHER_KEY)];
    broken.issuer = 'https://evil.example';
    const client = new MonoCloudBackendNodeClient(optionsOf(up.origin, broken.origin));
    const token = tokenOf(broken.origin, OTHER_KEY);
    assert.equal(await codeOf(client.validateAccessToken(token)), 'MonoCloudHttpError');
    assert.equal((await client.validateAccessToken(tokenOf(up.origin, KEY))).sub, 'ada');
    broken.issuer = broken.origin;
    const deadline = Date.now() + 20_000;
    while ((await codeOf(client.validateAccessToken(token))) !== 'passes') {
      assert.ok(Date.now() < deadline, 'never asked again');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.deepEqual(up.asked, ['discovery', 'jwks']);
  });
});

describe('what happens to the keys of one issuer', () => {
  it('a flood of unknown ones leaves the other its refresh', async (t) => {
    const [flooded, other] = [await start(t), await start(t, OTHER_KEY)];
    const client = new MonoCloudBackendNodeClient(optionsOf(flooded.origin, other.origin));
    await client.validateAccessToken(tokenOf(flooded.origin, KEY));
    await client.validateAccessToken(tokenOf(other.origin, OTHER_KEY));
    const unknown = Array.from({ length: 300 }, (_, index) =>
      codeOf(
        client.validateAccessToken(
          sign(makeKeyNamed(`unknown-${index}`), {
            claims: { iss: flooded.origin, aud: AUDIENCE },
          }),
        ),
      ),
    );
    assert.deepEqual([...new Set(await Promise.all(unknown))], ['invalid_token']);
    const rotated = makeKey('EdDSA', { kid: 'two' });
    other.jwks = setOf(OTHER_KEY, rotated);
    assert.equal((await client.validateAccessToken(tokenOf(other.origin, rotated))).sub, 'ada');
  });

  it('one that is withdrawn is gone there, and stays at the other', async (t) => {
    const [one, two] = [await start(t), await start(t)];
    const client = new MonoCloudBackendNodeClient(optionsOf(one.origin, two.origin));
    const [ofOne, ofTwo] = [tokenOf(one.origin, KEY), tokenOf(two.origin, KEY)];
    for (const token of [ofOne, ofTwo]) await client.validateAccessToken(token);
    const next = makeKey('EdDSA', { kid: 'next' });
    one.jwks = setOf(next);
    await client.validateAccessToken(tokenOf(one.origin, next));
    assert.equal(await codeOf(client.validateAccessToken(ofOne)), 'invalid_token');
    assert.equal(await codeOf(client.validateAccessToken(ofTwo)), 'passes');
    assert.equal(
      await codeOf(client.validateAccessToken(tokenOf(two.origin, next))),
      'invalid_token',
    );
  });
});

/** A key of no issuer. */
function makeKeyNamed(kid) {
  return { ...KEY, jwk: { ...KEY.jwk, kid } };
}
