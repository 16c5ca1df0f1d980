'use strict';

// The package loaded over and over: by a test runner that empties the module cache before each file
// (Jest), by one that gives each file a context of its own, and by a reload of the addon itself.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { root, runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');

const ROUNDS = 60;
/** Of the heap, for each time: 7 where nothing is kept, 37 where one module's receiver is. */
const MOST_GROWTH_KIB = 16;

/** Loads in one way over and over, uses what was loaded, and says what the process holds then. */
const HARNESS = `
  const fs = require('node:fs');
  const { createRequire } = require('node:module');
  // Of a module of its own: Node.js remembers for each which others it has loaded.
  const loadAnew = () => createRequire(input.root + '/loader.js')('./js/index.js');
  const threads = () => {
    try {
      return fs.readdirSync('/proc/self/task').length;
    } catch {
      return 0;
    }
  };
  const settle = async () => {
    for (let i = 0; i < 4; i += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return { heap: process.memoryUsage().heapUsed / 1024, threads: threads() };
  };
  const seen = new Set();
  const fetcher = async (url) => ({
    status: 200,
    json: async () => (url.endsWith('/jwks') ? input.jwks : input.metadata),
  });
  const use = async ({ MonoCloudBackendNodeClient, MonoCloudTokenError }) => {
    for (const more of [{}, { fetcher }]) {
      const client = new MonoCloudBackendNodeClient({ ...input.options, ...more });
      seen.add((await client.validateAccessToken(input.token)).sub);
      try {
        await client.validateAccessToken(input.expired);
      } catch (error) {
        seen.add(error instanceof MonoCloudTokenError && error.reason);
      }
    }
  };
  const run = async (loadOnce) => {
    const rounds = async (count) => {
      const loaded = new Set();
      for (let i = 0; i < count; i += 1) {
        const copy = loadOnce();
        loaded.add(copy.MonoCloudBackendNodeClient);
        await use(copy);
      }
      const { size } = loaded;
      loaded.clear();
      return { size, ...(await settle()) };
    };
    say({ first: await rounds(input.rounds), last: await rounds(input.rounds), seen: [...seen] });
  };`;

const WITH_ADDON = 'with the addon itself loaded again';
/** Node.js and napi remember each time that an addon was loaded. No test runner does that. */
const ADDON_KIB = 25;

const WAYS = {
  'with an empty module cache': `
    await run(() => {
      for (const file of Object.keys(require.cache)) {
        if (!file.endsWith('.node')) delete require.cache[file];
      }
      return loadAnew();
    });`,
  [WITH_ADDON]: `
    await run(() => {
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      return loadAnew();
    });`,
  // As Jest does: the files run in a context of their own, with that context's Error, Promise and
  // Array; what is native or Node's comes from outside.
  'in a context of its own': `
    const path = require('node:path');
    const vm = require('node:vm');
    await run(() => {
      const context = vm.createContext({
        process, Buffer, fetch, TextDecoder, AbortController, performance,
        setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask,
      });
      const modules = new Map();
      const requireIn = (file) => {
        if (modules.has(file)) return modules.get(file).exports;
        const module = { exports: {} };
        modules.set(file, module);
        const inner = (name) => {
          if (!name.startsWith('.')) return require(name);
          const found = require.resolve(path.join(path.dirname(file), name));
          return /[.](node|json)$/.test(found) ? require(found) : requireIn(found);
        };
        const code = fs.readFileSync(file, 'utf8');
        const wrapped = '(function (exports, require, module, __filename, __dirname) {' + code + '\\n})';
        const run = vm.runInContext(wrapped, context, { filename: file });
        run.call(module.exports, module.exports, inner, module, file, path.dirname(file));
        return module.exports;
      };
      return requireIn(require.resolve(input.root + '/js/index.js'));
    });`,
};

describe('the package loaded again and again', () => {
  for (const [way, source] of Object.entries(WAYS)) {
    it(way, async (t) => {
      const tenant = await startTenant(t);
      const input = {
        root,
        rounds: ROUNDS,
        options: tenant.options(),
        metadata: tenant.metadata(),
        jwks: await (await fetch(tenant.jwksUri)).json(),
        token: tenant.token(),
        expired: tenant.token({ exp: 1 }),
      };
      const result = await runScript(HARNESS + source, { input, flags: ['--expose-gc'] });
      assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
      const [{ first, last, seen }] = result.said;
      assert.deepEqual(seen, ['user', 'expired']);
      assert.equal(last.size, ROUNDS, 'each time classes of its own');
      // One of a pool's may come late; one for each time would be sixty.
      assert.ok(
        last.threads <= first.threads + 4,
        `${first.threads} threads, then ${last.threads}`,
      );
      const grown = (last.heap - first.heap) / ROUNDS;
      const most = MOST_GROWTH_KIB + (way === WITH_ADDON ? ADDON_KIB : 0);
      assert.ok(grown < most, `${grown.toFixed(1)} KiB each time`);
    });
  }
});
