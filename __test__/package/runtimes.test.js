'use strict';

// What the installed package does under each version of Node.js, and under Bun and Deno. What is asserted
// here is what the documentation says of them.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { commandOf, denoProgram, download, nodeOf } = require('../../tools/downloads.js');
const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const {
  ANSWERS,
  PACKAGE,
  answers,
  createProject,
  environment,
  npm,
  programOf,
  remove,
  run,
  serve,
  succeed,
  withServer,
} = require('./support.js');

const LIMIT_MS = 120_000;

/** What probe.mjs tries. All of it works everywhere. */
const PROBED = {
  'require and import': 'ok',
  'a JWT': 'ok',
  'every algorithm': 'ok',
  refusals: 'ok',
  'an opaque token': 'ok',
  'a tenant that is away': 'ok',
  'a fetcher': 'ok',
  'a fetcher that is told to stop': 'ok',
  resolvers: 'ok',
  'a cache': 'ok',
  rotation: 'ok',
  'diagnostics channels': 'ok',
  'clients that are forgotten': 'ok',
  Express: [401, 200, 403, 200],
  Fastify: [401, 200, 403, 200],
  helpers: 'ok',
  'worker threads': 'ok',
  'worker threads that are terminated': 'ok',
  'a tenant over TLS, with a client certificate': 'ok',
  'the end': 'ok',
};

const ca = createCa();
const serverCert = createServerCert(ca);
const client = createClientCert(ca);
const stranger = createClientCert(ca);

const bearer = (token) => ({ authorization: `Bearer ${token}` });

async function statusOverTls(port, headers, { key, cert } = {}) {
  const settings = { headers, key, cert, ca: ca.cert, agent: false };
  const [response] = await once(https.get(`https://127.0.0.1:${port}/`, settings), 'response');
  response.resume();
  return response.statusCode;
}

describe('the installed package', () => {
  let registry;
  let project;
  let tenant;
  let secured;

  before(async () => {
    registry = await serve();
    tenant = await createTestTenant();
    const tls = { key: serverCert.key, cert: serverCert.cert, ca: ca.cert };
    secured = await startFaultyTenant({ tls: { ...tls, requestCert: true } });
    const input = {
      options: secured.options({ tls: { ca: ca.cert, cert: client.cert, key: client.key } }),
      token: secured.token(),
    };
    const programs = ['probe.mjs', 'serve.mjs'];
    project = createProject(registry, {
      ...Object.fromEntries(programs.map((name) => [name, programOf(name)])),
      'input.json': JSON.stringify(input),
    });
    const frameworks = ['express@5', 'fastify@5', 'fastify4@npm:fastify@4'];
    await npm(['install', PACKAGE, ...frameworks], { cwd: project });
  });

  after(async () => {
    remove(project);
    await secured.close();
    await tenant.close();
    await registry.close();
  });

  async function probe([command, ...args], fastify = 'fastify') {
    const options = { cwd: project, timeout: LIMIT_MS };
    const { code, stdout, stderr } = await run(command, [...args, 'probe.mjs', fastify], options);
    const lines = stdout.split('\n').filter(Boolean);
    assert.deepEqual(Object.fromEntries(lines.map((line) => JSON.parse(line))), PROBED, stderr);
    assert.deepEqual([code, stderr], [0, '']);
  }

  async function serves(command, cwd = project, env = {}) {
    const options = { cwd, env: environment({ ...tenant.env(), ...env }) };
    await withServer(command, options, async (port) => {
      assert.deepEqual(await answers(tenant, port), ANSWERS);
    });
  }

  for (const major of ['18', '20', '22', '24']) {
    it(`works under Node.js ${major}`, async () => {
      const isThis = process.versions.node.startsWith(`${major}.`);
      const node = isThis ? process.execPath : nodeOf(major);
      // Fastify 5 asks for Node.js 20.
      await probe([node, '--expose-gc'], major === '18' ? 'fastify4' : 'fastify');
    });
  }

  const deno = (...flags) => [denoProgram(), 'run', '--no-prompt', ...flags];
  const RUNTIMES = {
    Bun: () => [commandOf(download('bun'), 'bun')],
    Deno: () => deno('--allow-all'),
  };

  for (const [name, command] of Object.entries(RUNTIMES)) {
    it(`works under ${name}`, () => probe(command()));

    it(`works with the server that ${name} has itself`, () => serves([...command(), 'serve.mjs']));

    it(`binds tokens to the client's certificate under ${name}`, async (t) => {
      const input = {
        options: tenant.clientOptions(),
        tls: { key: serverCert.key, cert: serverCert.cert },
      };
      const other = createProject(registry, {
        'certificates.mjs': programOf('certificates.mjs'),
        'input.json': JSON.stringify(input),
      });
      t.after(() => remove(other));
      fs.symlinkSync(path.join(project, 'node_modules'), path.join(other, 'node_modules'));
      const bound = bearer(await tenant.issueToken({ certificate: client.cert }));
      const unbound = bearer(await tenant.issueToken());
      const inHeader = ({ cert }) => ({ 'ssl-client-cert': encodeURIComponent(cert) });

      const options = { cwd: other, env: environment() };
      await withServer([...command(), 'certificates.mjs'], options, async (secure, behindProxy) => {
        const overTls = (headers, certificate) => statusOverTls(secure, headers, certificate);
        assert.deepEqual(
          [
            await overTls(bound, client),
            await overTls(bound, stranger),
            await overTls(bound),
            await overTls(unbound, client),
          ],
          // Bun's https server tells nobody what the client's certificate is: bound tokens are refused
          // there, and TLS is best left to a proxy.
          [name === 'Bun' ? 401 : 200, 401, 401, 401],
        );
        const proxied = async (headers) =>
          (await fetch(`http://127.0.0.1:${behindProxy}/`, { headers })).status;
        assert.deepEqual(
          [
            await proxied({ ...bound, ...inHeader(client) }),
            await proxied({ ...bound, ...inHeader(stranger) }),
            await proxied(bound),
            await proxied({ ...unbound, ...inHeader(client) }),
          ],
          [200, 401, 401, 401],
        );
      });
    });

    it(`says what is missing, and under what, without the addon in ${name}`, async (t) => {
      const other = createProject(registry, { 'load.cjs': `require('${PACKAGE}')` });
      t.after(() => remove(other));
      await npm(['install', '--omit=optional', PACKAGE], { cwd: other });
      const [file, ...args] = [...command(), 'load.cjs'];
      const { code, output } = await run(file, args, { cwd: other, timeout: LIMIT_MS });
      assert.equal(code, 1);
      const what = `can't be loaded on ${registry.platform} by ${name} `;
      assert.ok(output.includes(what), output);
      assert.ok(output.includes(`${PACKAGE}-${registry.platform} is not installed`), output);
    });
  }

  for (const [how, flags, file] of [
    ['a bundle', '--target=bun', 'serve.js'],
    ['a program', '--compile', 'serve'],
  ]) {
    it(`becomes a part of ${how} that Bun builds`, async (t) => {
      const bun = commandOf(download('bun'), 'bun');
      // Elsewhere: what is built needs no node_modules.
      const built = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-bun-'));
      t.after(() => remove(built));
      const out = how === 'a bundle' ? `--outdir=${built}` : `--outfile=${path.join(built, file)}`;
      await succeed(bun, ['build', 'serve.mjs', flags, out], { cwd: project });
      await serves([...(how === 'a bundle' ? [bun] : []), path.join(built, file)], built);
    });
  }

  const NEEDED = ['--allow-env', '--allow-ffi', '--allow-read'];

  it('needs of Deno to read, to know the environment, and to load the addon', async () => {
    // The addon's own requests are not Deno's: the tenant's address is not among those allowed.
    await serves([...deno(...NEEDED, '--allow-net=127.0.0.1:0'), 'serve.mjs']);
  });

  for (const missing of NEEDED) {
    it(`says what Deno did not allow without ${missing}`, async () => {
      const flags = NEEDED.filter((flag) => flag !== missing);
      const [command, ...args] = deno(...flags, '--allow-net');
      const options = { cwd: project, env: tenant.env(), timeout: LIMIT_MS };
      const { code, stderr } = await run(command, [...args, 'serve.mjs'], options);
      assert.equal(code, 1);
      const words = /can't be loaded on \S+ by Deno \S+: Deno was not allowed to; start it with/;
      assert.match(stderr, words);
      assert.ok(stderr.includes(missing), stderr);
      assert.ok(!stderr.includes('(tried '), stderr);
    });
  }

  it('comes by npm: in Deno, with its types, without node_modules', async (t) => {
    const manifest = JSON.stringify({ nodeModulesDir: 'none' });
    const other = createProject(registry, {
      'deno.json': manifest,
      'serve-deno.ts': programOf('serve-deno.ts'),
    });
    t.after(() => remove(other));
    fs.rmSync(path.join(other, 'package.json'));
    const env = { DENO_DIR: path.join(other, '.deno') };
    await succeed(denoProgram(), ['check', 'serve-deno.ts'], { cwd: other, env });
    await serves([...deno('--allow-all', '--cached-only'), 'serve-deno.ts'], other, env);
    assert.ok(!fs.existsSync(path.join(other, 'node_modules')));
  });
});
