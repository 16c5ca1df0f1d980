'use strict';

// Each package manager installs the tarballs into an empty project, from a registry that serves this
// package and the packages of all platforms: what lands there, and that it works.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { commandOf, denoProgram, download } = require('../../tools/downloads.js');
const support = require('./support.js');

const { PACKAGE, createProject, remove, run, serve, succeed } = support;

/** What works.cjs prints. */
const WORKS = 'ada expired\n';

/** Every file below, with its content: what an install has made. */
function tree(directory) {
  const files = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    files
      .filter((file) => fs.statSync(path.join(directory, file)).isFile())
      .filter((file) => path.basename(file) !== '.package-lock.json')
      .map((file) => [file, fs.readFileSync(path.join(directory, file)).toString('base64')]),
  );
}

describe('installing', () => {
  let registry;
  before(async () => {
    registry = await serve();
  });
  after(() => registry.close());

  /**
   * A project, a cache of its own, since nothing of an earlier run is to be in there, and which
   * tarballs were asked for since.
   */
  function start(t, files) {
    const project = createProject(registry, {
      'program.cjs': support.programOf('works.cjs'),
      ...files,
    });
    t.after(() => remove(project));
    const from = registry.requests.length;
    const cache = path.join(project, '.cache');
    const tarballs = () =>
      new Set(
        registry.requests
          .slice(from)
          .filter((request) => request.endsWith('.tgz'))
          .map((request) => request.split('/-/')[0]),
      );
    const options = { cwd: project, env: { npm_config_cache: cache } };
    const npm = (args) => support.npm(args, options);
    return { project, cache, npm, tarballs };
  }

  const scope = (project) =>
    fs.readdirSync(path.join(project, 'node_modules', '@monocloud')).sort();
  const ours = () => [PACKAGE, `${PACKAGE}-${registry.platform}`];
  const names = (packages) => packages.map((name) => name.split('/')[1]);
  const works = async (project, command = process.execPath, args = []) => {
    const options = { cwd: project };
    const { stdout } = await succeed(command, [...args, 'program.cjs'], options);
    assert.equal(stdout, WORKS);
  };

  /** Those that don't know which C library a machine has install both of Linux; the loader picks. */
  const oursOfBoth = () => {
    const other = registry.platform.replace(/gnu$|musl$/, (libc) =>
      libc === 'gnu' ? 'musl' : 'gnu',
    );
    return [...new Set([...ours(), `${PACKAGE}-${other}`])].sort();
  };

  it('npm installs this package and the one of this platform, and runs nothing', async (t) => {
    const { project, npm, tarballs } = start(t);
    await npm(['install', PACKAGE]);
    assert.deepEqual(scope(project), names(ours()));
    assert.deepEqual(tarballs(), new Set(ours()));
    await works(project);
    assert.equal((await run('npm', ['ls', '--all'], { cwd: project })).code, 0);

    const modules = path.join(project, 'node_modules');
    const installed = tree(modules);
    for (const [file, text] of Object.entries(installed)) {
      if (path.basename(file) !== 'package.json') continue;
      const { scripts = {} } = JSON.parse(Buffer.from(text, 'base64').toString());
      assert.deepEqual(scripts, {}, file);
    }
    remove(modules);
    await npm(['install', '--ignore-scripts']);
    assert.deepEqual(tree(modules), installed);
  });

  it('npm ci installs the same from the lock file, and from one of another system', async (t) => {
    const { project, npm, tarballs } = start(t);
    const lock = ['install', '--package-lock-only', PACKAGE];
    await npm(lock);
    const own = fs.readFileSync(path.join(project, 'package-lock.json'), 'utf8');
    await npm(['ci']);
    await works(project);

    fs.rmSync(path.join(project, 'package-lock.json'));
    const other = registry.platform.startsWith('darwin') ? 'win32' : 'darwin';
    await npm([...lock, `--os=${other}`, '--cpu=arm64']);
    assert.equal(fs.readFileSync(path.join(project, 'package-lock.json'), 'utf8'), own);
    await npm(['ci']);
    await works(project);
    assert.deepEqual(tarballs(), new Set(ours()));
  });

  it('without optional dependencies, the error says which package is missing, and where', async (t) => {
    const { project, npm } = start(t);
    await npm(['install', '--package-lock-only', PACKAGE]);
    await npm(['ci', '--omit=optional']);
    assert.deepEqual(scope(project), names([PACKAGE]));
    const { code, stderr } = await run(process.execPath, ['program.cjs'], { cwd: project });
    assert.equal(code, 1);
    assert.match(stderr, /ERR_MONOCLOUD_NATIVE/);
    assert.ok(stderr.includes(`can't be loaded on ${registry.platform} `), stderr);
    assert.ok(stderr.includes(`${PACKAGE}-${registry.platform}`), stderr);
    assert.match(stderr, /optional/);
    // What the message asks for.
    remove(path.join(project, 'node_modules'));
    await npm(['install']);
    await works(project);
  });

  it('pnpm', async (t) => {
    const { project, cache, tarballs } = start(t);
    const pnpm = commandOf(download('pnpm'), 'pnpm');
    const options = { cwd: project };
    await succeed(pnpm, ['add', '--store-dir', cache, PACKAGE], options);
    await works(project);
    remove(path.join(project, 'node_modules'));
    await succeed(pnpm, ['install', '--frozen-lockfile', '--store-dir', cache], options);
    await works(project);
    assert.deepEqual(tarballs(), new Set(ours()));
  });

  it('Yarn 1', async (t) => {
    const { project, cache } = start(t);
    const yarn = commandOf(download('yarn-classic'), 'yarn');
    const options = { cwd: project };
    const shared = ['--cache-folder', cache, '--no-progress', '--non-interactive'];
    await succeed(process.execPath, [yarn, 'add', PACKAGE, ...shared], options);
    await succeed(process.execPath, [yarn, 'install', '--frozen-lockfile', ...shared], options);
    // From a lock file it fetches every platform's, and then installs those for this one.
    assert.deepEqual(scope(project), names(oursOfBoth()));
    await works(project);
  });

  for (const linker of ['node-modules', 'pnpm', 'pnp']) {
    it(`Yarn 4 with ${linker}`, async (t) => {
      const { project, cache, tarballs } = start(t, {
        '.yarnrc.yml': [
          `nodeLinker: ${linker}`,
          'enableTelemetry: false',
          "unsafeHttpWhitelist: ['127.0.0.1']",
          'npmScopes:',
          '  monocloud:',
          `    npmRegistryServer: '${registry.url}'`,
          '',
        ].join('\n'),
      });
      const yarn = commandOf(download('yarn'), '@yarnpkg/cli-dist', 'yarn');
      const options = { cwd: project, env: { YARN_GLOBAL_FOLDER: cache } };
      await succeed(process.execPath, [yarn, 'add', PACKAGE], options);
      await succeed(process.execPath, [yarn, 'install', '--immutable'], options);
      assert.deepEqual(tarballs(), new Set(ours()));
      if (linker === 'node-modules') assert.deepEqual(scope(project), names(ours()));
      const { stdout } = await succeed(process.execPath, [yarn, 'node', 'program.cjs'], options);
      assert.equal(stdout, WORKS);
    });
  }

  it('Bun', async (t) => {
    const { project, cache, tarballs } = start(t);
    const bun = commandOf(download('bun'), 'bun');
    const options = { cwd: project, env: { BUN_INSTALL_CACHE_DIR: cache } };
    await succeed(bun, ['add', PACKAGE], options);
    await succeed(bun, ['install', '--frozen-lockfile'], options);
    assert.deepEqual(scope(project), names(ours()));
    assert.deepEqual(tarballs(), new Set(ours()));
    await works(project);
  });

  it('Deno', async (t) => {
    const { project, cache, tarballs } = start(t);
    const deno = denoProgram();
    const options = { cwd: project, env: { DENO_DIR: cache } };
    await succeed(deno, ['add', `npm:${PACKAGE}`], options);
    await succeed(deno, ['install', '--frozen'], options);
    assert.deepEqual(tarballs(), new Set(oursOfBoth()));
    await works(project);
  });
});
