'use strict';

// The tarballs that are published, served by a registry on loopback, and projects that install them:
// everything in this directory is tested as a user has it, not as the repository has it.

const { execFile, spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { CACHE } = require('../../tools/downloads.js');
const { pack } = require('../../tools/pack.js');
const { addonName, thisPlatform } = require('../../tools/platforms.js');
const { packOthers, startRegistry } = require('../../tools/registry.js');

const ROOT = path.join(__dirname, '..', '..');
const PACKAGE = '@monocloud/backend-node';
const LIMIT_MS = 10 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The addon of the tests, or the one that is to be published, as `pack` has it. */
const ADDON = process.env.PACK_ADDON || path.join(ROOT, 'js', addonName(thisPlatform()));

/** What goes into the tarballs, and what makes them. */
const INGREDIENTS = [
  ...['js', 'npm', 'package.json', 'index.d.ts', 'index.d.mts'],
  ...['README.md', 'LICENSE', 'SECURITY.md', 'CHANGELOG.md'],
  ...['npm.js', 'pack.js', 'pack-contents.js', 'platforms.js', 'registry.js'].map(
    (tool) => `tools/${tool}`,
  ),
];

function* filesIn(file) {
  if (!fs.statSync(file).isDirectory()) {
    yield file;
    return;
  }
  for (const name of fs.readdirSync(file)) yield* filesIn(path.join(file, name));
}

/**
 * The tarballs of this package, of this machine's platform and of the others', packed anew whenever
 * something that goes into them has changed: test files are processes of their own, and share them.
 * @returns {{ root: string, platform: string, name: string, others: string[] }}
 */
function packed() {
  const digest = createHash('sha256');
  const ingredients = INGREDIENTS.map((name) => path.join(ROOT, name)).filter(fs.existsSync);
  for (const file of [...ingredients.flatMap((each) => [...filesIn(each)]), ADDON]) {
    const { mtimeMs, size } = fs.statSync(file);
    digest.update(`${file}\0${mtimeMs}\0${size}\0`);
  }
  const home = path.join(CACHE, 'packed');
  const directory = path.join(home, digest.digest('hex').slice(0, 16));
  if (!fs.existsSync(directory)) {
    fs.mkdirSync(home, { recursive: true });
    for (const name of fs.readdirSync(home)) {
      const old = path.join(home, name);
      const { mtimeMs } = fs.statSync(old, { throwIfNoEntry: false }) ?? {};
      if (mtimeMs < Date.now() - DAY_MS) fs.rmSync(old, { recursive: true, force: true });
    }
    const made = fs.mkdtempSync(path.join(home, 'new-'));
    const { root, platform, name } = pack({ out: made });
    const others = packOthers(made, name);
    const list = { root, platform, name, others };
    const names = JSON.stringify(list, (_, value) =>
      typeof value === 'string' ? path.basename(value) : value,
    );
    fs.writeFileSync(path.join(made, 'list.json'), names);
    try {
      fs.renameSync(made, directory);
    } catch (error) {
      // Another process has packed the same.
      if (!fs.existsSync(directory)) throw error;
      fs.rmSync(made, { recursive: true, force: true });
    }
  }
  const { root, platform, name, others } = JSON.parse(
    fs.readFileSync(path.join(directory, 'list.json'), 'utf8'),
  );
  const at = (file) => path.join(directory, file);
  return { root: at(root), platform: at(platform), name, others: others.map(at) };
}

/** A registry that has them. */
async function serve() {
  const tarballs = packed();
  const { root, platform, name, others } = tarballs;
  const registry = await startRegistry([root, platform, ...others]);
  return Object.assign(registry, { tarballs, platform: name });
}

/** What decides what an installed package does, or how it is installed, and must come from the test. */
const NOT_INHERITED =
  /^(MONOCLOUD_.*|npm_.*|YARN_.*|PNPM_.*|BUN_.*|DENO_.*|NAPI_RS_.*|NODE_(ENV|OPTIONS|PATH|TEST_CONTEXT|V8_COVERAGE)|INIT_CWD|CI|TEST_SERVER_NODE)$/i;

/** npm's configuration of the machine stays: it says where the other packages come from. */
const REGISTRY = /^npm_config_(registry|https?_proxy|proxy|noproxy|cafile|strict_ssl|userconfig)$/i;

const { NO_PROXY, no_proxy = NO_PROXY } = process.env;
const LOOPBACK = [no_proxy, '127.0.0.1', 'localhost'].filter(Boolean).join();

function environment(more = {}) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => REGISTRY.test(name) || !NOT_INHERITED.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    NO_COLOR: '1',
    // What is behind a proxy is the way to npm's registry, not loopback.
    NO_PROXY: LOOPBACK,
    no_proxy: LOOPBACK,
    npm_config_cache: path.join(CACHE, 'npm'),
    npm_config_update_notifier: 'false',
    // What is in the cache of other packages is not asked for again.
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    ...more,
  };
}

/**
 * Runs a command to its end.
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string, output: string }>}
 */
function run(command, args, { env, ...options } = {}) {
  return new Promise((resolve) => {
    const settings = { timeout: LIMIT_MS, maxBuffer: 1 << 26, env: environment(env), ...options };
    execFile(command, args, settings, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      const why = code === null ? `\n${error.message}` : '';
      resolve({ code, stdout, stderr, output: `${stdout}${stderr}${why}` });
    });
  });
}

/** The same for a command that has to go well. */
async function succeed(command, args, options) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${result.code}:\n${result.output}`);
  }
  return result;
}

/** npm, once more if it fails: what it lacks in its cache comes over a network. */
async function npm(args, options) {
  const shell = process.platform === 'win32';
  const settings = { ...options, shell };
  const first = await run('npm', args, settings);
  return first.code === 0 ? first : succeed('npm', args, settings);
}

/**
 * An empty project whose `.npmrc` names the registry. It is outside of the repository, so what is not
 * installed is not there.
 * @param {{ npmrc: string }} registry
 * @param {Record<string, string>} [files] by name, the manifest too if it is not to be the usual one
 */
function createProject(registry, files = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-package-'));
  const manifest = { name: 'app', version: '1.0.0', private: true };
  const own = { 'package.json': JSON.stringify(manifest), '.npmrc': registry.npmrc, ...files };
  for (const [name, text] of Object.entries(own)) {
    fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    fs.writeFileSync(path.join(directory, name), text);
  }
  return directory;
}

/** Starts a program that prints its port, or several, and calls `use` with them. */
async function withServer([command, ...args], options, use) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  const exit = once(child, 'exit');
  try {
    const line = once(createInterface(child.stdout), 'line', {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const ended = exit.then(() => {
      throw new Error(`it ended before it listened:\n${errors}`);
    });
    ended.catch(() => {});
    const [ports] = await Promise.race([line, ended]);
    await use(...ports.split(' ').map(Number));
  } finally {
    child.kill();
    await exit;
  }
}

/** What a program that serves says to nobody, to somebody, and to whoever comes too late. */
async function answers(tenant, port) {
  const ask = async (token) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
    const { sub, name } = await response.json();
    return [response.status, sub ?? name];
  };
  return [
    await ask(),
    await ask(await tenant.issueToken({ subject: 'ada' })),
    await ask(await tenant.issueToken({ expiresIn: -3600 })),
  ];
}

const ANSWERS = [
  [401, 'MonoCloudValidationError'],
  [200, 'ada'],
  [401, 'MonoCloudTokenError'],
];

const remove = (directory) => fs.rmSync(directory, { recursive: true, force: true });

/** A program of this directory, by name. */
const programOf = (name) => fs.readFileSync(path.join(__dirname, 'programs', name), 'utf8');

module.exports = {
  ANSWERS,
  PACKAGE,
  ROOT,
  answers,
  createProject,
  environment,
  npm,
  packed,
  programOf,
  remove,
  run,
  serve,
  succeed,
  withServer,
};
