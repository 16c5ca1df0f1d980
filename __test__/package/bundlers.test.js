'use strict';

// The installed package in what esbuild, webpack, rollup, Vite and ncc make of a program: left outside, as each of
// them documents for native addons, and taken in. Everything is minified, and has to answer.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { commandOf, download } = require('../../tools/downloads.js');
const support = require('./support.js');

const { ANSWERS, PACKAGE, answers, createProject, environment, programOf, remove } = support;

const PLATFORM_PACKAGES = /^@monocloud\/backend-node-/;
const THIS_PACKAGE = /^@monocloud\/backend-node(\/|$)/;

/** An ES module has no `require`, by which the addon is loaded. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const bundler = (name) => require(path.join(download('bundlers'), 'node_modules', name));

async function esbuild(project, { out, format, entry = 'bundled.mjs', ...options }) {
  const { warnings } = await bundler('esbuild').build({
    absWorkingDir: project,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format,
    minify: true,
    outdir: out,
    outExtension: { '.js': format === 'esm' ? '.mjs' : '.cjs' },
    logLevel: 'silent',
    ...options,
  });
  assert.deepEqual(warnings, []);
}

async function webpack(project, { out, format, module, ...options }) {
  const esm = format === 'esm';
  const compiler = bundler('webpack')({
    mode: 'production',
    target: 'node18',
    context: project,
    entry: './bundled.mjs',
    resolveLoader: { modules: [path.join(download('bundlers'), 'node_modules')] },
    experiments: { outputModule: esm },
    output: {
      path: out,
      filename: esm ? 'bundled.mjs' : 'bundled.cjs',
      ...(esm && { library: { type: 'module' } }),
    },
    ...(module && { module: { rules: [module] } }),
    ...options,
  });
  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, result) => (error ? reject(error) : resolve(result)));
  });
  assert.deepEqual(stats.toJson({ all: false, errors: true }).errors, []);
  return stats.toJson({ all: false, warnings: true }).warnings;
}

async function rollup(project, { out, format, external, banner }) {
  const plugins = {
    resolve: bundler('@rollup/plugin-node-resolve').nodeResolve({ exportConditions: ['node'] }),
    commonjs: bundler('@rollup/plugin-commonjs'),
    json: bundler('@rollup/plugin-json'),
    terser: bundler('@rollup/plugin-terser'),
  };
  const warnings = [];
  const bundle = await bundler('rollup').rollup({
    input: path.join(project, 'bundled.mjs'),
    external,
    plugins: [plugins.resolve, plugins.commonjs(), plugins.json(), plugins.terser()],
    onwarn: (warning) => warnings.push(warning),
  });
  const file = path.join(out, format === 'esm' ? 'bundled.mjs' : 'bundled.cjs');
  await bundle.write({ file, format, banner });
  await bundle.close();
  assert.deepEqual(warnings, []);
}

/** For a server, and all in one file but what is named: by itself it leaves every dependency out. */
async function vite(project, { out, external }) {
  const config = {
    logLevel: 'error',
    build: { ssr: 'bundled.mjs', outDir: out, emptyOutDir: false, minify: true },
    ssr: { noExternal: true, external },
  };
  fs.writeFileSync(
    path.join(project, 'vite.config.mjs'),
    `export default ${JSON.stringify(config)};`,
  );
  const command = commandOf(download('bundlers'), 'vite');
  await support.succeed(process.execPath, [command, 'build'], { cwd: project });
}

async function ncc(project, { out }) {
  const command = commandOf(download('bundlers'), '@vercel/ncc');
  const args = ['build', 'bundled.mjs', '--minify', '--out', out];
  await support.succeed(process.execPath, [command, ...args], { cwd: project });
  fs.renameSync(path.join(out, 'index.mjs'), path.join(out, 'bundled.mjs'));
}

const NODE_LOADER = { test: /\.node$/, loader: 'node-loader' };
const RELOCATOR = {
  test: /\.(m?js|node)$/,
  parser: { amd: false },
  use: { loader: '@vercel/webpack-asset-relocator-loader', options: { outputAssetBase: 'native' } },
};

/** What must be installed beside the bundle. */
const INSTALLED = { all: 'this package', addon: "the platform's package", none: 'nothing' };

/** What is bundled how; `beside`: what must be installed where the bundle runs. */
const WAYS = [
  ['esbuild, external', esbuild, 'all', () => ({ external: [PACKAGE] })],
  [
    "esbuild, all but the platform's package",
    esbuild,
    'addon',
    (esm) => ({ external: [`${PACKAGE}-*`], banner: { js: esm ? REQUIRE : '' } }),
  ],
  [
    'esbuild, with --loader:.node=copy',
    esbuild,
    'none',
    (esm) => ({ loader: { '.node': 'copy' }, banner: { js: esm ? REQUIRE : '' } }),
  ],
  [
    'webpack, external',
    webpack,
    'all',
    (esm) => ({ externals: [THIS_PACKAGE], externalsType: esm ? 'module' : 'commonjs' }),
  ],
  [
    'webpack, with node-loader',
    webpack,
    'none',
    // node-loader's code needs `__dirname`, which an ES module does not have.
    (esm) => !esm && { module: NODE_LOADER, node: { __dirname: false } },
  ],
  ["webpack, with Vercel's relocator", webpack, 'none', () => ({ module: RELOCATOR })],
  ['rollup, external', rollup, 'all', () => ({ external: [THIS_PACKAGE] })],
  [
    "rollup, all but the platform's package",
    rollup,
    'addon',
    (esm) => ({ external: [PLATFORM_PACKAGES], banner: esm ? REQUIRE : '' }),
  ],
  ['Vite for a server, external', vite, 'all', (esm) => esm && { external: [PACKAGE] }],
  ['ncc', ncc, 'none', (esm) => esm && {}],
];

describe('a bundle', () => {
  let registry;
  let project;
  let tenant;

  before(async () => {
    registry = await support.serve();
    tenant = await createTestTenant({ algorithms: ['ES256'] });
    project = createProject(registry, {
      'bundled.mjs': programOf('bundled.mjs'),
      'bundled-express.mjs': programOf('bundled-express.mjs'),
    });
    await support.npm(['install', PACKAGE, 'express@5'], { cwd: project });
  });

  after(async () => {
    remove(project);
    await tenant.close();
    await registry.close();
  });

  /** A directory with nothing but what has to be installed there. */
  function place(t, beside) {
    const out = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-bundle-'));
    t.after(() => remove(out));
    const name = `${PACKAGE}-${registry.platform}`;
    const installed = { all: [PACKAGE, name], addon: [name], none: [] }[beside];
    for (const each of installed) {
      const to = path.join(out, 'node_modules', each);
      fs.mkdirSync(path.dirname(to), { recursive: true });
      fs.cpSync(path.join(project, 'node_modules', each), to, { recursive: true });
    }
    return out;
  }

  function runs(file, check) {
    const options = { cwd: path.dirname(file), env: environment(tenant.env()) };
    return support.withServer([process.execPath, file], options, check);
  }

  for (const [way, bundle, beside, options] of WAYS) {
    for (const format of ['cjs', 'esm']) {
      const chosen = options(format === 'esm');
      if (!chosen) continue;
      it(`by ${way}, as ${format}: needs ${INSTALLED[beside]} installed`, async (t) => {
        const out = place(t, beside);
        await bundle(project, { out, format, ...chosen });
        await runs(path.join(out, `bundled.${format === 'esm' ? 'mjs' : 'cjs'}`), async (port) => {
          assert.deepEqual(await answers(tenant, port), ANSWERS);
        });
      });
    }
  }

  it('may have Express in it', async (t) => {
    const out = place(t, 'none');
    const loader = { '.node': 'copy' };
    await esbuild(project, { out, format: 'cjs', entry: 'bundled-express.mjs', loader });
    await runs(path.join(out, 'bundled-express.cjs'), async (port) => {
      const url = `http://127.0.0.1:${port}`;
      const status = async (token) => {
        const headers = token ? { authorization: `Bearer ${token}` } : {};
        return (await fetch(url, { headers })).status;
      };
      const expired = await tenant.issueToken({ expiresIn: -3600 });
      assert.deepEqual(
        [await status(), await status(await tenant.issueToken()), await status(expired)],
        [401, 200, 401],
      );
      assert.deepEqual(await (await fetch(`${url}/name?token=${expired}`)).json(), {
        name: 'MonoCloudTokenError',
      });
    });
  });

  it('without its addon, it says that bundlers leave it out, and what to do', async (t) => {
    const out = place(t, 'none');
    await esbuild(project, { out, format: 'cjs', external: [`${PACKAGE}-*`] });
    const { code, stderr } = await support.run(process.execPath, ['bundled.cjs'], { cwd: out });
    assert.equal(code, 1);
    assert.match(stderr, /ERR_MONOCLOUD_NATIVE/);
    assert.match(stderr, /runs from a bundle.*mark @monocloud\/backend-node as external/);
  });

  it('without any of these, esbuild says that it does not know .node files', async (t) => {
    const out = place(t, 'none');
    await assert.rejects(esbuild(project, { out, format: 'cjs' }), (error) => {
      assert.match(error.errors[0].text, /No loader is configured for "\.node" files/);
      return true;
    });
  });
});
