'use strict';

// What happens to the keys and to the tenant, by the buttons of the page. Each sends requests, so that one sees what
// comes of it.

/**
 * @import { IssueTokenOptions } from '../testing/index.d.ts'
 * @import { Exchange } from './requests.js'
 * @import { World } from './world.js'
 */

const { randomUUID } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');

const FLOOD = 200;
/** Longer than the keys are fresh. */
const PATIENCE_MS = 10_000;

/**
 * @typedef {Exchange & { sent?: string }} Sent
 * @typedef {{ world: World, send: (sent: string, token: string) => Promise<Sent> }} Tools
 * @typedef {{ button: string, says: string, run: (tools: Tools) => Promise<Sent[]> }} Operation
 */

/** @param {World} world */
async function untilStale({ client }) {
  const end = Date.now() + PATIENCE_MS;
  while (client.stats().keys.state === 'fresh' && Date.now() < end) await sleep(50);
}

/**
 * A tenant that answers, and fresh keys.
 * @param {World} world
 */
async function recover({ state, client }) {
  state.network = 'up';
  await client.getJwks(true);
}

/** @type {IssueTokenOptions} */
const SHORT = { alg: 'ES256' };

/** @type {Record<string, Operation>} */
const OPERATIONS = {
  rotate: {
    button: 'The keys are rotated',
    says: 'The tenant signs with a new key, and publishes the old one beside it. A token by the new key makes the guard fetch the keys once; both tokens pass. A second rotation within ten seconds shows the limit on such fetches.',
    async run({ world: { tenant }, send }) {
      const old = await tenant.issueToken(SHORT);
      const before = await send('before the rotation', old);
      await tenant.rotateKeys();
      return [
        before,
        await send('signed by the new key', await tenant.issueToken(SHORT)),
        await send('signed by the old key', old),
      ];
    },
  },
  withdraw: {
    button: 'A key is withdrawn',
    says: 'The tenant no longer lists the key. A token by it passes until the guard fetches the keys again: at once with client.getJwks(true), else after jwksCacheDuration (2 seconds here, 5 minutes by default).',
    async run({ world, send }) {
      const { tenant, client } = world;
      const old = await tenant.issueToken(SHORT);
      await recover(world);
      const before = await send('before the withdrawal', old);
      await tenant.rotateKeys({ keepOld: false });
      const meanwhile = await send('signed by the withdrawn key', old);
      await client.getJwks(true);
      return [before, meanwhile, await send('the same, once the keys were fetched', old)];
    },
  },
  away: {
    button: 'The tenant is away',
    says: 'Connections to the tenant break. Once its keys are past their time, the guard tries to fetch them, and uses the last ones: requests are answered as before for jwksStaleDuration (1 minute here, 1 hour by default), then with 503.',
    async run({ world, send }) {
      const token = await world.tenant.issueToken(SHORT);
      await recover(world);
      const before = await send('before the outage', token);
      world.state.network = 'away';
      await untilStale(world);
      return [before, await send('during the outage', token)];
    },
  },
  slow: {
    button: 'The tenant is slow',
    says: 'The tenant takes three seconds for each answer. Once its keys are past their time, a request waits for a fetch for two seconds at the most, and then uses the last keys.',
    async run({ world, send }) {
      const token = await world.tenant.issueToken(SHORT);
      await recover(world);
      const before = await send('while it was quick', token);
      world.state.network = 'slow';
      await untilStale(world);
      return [before, await send('while it is slow', token)];
    },
  },
  back: {
    button: 'The tenant is back',
    says: 'The tenant answers again. The guard fetches the keys with the next token; after failures it waits between attempts, for up to 30 seconds.',
    async run({ world, send }) {
      world.state.network = 'up';
      return [await send('after the outage', await world.tenant.issueToken(SHORT))];
    },
  },
  flood: {
    button: 'Unknown keys flood in',
    says: `${FLOOD} tokens come, each with a key that nobody knows. All are refused, and the tenant gets a request for its keys or two, not ${FLOOD}.`,
    async run({ world: { tenant }, send }) {
      const tokens = await Promise.all(
        Array.from({ length: FLOOD }, () => tenant.issueToken({ ...SHORT, kid: randomUUID() })),
      );
      const sent = await Promise.all(
        tokens.map((token, index) => send(`unknown key ${index + 1} of ${FLOOD}`, token)),
      );
      const after = await send('a good token after it', await tenant.issueToken(SHORT));
      return [...sent.slice(0, 2), ...sent.slice(-1), after];
    },
  },
};

module.exports = { OPERATIONS };
