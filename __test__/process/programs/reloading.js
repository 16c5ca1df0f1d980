'use strict';

// Loads the package in one way over and over, uses what was loaded, and says what the process holds then.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const ROOT = path.join(__dirname, '..', '..', '..');

// Of a module of its own: Node.js remembers for each which others it has loaded.
const loadAnew = () => createRequire(path.join(ROOT, 'loader.js'))('./js/index.js');

const WAYS = {
  emptied() {
    for (const file of Object.keys(require.cache)) {
      if (!file.endsWith('.node')) delete require.cache[file];
    }
    return loadAnew();
  },
  addon() {
    for (const file of Object.keys(require.cache)) delete require.cache[file];
    return loadAnew();
  },
  // As Jest does: the files run in a context of their own, with that context's Error, Promise and
  // Array; what is native or Node's comes from outside.
  context() {
    const context = vm.createContext({
      process,
      Buffer,
      fetch,
      TextDecoder,
      AbortController,
      performance,
      setTimeout,
      clearTimeout,
      setInterval,
      clearInterval,
      queueMicrotask,
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
      const wrapped = `(function (exports, require, module, __filename, __dirname) {${code}\n})`;
      const run = vm.runInContext(wrapped, context, { filename: file });
      run.call(module.exports, module.exports, inner, module, file, path.dirname(file));
      return module.exports;
    };
    return requireIn(require.resolve('../../../js/index.js'));
  },
};

module.exports = async ({ input, say }) => {
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
  };
  await run(WAYS[input.way]);
};
