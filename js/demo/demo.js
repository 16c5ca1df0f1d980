'use strict';

// The demo: a test tenant, guarded APIs, and the page.

/** @import { Load } from './apis.js' */
/** @import { Given } from './requests.js' */
/** @import { Scenario } from './scenarios.js' */

const { createRequire } = require('node:module');
const path = require('node:path');
const { installed, startApi } = require('./apis.js');
const { Timeline } = require('./events.js');
const { OPERATIONS } = require('./operations.js');
const { exchange } = require('./requests.js');
const { ROUTES, scenarios } = require('./scenarios.js');
const { servePage } = require('./server.js');
const { snippetsOf } = require('./snippets.js');
const { ALGORITHMS, BadRequest, SENDERS, Tokens, oneOf } = require('./tokens.js');
const { DEMO_OPTIONS, startWorld } = require('./world.js');

/**
 * `require` from a folder, for the frameworks that are installed there.
 * @param {string} folder
 * @returns {Load}
 */
const loadFrom = (folder) => createRequire(path.join(folder, 'package.json'));

/** @param {{ folder?: string, port?: number }} [options] */
async function startDemo({ folder = process.cwd(), port = 0 } = {}) {
  const world = await startWorld(DEMO_OPTIONS);
  const { tenant, client, state } = world;
  const timeline = new Timeline(() => {
    const { keys, accepted, refused, staleUses, unknownKeyLookups, jwksRequests } = client.stats();
    const counts = { accepted, refused, staleUses, unknownKeyLookups, jwksRequests };
    const age = keys.ageSeconds === undefined ? undefined : Math.floor(keys.ageSeconds);
    return { network: state.network, keys: keys.state, usable: keys.usable, age, ...counts };
  });
  const load = loadFrom(folder);
  const around = timeline.around.bind(timeline);
  const started = await Promise.allSettled(
    installed(load).map((name) => startApi(name, client, { load, around })),
  );
  // A framework of a version that this package does not support may fail to start.
  const apis = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const closeOthers = async () => {
    timeline.close();
    await Promise.all([...apis.map((api) => api.close()), world.close()]);
  };
  const tokens = new Tokens(world);
  const demo = { world, timeline };
  const list = Object.values(scenarios(tenant)).flat();

  /** @param {unknown} name */
  const apiOf = (name) => {
    const found = apis.find((api) => api.name === name);
    if (found === undefined) throw new BadRequest('There is no such API');
    return found;
  };

  /**
   * @param {ReturnType<typeof apiOf>} api
   * @param {Scenario} scenario
   */
  async function sendScenario(api, { sent, to, documented, ...scenario }) {
    const token = await scenario.token?.();
    const proof = await scenario.proof?.(`${api.url}/api${to}`, token ?? '');
    const authorization =
      typeof scenario.authorization === 'function'
        ? await scenario.authorization()
        : scenario.authorization;
    const done = await exchange(demo, api, { to, token, proof, authorization });
    return {
      ...done,
      sent,
      documented: typeof documented === 'function' ? documented(token ?? '') : documented,
    };
  }

  const posts = {
    /** @param {Record<string, unknown>} form */
    async '/make'(form) {
      return { token: await tokens.make(form) };
    },
    /** @param {Record<string, unknown>} form */
    async '/send'({ api: name, to: given, token, sender: by }) {
      const api = apiOf(name);
      const routes = /** @type {Given['to'][]} */ (Object.keys(ROUTES));
      const to = oneOf('The route', given, routes);
      const sender = oneOf('The sender', by, SENDERS);
      if (typeof token !== 'string') throw new BadRequest('The token must be a text');
      // An empty one is a request without a token.
      if (token === '') return exchange(demo, api, { to });
      const beside = await tokens.beside(token, `${api.url}/api${to}`, sender);
      return exchange(demo, api, { to, token, ...beside });
    },
    /** @param {Record<string, unknown>} form */
    async '/scenario'({ api: name, id }) {
      const api = apiOf(name);
      const scenario = list.find((each) => each.id === id && each.button !== undefined);
      if (scenario === undefined) throw new BadRequest('There is no such scenario');
      const before = list.filter((each) => each.id !== undefined && each.id === scenario.after);
      const exchanges = [];
      for (const each of [...before, scenario]) exchanges.push(await sendScenario(api, each));
      return { exchanges };
    },
    /** @param {Record<string, unknown>} form */
    async '/operation'({ api: name, id }) {
      const api = apiOf(name);
      if (typeof id !== 'string' || !Object.hasOwn(OPERATIONS, id)) {
        throw new BadRequest('There is no such operation');
      }
      const { button, says, run } = OPERATIONS[id];
      timeline.add('tenant', { says: button });
      const exchanges = await run({
        world,
        async send(sent, token) {
          return { ...(await exchange(demo, api, { to: '/protected', token }, false)), sent };
        },
      });
      return { says, exchanges };
    },
  };

  const page = await servePage(
    {
      posts,
      state: () => ({
        mode: 'demo',
        tenant: tenant.tenantDomain,
        audience: tenant.audience,
        algorithms: ALGORITHMS,
        routes: Object.entries(ROUTES).map(([to, requirements]) => ({ to, requirements })),
        apis: apis.map(({ name, title, url }) => ({
          name,
          title,
          url,
          snippets: snippetsOf(name),
        })),
        scenarios: list
          .filter(({ button }) => button !== undefined)
          .map(({ id, button }) => ({ id, button })),
        operations: Object.entries(OPERATIONS).map(([id, { button }]) => ({ id, button })),
      }),
      events: timeline.open.bind(timeline),
      isBad: (error) => error instanceof BadRequest,
    },
    port,
  ).catch(async (error) => {
    await closeOthers();
    throw error;
  });
  return {
    url: page.url,
    port: page.port,
    apis: apis.map(({ name, title, url }) => ({ name, title, url })),
    tenant,
    close: () => Promise.all([page.close(), closeOthers()]),
  };
}

module.exports = { startDemo };
