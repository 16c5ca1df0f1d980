'use strict';

// Replay stores that fail, and that answer with something else than true or false: the request is a 503, nothing is let
// in, and it is well again by itself.

const assert = require('node:assert/strict');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { after, before, describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const Bluebird = require('bluebird');

const { createRedisReplayStore } = require('@monocloud/backend-node/redis');
const { assertAnswer } = require('../support/answers.js');
const { guarded } = require('../support/guarded.js');
const { raw } = require('../support/http.js');
const {
  noRedis,
  replayLibraries,
  startCluster,
  startRedis,
  until,
} = require('../support/redis.js');
const {
  holderOf,
  judge,
  proofOf,
  startBinder,
  verdictOf,
  METHOD,
  TARGET,
} = require('./support.js');

const holder = holderOf('ES256');
/** What a request with a store that hangs may take: a second, and a busy machine. */
const PATIENCE_MS = 2_500;
const WELL_MS = 20_000;

let issuer;
before(async () => {
  issuer = await startBinder();
});
after(() => issuer?.close());

/** The headers of a request to `/` of an API. */
function headersFor(url) {
  const token = issuer.boundTo(holder);
  const proof = proofOf(holder, token, { claims: { htm: 'GET', htu: `${url}/` } });
  return [
    ['Authorization', `DPoP ${token}`],
    ['DPoP', proof],
  ];
}

const [EXPRESS, FASTIFY] = ['Express 5', 'Fastify 5'].map((name) =>
  guarded.find((framework) => framework.name === name),
);

/** An API with a store, and `ask` for a request with a new proof, or with that of another request. */
async function startApi(t, framework, replayStore) {
  const protect = framework.protectApi({ ...issuer.options, dpop: { replayStore } });
  const api = await framework.startOne(t, protect);
  const ask = (headers = headersFor(api.url)) => raw(api.url, { headers });
  return { ...api, ask };
}

/** Asks with new proofs until one passes; what does not pass is a 503, and comes soon. */
async function untilWell(ask) {
  const deadline = Date.now() + WELL_MS;
  for (;;) {
    const response = await ask();
    if (response.status === 200) return;
    assertAnswer(response, 'unavailable');
    assert.ok(Date.now() < deadline, 'never well again');
    await sleep(50);
  }
}

/** Five requests at once, of which none is let in, and none waits for long. */
async function assertClosed(ask) {
  const begun = performance.now();
  const responses = await Promise.all(Array.from({ length: 5 }, () => ask()));
  for (const response of responses) assertAnswer(response, 'unavailable');
  const took = performance.now() - begun;
  assert.ok(took < PATIENCE_MS, `${took} ms`);
}

// They wait for the most part, so all of them run at once.
describe('a store in Redis', { skip: noRedis, concurrency: true }, () => {
  for (const [i, library] of replayLibraries.entries()) {
    const framework = i % 2 === 0 ? EXPRESS : FASTIFY;
    it(`is closed while Redis is hung, full or stopped, and open again by itself: ${library.title}, ${framework.name}`, async (t) => {
      const server = await startRedis();
      t.after(() => server.close());
      const { client, close } = await library.connect(server, {
        // So that a client that was closed does not keep the process.
        ...(library.impatient.socket ? { socket: { reconnectStrategy: 50 } } : {}),
      });
      t.after(close);
      const { url, ask, errors } = await startApi(t, framework, createRedisReplayStore(client));
      const before = headersFor(url);
      assert.equal((await ask(before)).status, 200);
      assert.equal((await ask(before)).status, 401);

      server.freeze();
      const hung = headersFor(url);
      assertAnswer(await ask(hung), 'unavailable');
      await assertClosed(ask);
      server.thaw();
      await untilWell(ask);
      // Redis got it after all: it was spent, and did not pass.
      assert.notEqual((await ask(hung)).status, 200);

      await server.cli('CONFIG', 'SET', 'maxmemory', '1');
      await assertClosed(ask);
      await server.cli('CONFIG', 'SET', 'maxmemory', '0');
      await untilWell(ask);
      assert.equal((await ask(before)).status, 401);

      await server.kill();
      await assertClosed(ask);
      await server.start();
      await untilWell(ask);
      assert.deepEqual(errors, []);
    });
  }

  it('closes what a lost master had, and opens it again with the replica', async (t) => {
    const cluster = await startCluster({ replicas: 1, args: ['--cluster-node-timeout', '500'] });
    t.after(() => cluster.close());
    const library = replayLibraries.at(-1);
    const { client, close } = await library.connectCluster(cluster);
    t.after(close);
    const { ask, url } = await startApi(t, EXPRESS, createRedisReplayStore(client));
    const used = Array.from({ length: 12 }, () => headersFor(url));
    for (const headers of used) assert.equal((await ask(headers)).status, 200);
    // What is to survive has to be at the replicas.
    const masters = [];
    for (const node of cluster.nodes) {
      if ((await node.cli('ROLE')).startsWith('master')) masters.push(node);
    }
    assert.equal(masters.length, 3);
    const isAtReplica = async ({ cli }) => (await cli('WAIT', '1', '1000')) === '1';
    await until(
      async () => (await Promise.all(masters.map(isAtReplica))).every(Boolean),
      'replication',
    );

    await masters[0].kill();
    const deadline = Date.now() + WELL_MS;
    for (let well = 0; well < 12; ) {
      const responses = await Promise.all(Array.from({ length: 6 }, () => ask()));
      const open = responses.filter(({ status }) => status === 200).length;
      for (const response of responses) {
        if (response.status !== 200) assertAnswer(response, 'unavailable');
      }
      well = open === 6 ? well + 6 : 0;
      assert.ok(Date.now() < deadline, 'never well again');
    }
    for (const headers of used) assert.equal((await ask(headers)).status, 401);
  });
});

describe('a store of the program’s own', () => {
  const judged = async (add, more) => {
    const replayStore = typeof add === 'function' ? { add } : add;
    const client = issuer.clientWith({ dpop: { replayStore } });
    const token = issuer.boundTo(holder);
    const call = client.validateAccessToken(token, {
      dpop: { proof: proofOf(holder, token), method: METHOD, url: TARGET },
      ...more,
    });
    return call.then(
      () => 'passed',
      ({ name, reason }) => (name === 'MonoCloudHttpError' ? `http ${reason}` : reason),
    );
  };
  const CLOSED = 'http replay_store_unavailable';

  it('gets the key and the end of a proof, once, with its own this', async () => {
    class Store {
      seen = [];
      async add(...given) {
        this.seen.push(given);
        return true;
      }
    }
    const store = new Store();
    assert.equal(await judged(store), 'passed');
    const [[key, expiresAt, ...more]] = store.seen;
    assert.equal(store.seen.length, 1);
    assert.deepEqual(more, []);
    assert.match(key, /^[\w-]{43}$/);
    const now = Date.now() / 1000;
    assert.ok(expiresAt >= now + 60 && expiresAt < now + 190, `${expiresAt - now}`);
  });

  it('is not asked about a proof or a token that is bad anyway', async () => {
    let asked = 0;
    const replayStore = {
      add: async () => {
        asked += 1;
        return true;
      },
    };
    const client = issuer.clientWith({ dpop: { replayStore } });
    const token = issuer.boundTo(holder);
    assert.equal(await judge(client, token, 'rubbish'), 'dpop_proof_malformed');
    assert.equal(
      await judge(client, token, proofOf(holder, token), { method: 'GET' }),
      'dpop_method_mismatch',
    );
    const expired = issuer.boundTo(holder, { exp: 1 });
    assert.equal(await judge(client, expired, proofOf(holder, expired)), 'expired');
    assert.equal(await verdictOf(client.validateAccessToken(token)), 'dpop_required');
    assert.equal(asked, 0);
  });

  it('decides by true and false alone', async () => {
    assert.equal(await judged(async () => true), 'passed');
    assert.equal(await judged(() => true), 'passed');
    assert.equal(await judged(() => Bluebird.resolve(true)), 'passed');
    assert.equal(await judged(async () => false), 'dpop_proof_replayed');
    for (const other of [
      1,
      0,
      'true',
      'OK',
      '',
      {},
      [],
      [true],
      null,
      undefined,
      new Boolean(true),
      Symbol('true'),
      () => true,
      { valueOf: () => true },
      1n,
      Number.NaN,
    ]) {
      assert.equal(await judged(async () => other), CLOSED, String(other));
    }
  });

  it('that throws, rejects, or is no function, lets nothing in', async () => {
    for (const add of [
      () => {
        throw new Error('thrown');
      },
      () => {
        throw undefined;
      },
      async () => {
        throw new Error('rejected');
      },
      () => Promise.reject(true),
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried.
        then(_resolve, reject) {
          reject(true);
        },
      }),
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried.
        get then() {
          throw new Error('a getter');
        },
      }),
    ]) {
      assert.equal(await judged(add), CLOSED);
    }
    for (const replayStore of [{}, { add: true }, { add: 'x' }, 'store', 1, [], () => true]) {
      assert.throws(() => issuer.clientWith({ dpop: { replayStore } }), {
        name: 'MonoCloudValidationError',
      });
    }
    const taken = { add: async () => true };
    const client = issuer.clientWith({ dpop: { replayStore: taken } });
    taken.add = undefined;
    const token = issuer.boundTo(holder);
    const request = { proof: proofOf(holder, token), method: METHOD, url: TARGET };
    // What it had, or nothing: never in without having asked.
    await client.validateAccessToken(token, { dpop: request }).then(
      () => {},
      ({ reason }) => assert.equal(reason, 'replay_store_unavailable'),
    );
  });

  it('that hangs is waited for a second, and counts no more when it answers', async () => {
    let answer;
    const begun = performance.now();
    const outcome = await judged(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const took = performance.now() - begun;
    assert.equal(outcome, CLOSED);
    assert.ok(took > 900 && took < PATIENCE_MS, `${took} ms`);
    answer(true);
  });

  it('that answers twice, with a synchronous thenable, is taken at its first word', async () => {
    const thenable =
      (...words) =>
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried.
        then(resolve) {
          for (const word of words) resolve(word);
        },
      });
    assert.equal(await judged(thenable(false, true)), 'dpop_proof_replayed');
    assert.equal(await judged(thenable(1, true)), CLOSED);
  });

  it('and its faults are told to those who listen', async () => {
    const messages = [];
    const listen = (message) => messages.push(message);
    const channel = '@monocloud/backend-node:replay-store-fault';
    subscribe(channel, listen);
    const fault = new Error('down');
    try {
      await judged(() => Promise.reject(fault));
      await judged(async () => 'yes');
    } finally {
      unsubscribe(channel, listen);
    }
    assert.equal(messages.length, 2);
    assert.equal(messages[0].error, fault);
    assert.equal(messages[1].error.message, 'The replay store must resolve to true or false');
  });

  it('is asked before the route’s rules are, and a spent proof stays spent', async () => {
    const seen = new Set();
    const replayStore = { add: async (key) => !seen.has(key) && Boolean(seen.add(key)) };
    const client = issuer.clientWith({ dpop: { replayStore } });
    const token = issuer.boundTo(holder);
    const proof = proofOf(holder, token);
    assert.equal(await judge(client, token, proof, { scopes: ['admin'] }), 'missing_scopes');
    assert.equal(await judge(client, token, proof), 'dpop_proof_replayed');
  });

  it('lets nobody in by claims that stand on Object.prototype', async () => {
    const add = async () => {
      Object.prototype.claims = '{"sub":"root"}';
      return true;
    };
    const client = issuer.clientWith({ dpop: { replayStore: { add } } });
    const token = issuer.boundTo(holder);
    try {
      const verdict = judge(client, token, proofOf(holder, token), { scopes: ['admin'] });
      assert.equal(await verdict, 'missing_scopes');
    } finally {
      delete Object.prototype.claims;
    }
  });
});

it('a store that leaves 10,000 calls unanswered is asked again when it answers', async () => {
  const { ReplayStore } = require('../../js/core/replay-store.js');
  const waiting = [];
  const store = new ReplayStore({ add: () => new Promise((resolve) => waiting.push(resolve)) });
  const spent = Array.from({ length: 10_000 }, (_, n) => store.spend(`${n}`, 1));
  assert.equal(await store.spend('one more', 1), undefined);
  assert.equal(waiting.length, 10_000);
  for (const resolve of waiting) resolve(true);
  assert.deepEqual(new Set(await Promise.all(spent)), new Set([true]));
  const last = store.spend('last', 1);
  assert.equal(waiting.length, 10_001);
  waiting[10_000](false);
  assert.equal(await last, false);
});
