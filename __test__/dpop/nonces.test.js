'use strict';

// Nonces of the resource server (RFC 9449 §9): good for this step and the one before, the same for every process with
// the secret, and nothing that anybody else can make.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { guarded } = require('../support/guarded.js');
const { raw } = require('../support/http.js');
const { runScript } = require('../support/child.js');
const { at } = require('../support/tokens.js');
const { holderOf, judge, proofOf, startBinder, thumbprintOf } = require('./support.js');

const SECRET = 'a secret of more than thirty-two bytes, for tests';
const LIFETIME = 300;
const holder = holderOf('ES256');
/** The first moment of a step, whatever the number of seconds of it. */
const STEP = 1_900_000_200;

let issuer;
before(async () => {
  issuer = await startBinder();
});
after(() => issuer?.close());

const clientWith = (nonce) => issuer.clientWith({ dpop: { nonce: { secret: SECRET, ...nonce } } });

/** What an API that asks for nonces answers to a request with that nonce. */
async function ask(url, nonce, { path = '/' } = {}) {
  const token = issuer.boundTo(holder);
  const claims = { htm: 'GET', htu: url + path, nonce };
  const proof = proofOf(holder, token, { claims });
  const headers = [
    ['Authorization', `DPoP ${token}`],
    ['DPoP', proof],
  ];
  return raw(url + path, { headers });
}

const EXPRESS = guarded.find(({ name }) => name === 'Express 5');

/** The nonce that a client with that option asks for, at that moment. */
const nonceOf = (t, option, moment) =>
  at(moment, async () => {
    const api = await EXPRESS.startOne(t, EXPRESS.protectApi(clientWith(option)));
    const { headers, status } = await ask(api.url);
    assert.equal(status, 401);
    return headers['dpop-nonce'];
  });

const judgedAt = (moment, nonce, option) =>
  at(moment, () => {
    const token = issuer.boundTo(holder);
    return judge(clientWith(option), token, proofOf(holder, token, { claims: { nonce } }));
  });

describe('a nonce', () => {
  it('is good for its step and the next', async (t) => {
    const nonce = await nonceOf(t, {}, STEP);
    for (const [later, verdict] of [
      [0, 'passed'],
      [LIFETIME - 1, 'passed'],
      [LIFETIME, 'passed'],
      [2 * LIFETIME - 1, 'passed'],
      [2 * LIFETIME, 'dpop_nonce_stale'],
      [3 * LIFETIME, 'dpop_nonce_stale'],
      [-1, 'dpop_nonce_stale'],
      [-LIFETIME, 'dpop_nonce_stale'],
    ]) {
      assert.equal(await judgedAt(STEP + later, nonce), verdict, `${later} s`);
    }
  });

  it('has the lifetime that is configured', async (t) => {
    const option = { lifetime: 60 };
    const nonce = await nonceOf(t, option, STEP);
    assert.equal(await judgedAt(STEP + 119, nonce, option), 'passed');
    assert.equal(await judgedAt(STEP + 120, nonce, option), 'dpop_nonce_stale');
    // Of the same secret, and of another lifetime.
    assert.equal(await judgedAt(STEP, nonce), 'dpop_nonce_stale');
  });

  it('of another secret, or made up, is stale', async (t) => {
    const own = await nonceOf(t, {}, STEP);
    const other = await nonceOf(t, { secret: `${SECRET}.` }, STEP);
    assert.notEqual(own, other);
    const flipped = `${own.slice(0, -1)}${own.endsWith('A') ? 'B' : 'A'}`;
    for (const wrong of [
      other,
      '',
      'x',
      flipped,
      `${own}=`,
      ` ${own}`,
      own.slice(0, -1),
      own + own,
    ]) {
      assert.equal(await judgedAt(STEP, wrong), 'dpop_nonce_stale', wrong);
    }
  });

  it('that is none is missing', async () => {
    for (const wrong of [undefined, null, 1, true, ['x'], {}]) {
      assert.equal(await judgedAt(STEP, wrong), 'dpop_nonce_missing', JSON.stringify(wrong));
    }
  });

  it('has the letters that a header and a claim may have', async (t) => {
    const nonce = await nonceOf(t, {}, STEP);
    // RFC 9449 §8.1: NQCHAR.
    assert.match(nonce, /^[\x21\x23-\x5b\x5d-\x7e]{16,200}$/);
  });

  it('is the same in every process with the secret', async (t) => {
    const nonce = await nonceOf(t, {}, STEP);
    const token = issuer.boundTo(holder, { exp: STEP + 900 });
    const proof = proofOf(holder, token, { claims: { nonce, iat: STEP } });
    const { said, stderr } = await runScript(
      `
      Date.now = () => input.now * 1000;
      const { MonoCloudBackendNodeClient } = load('js/index.js');
      const client = new MonoCloudBackendNodeClient(input.options);
      const dpop = { proof: input.proof, method: 'POST', url: 'https://api.example.com/posts' };
      say(await outcome(async () => (await client.validateAccessToken(input.token, { dpop })).sub));`,
      {
        input: {
          now: STEP,
          token,
          proof,
          options: { ...issuer.options, dpop: { nonce: { secret: SECRET } } },
        },
      },
    );
    assert.deepEqual(said, [{ value: 'client' }], stderr);
  });

  it('costs no proof: one with a stale nonce may be sent again, as it never passed', async (t) => {
    const client = clientWith();
    await at(STEP, async () => {
      const token = issuer.boundTo(holder);
      const jti = `again ${Math.random()}`;
      const with_ = (nonce) =>
        judge(client, token, proofOf(holder, token, { claims: { jti, nonce } }));
      assert.equal(await with_('stale'), 'dpop_nonce_stale');
      const nonce = await nonceOf(t, {}, STEP);
      assert.equal(await with_(nonce), 'passed');
      assert.equal(await with_(nonce), 'dpop_proof_replayed');
    });
  });
});

for (const framework of guarded) {
  describe(framework.name, () => {
    it('asks for a nonce, gives the next one, and is quiet while the client has it', async (t) => {
      await at(STEP, async () => {
        const api = await framework.startOne(t, framework.protectApi(clientWith()));
        const first = await ask(api.url);
        assert.equal(first.status, 401);
        assert.match(
          first.headers['www-authenticate'],
          /^DPoP error="use_dpop_nonce", algs="[^"]+"$/,
        );
        const nonce = first.headers['dpop-nonce'];
        const second = await ask(api.url, nonce);
        assert.equal(second.status, 200);
        assert.equal(second.headers['dpop-nonce'], undefined);
        await at(STEP + LIFETIME, async () => {
          // The one before is still good, and the answer has the new one.
          const third = await ask(api.url, nonce);
          assert.equal(third.status, 200);
          const next = third.headers['dpop-nonce'];
          assert.ok(next && next !== nonce);
          const fourth = await ask(api.url, next);
          assert.deepEqual([fourth.status, fourth.headers['dpop-nonce']], [200, undefined]);
        });
        await at(STEP + 2 * LIFETIME, async () => {
          const fifth = await ask(api.url, nonce);
          assert.equal(fifth.status, 401);
          assert.match(fifth.headers['www-authenticate'], /error="use_dpop_nonce"/);
          assert.ok(fifth.headers['dpop-nonce']);
        });
      });
    });

    it('gives the nonce with a refusal for other reasons, too', async (t) => {
      await at(STEP, async () => {
        const api = await framework.start(t, framework.protectApi(clientWith()), [
          { path: '/', options: { scopes: ['admin'] } },
        ]);
        const { headers } = await ask(api.url);
        const nonce = headers['dpop-nonce'];
        await at(STEP + LIFETIME, async () => {
          const forbidden = await ask(api.url, nonce);
          assert.equal(forbidden.status, 403);
          assert.ok(forbidden.headers['dpop-nonce'] && forbidden.headers['dpop-nonce'] !== nonce);
        });
      });
    });
  });
}

describe('the option', () => {
  const jkt = thumbprintOf(holder);
  it('is refused where it is wrong', () => {
    assert.equal(jkt.length, 43);
    for (const nonce of [
      {},
      { secret: '' },
      { secret: 'short' },
      { secret: 1 },
      { secret: SECRET, lifetime: 0 },
      { secret: SECRET, lifetime: -1 },
      { secret: SECRET, lifetime: 'soon' },
      { secret: SECRET, life: 300 },
      'secret',
    ]) {
      assert.throws(
        () => issuer.clientWith({ dpop: { nonce } }),
        (error) => {
          assert.equal(error.name, 'MonoCloudValidationError');
          assert.ok(!error.message.includes(SECRET));
          return true;
        },
        JSON.stringify(nonce),
      );
    }
  });
});
