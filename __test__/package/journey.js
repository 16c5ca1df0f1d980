'use strict';

// A newcomer's way: an empty folder, `npm install`, a program pasted as it is, and requests. Used by the
// tests beside it, and by `npm run newcomer`, which prints how long it took.

const assert = require('node:assert/strict');
const { execFileSync, fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { commandOf, download, nodeOf } = require('../../tools/downloads.js');
const { PACKAGE, createProject, environment, npm, remove, succeed } = require('./support.js');

const LIMIT_MS = 60_000;

/**
 * Loaded before the program: the port that it names may be taken, so it gets another, and says which.
 * `redisCache` is what two documents call a cache of the reader's own.
 */
const PRELOAD = `
'use strict';
const { Server } = require('node:net');
const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  if (args[0] === 3000) args[0] = 0;
  else if (args[0]?.port === 3000) args[0] = { ...args[0], port: 0 };
  this.once('listening', () => process.send({ port: this.address().port }));
  return listen.apply(this, args);
};
if (process.env.REDIS_URL) {
  const { createClient } = require('redis');
  const { createRedisCache } = require('${PACKAGE}/redis');
  const redis = createClient({ url: process.env.REDIS_URL });
  redis.on('error', (error) => console.error(error.message));
  redis.connect();
  const [tenantDomain, audience] = process.env.CACHE_FOR.split(' ');
  globalThis.redisCache = createRedisCache(redis, { tenantDomain, audience });
}
`;

/** How a program in TypeScript comes to run: its text, or what becomes of it, and by which Node.js. */
const WAYS = {
  'types stripped by Node.js 22': {
    prepare: (_project, text) => ({ file: 'server.mts', text, node: nodeOf('22') }),
  },
  'JavaScript, Node.js 18': {
    prepare: (_project, text) => ({
      file: 'server.mjs',
      text: withoutTypes(text),
      node: nodeOf('18'),
    }),
  },
  'compiled by tsc': {
    packages: ['@types/node@20', '@types/express@5'],
    async prepare(project, text) {
      fs.writeFileSync(path.join(project, 'server.mts'), text);
      const tsc = commandOf(download('typescript-latest'), 'typescript', 'tsc');
      const flags = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--strict'];
      await succeed(process.execPath, [tsc, ...flags, 'server.mts'], { cwd: project });
      return { file: 'server.mjs', node: process.execPath };
    },
  },
};
const FIRST_WAY = Object.keys(WAYS)[0];

/** What a reader who does not write TypeScript leaves out. */
function withoutTypes(text) {
  const script = `
    const { stripTypeScriptTypes } = require('node:module');
    process.stdout.write(stripTypeScriptTypes(require('node:fs').readFileSync(0, 'utf8')));`;
  return execFileSync(nodeOf('22'), ['--no-warnings', '-e', script], {
    input: text,
    encoding: 'utf8',
  });
}

/**
 * Installs what a journey needs, in a project of its own.
 * @param {object} journey
 * @param {object} how
 * @param {{ npmrc: string }} how.registry
 * @param {string} [how.way] one of WAYS
 * @param {string} [how.cache] npm's
 * @returns {Promise<string>} the project; several journeys that need the same can use it
 */
async function install(journey, { registry, way = FIRST_WAY, cache }) {
  const project = createProject(registry, { 'preload.cjs': PRELOAD });
  await npm(['install', PACKAGE, ...packagesOf(journey, way)], {
    cwd: project,
    env: cache ? { npm_config_cache: cache } : {},
  });
  return project;
}

/** What a journey needs besides this package. */
const packagesOf = ({ packages }, way = FIRST_WAY) => [...packages, ...(WAYS[way].packages ?? [])];

async function start(project, { file, node }, env) {
  const child = fork(path.join(project, file), {
    cwd: project,
    env: environment(env),
    execPath: node,
    execArgv: ['--require', path.join(project, 'preload.cjs')],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
  }
  const exit = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await exit;
    return printed;
  };
  const ended = exit.then(() => {
    throw new Error(`the program ended before it listened:\n${printed}`);
  });
  ended.catch(() => {});
  try {
    const listening = once(child, 'message', { signal: AbortSignal.timeout(LIMIT_MS) });
    const [{ port }] = await Promise.race([listening, ended]);
    return { port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function send(port, { method, path: to, headers, tls }) {
  if (!tls) {
    const url = `http://localhost:${port}${to}`;
    const signal = AbortSignal.timeout(LIMIT_MS);
    const response = await fetch(url, { method, headers, signal });
    return { status: response.status, text: await response.text() };
  }
  const options = { method, headers, agent: false, ...tls };
  const [response] = await once(
    https.request(`https://localhost:${port}${to}`, options).end(),
    'response',
  );
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, text };
}

/**
 * Walks it once, and throws where an answer is not the expected one.
 * @param {object} journey
 * @param {string} journey.text the program
 * @param {string[]} journey.packages what else to install, as for npm
 * @param {Function} journey.settle given the project: the tenant, as
 *   `{ env, files, request(what), close() }`
 * @param {object[]} journey.requests `{ to, token, …, status, json }`
 * @param {string} installed the project of {@link install}
 * @param {string} [way] one of WAYS
 * @returns {Promise<{ answer: number, printed: string }>} `answer`: milliseconds to the first 200
 */
async function walk(journey, installed, way = FIRST_WAY) {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-journey-'));
  for (const name of ['package.json', 'preload.cjs']) {
    fs.copyFileSync(path.join(installed, name), path.join(project, name));
  }
  const modules = path.join(installed, 'node_modules');
  fs.symlinkSync(modules, path.join(project, 'node_modules'), 'junction');
  let world;
  let running;
  try {
    const begun = performance.now();
    const program = await WAYS[way].prepare(project, journey.text);
    if (program.text) fs.writeFileSync(path.join(project, program.file), program.text);
    // The tenant is somebody else's, and there already: it takes nothing of the newcomer's time.
    const paused = performance.now();
    world = await journey.settle(project);
    for (const [name, text] of Object.entries(world.files ?? {})) {
      fs.writeFileSync(path.join(project, name), text);
    }
    const settled = performance.now() - paused;

    running = await start(project, program, world.env);
    let answer;
    for (const expected of journey.requests) {
      const request = await world.request(expected);
      const { status, text } = await send(running.port, request);
      if (status === 200) answer ??= performance.now() - begun - settled;
      const what = `${request.method} ${request.path}, ${JSON.stringify(expected.token)}: ${text}`;
      assert.equal(status, expected.status, what);
      if (expected.json) assert.deepEqual(JSON.parse(text), expected.json, what);
    }
    await world.check?.();
    const printed = await running.stop();
    running = undefined;
    return { answer, printed };
  } finally {
    await running?.stop();
    await world?.close();
    remove(project);
  }
}

module.exports = { WAYS, install, packagesOf, walk };
