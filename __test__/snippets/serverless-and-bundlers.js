'use strict';

// The bundlers' configurations are run as they are on the page, each in a project that has this package
// as npm installs it; the bundle then runs in a directory with nothing but what the page says.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const { createTestTenant } = require('@monocloud/backend-node/testing');
const { EXPIRED, FILES, UNAUTHORIZED, granted, isOld } = require('../support/snippets/common.js');
const { check, environment, run, withServer } = require('../support/programs.js');
const { createProject, installPackage } = require('../support/snippets/runners.js');

/** On what Node.js has itself: that a bundler takes Express, too, is in __test__/package/bundlers.test.js. */
const SERVER = `import http from 'node:http';
import { MonoCloudBackendNodeClient } from '@monocloud/backend-node';
import { protectApi } from '@monocloud/backend-node/express';

const client = new MonoCloudBackendNodeClient();
protectApi(client);
const server = http.createServer(async (req, res) => {
  const [, token] = (req.headers.authorization ?? '').split(' ');
  const [status, message] = await client.validateAccessToken(token).then(
    () => [200, 'hello'],
    () => [401, 'unauthorized'],
  );
  res.writeHead(status).end(JSON.stringify({ message }));
});
server.listen(3000);
`;
const ANSWERS = [
  [undefined, UNAUTHORIZED],
  [{}, granted('hello')],
  [EXPIRED, UNAUTHORIZED],
].map(([token, answer]) => ({ to: '/api/hello', token, answer }));

const gone = (directory) => fs.rmSync(directory, { recursive: true, force: true });

/** Has the tool make a bundle of a server, and asks the server. */
async function bundles(tool, args, { config, text, alone = false }, { after }) {
  const { project, use } = await createProject(tool);
  after(() => gone(project));
  fs.writeFileSync(path.join(project, 'server.js'), SERVER);
  if (config) fs.writeFileSync(path.join(project, config), text);
  const { status, output } = await use(...args);
  assert.equal(status, 0, output);

  const deployed = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-bundle-'));
  after(() => gone(deployed));
  fs.cpSync(path.join(project, 'out'), deployed, { recursive: true });
  // Vite names its output after its input; whether it is an ES module is for a package.json to say.
  fs.writeFileSync(path.join(deployed, 'package.json'), '{ "type": "module" }\n');
  for (const [name, file] of Object.entries(FILES)) {
    fs.writeFileSync(path.join(deployed, name), file);
  }
  if (!alone) installPackage(deployed);
  const [bundle] = fs.readdirSync(deployed).filter((name) => /^server\.[cm]?js$/.test(name));
  const tenant = await createTestTenant({ algorithms: ['ES256'] });
  after(() => tenant.close());
  await withServer(path.join(deployed, bundle), deployed, tenant.env(), async (port) => {
    for (const request of ANSWERS) await check(tenant, `http://localhost:${port}`, request);
  });
}

const skip = isOld && 'bundlers ask for Node.js 20';

/** Commands of the page, one a line. */
const commands = (options) => ({
  skip,
  async check({ language, text }, context) {
    assert.equal(language, 'sh');
    for (const line of text.trim().split('\n')) {
      const [npx, tool, ...args] = line.split(' ');
      assert.equal(npx, 'npx');
      await bundles(tool, args, options, context);
    }
  },
});

/** A configuration of the page, which begins with its name. */
const configures = (tool, args) => ({
  skip,
  async check({ text }, context) {
    const [, config] = /^\/\/ (\S+)\n/.exec(text);
    await bundles(tool, args(config), { config, text }, context);
  },
});

const PLATFORMS = { os: ['linux', 'darwin'], cpu: ['x64', 'arm64'], libc: ['glibc', 'musl'] };

/** Calls what a module exports, in a process of its own, and parses what that answers. */
async function call(program, expression, env) {
  const source = `import(${JSON.stringify(pathToFileURL(program).href)})
    .then(async (module) => console.log(JSON.stringify(await (${expression})(module))))`;
  const { status, output } = await run(process.execPath, ['-e', source], {
    env: environment(env),
  });
  assert.equal(status, 0, output);
  // What it logs comes first, or after.
  const [json] = output.split('\n').filter((line) => /^[[{]/.test(line));
  return JSON.parse(json);
}

module.exports = {
  page: 'docs/serverless-and-bundlers.md',
  snippets: {
    'Installing for another platform': {
      notRun: 'the platform packages are not in the registry; __test__/package installs them',
    },
    'Installing for another platform 2': {
      check: ({ language, text }) => {
        assert.equal(language, 'yaml');
        const [first, ...lines] = text.trim().split('\n');
        assert.equal(first, 'supportedArchitectures:');
        const given = lines.map((line) => /^ {2}(\w+): \[(.+)\]$/.exec(line).slice(1));
        assert.deepEqual(
          Object.fromEntries(given.map(([name, list]) => [name, list.split(', ')])),
          PLATFORMS,
        );
      },
    },
    Docker: { notRun: 'there is no Docker where this runs' },
    'AWS Lambda': {
      async check(_snippet, { program, tenant, env }) {
        const ask = (token) => {
          const headers = token ? { authorization: `Bearer ${token}` } : {};
          return call(program, `({ handler }) => handler(${JSON.stringify({ headers })})`, env);
        };
        const granted = await ask(await tenant.issueToken({ subject: 'ada', scopes: ['greet'] }));
        assert.deepEqual([granted.statusCode, granted.body], [200, '{"message":"hello ada"}']);
        const forbidden = await ask(await tenant.issueToken());
        assert.deepEqual([forbidden.statusCode, forbidden.body], [403, '{"message":"refused"}']);
        assert.equal((await ask(await tenant.issueToken({ expiresIn: -3600 }))).statusCode, 401);
        assert.equal((await ask()).statusCode, 401);
      },
    },
    Bundlers: commands({}),
    'Bundlers 2': commands({ alone: true }),
    'Bundlers 3': configures('webpack', (config) => ['-c', config]),
    'Bundlers 4': configures('rollup', (config) => ['-c', config]),
    'Bundlers 5': configures('vite', () => ['build']),
    'Next.js': {
      async check(_snippet, { program }) {
        const config = await call(program, '({ default: config }) => config', {});
        assert.deepEqual(config.serverExternalPackages, ['@monocloud/backend-node']);
      },
    },
    'Next.js 2': {
      async check(_snippet, { program, tenant, env }) {
        const ask = (token) => {
          const headers = token ? { authorization: `Bearer ${token}` } : {};
          const request = `new Request('http://localhost/api/hello', ${JSON.stringify({ headers })})`;
          const get = `async ({ GET }) => {
            const response = await GET(${request});
            return [response.status, await response.json()];
          }`;
          return call(program, get, env);
        };
        const token = await tenant.issueToken({ subject: 'ada' });
        assert.deepEqual(await ask(token), [200, { message: 'hello ada' }]);
        const expired = await tenant.issueToken({ expiresIn: -3600 });
        assert.deepEqual(await ask(expired), [401, { message: 'refused' }]);
      },
    },
  },
};
