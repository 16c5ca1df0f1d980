'use strict';

// Everything in README.md and docs/ that a reader can copy is run here: each fenced snippet is taken
// out, compiled under --strict, and started as a program of its own against a tenant on loopback.
//
// What is expected of a page's snippets is in a module of __test__/snippets, `{ page, snippets }`, by the
// heading above the snippet, and its number where a heading has several. Each is one of
//
//   { requests: [...] }   a program that listens. An entry is what `check` of ./support/programs.js
//                         takes, or a function of { again, base, printed, send, tenant }, where
//                         again(env, use) starts another one of the program. With `tls`, an identity or
//                         `true`, they go over https, with that identity unless they have their own.
//                         `prints`: a RegExp of what it has printed (nothing, unless said)
//   { ends: /RegExp/ }    a program that ends by itself, with status 0 (or `status`), having printed that
//   { test: true }        a `node --test` file
//   { variables: true }   an env file that makes a client, `env` beside it
//   { usedBy: name }      a `file` that another snippet of the page imports
//   { compiled: why }     TypeScript that is compiled only
//   { check(snippet, context) }   anything else: another program's configuration, say
//   { notRun: why }       shell commands, or the configuration of a program that is not here
//
// and all of these may have `file` (its name, for others to import), `env` (an object; `undefined` takes
// a variable away), `setup(context)` (before it starts; may return `{ env, tenant }`), `redis: true`,
// `ownTenant` (`true`, or options of `createTestTenant`: for a tenant that it changes) and `skip`.
//
// A module may also have `also: { express: 'express4' }`: its programs that listen are run with that package
// in the other's place, too. A snippet with `augmented: true` is compiled apart from the others, because it
// adds to a framework's types.
//
// A page without a module, a snippet without an expectation and an expectation without a snippet fail.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const dotenv = require('dotenv');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { refusalReasons } = require('../js/binding.js');
const { noRedis, startRedis } = require('./support/redis.js');
const { FILES, isOld } = require('./support/snippets/common.js');
const pages = require('./support/snippets/pages.js');
const { check, environment, run, send, withServer } = require('./support/programs.js');

const { isProgram, root } = pages;

const KINDS = {
  requests: runServer,
  ends: runToItsEnd,
  test: runTest,
  variables: makeClient,
  usedBy: ({ expected, known }) => assert.ok(expected.usedBy in known, 'no such snippet'),
  compiled: ({ snippet }) => assert.equal(snippet.language, 'ts'),
  check: ({ expected, snippet, ...context }) => expected.check(snippet, context),
  notRun: ({ snippet }) => assert.ok(!isProgram(snippet), 'a program is run'),
};

const kindOf = (expected) => Object.keys(KINDS).filter((kind) => kind in expected);

async function runServer({ expected, program, directory, env, tenant }) {
  const { requests, tls, prints = /^$/ } = expected;
  const scheme = tls ? 'https' : 'http';
  const again = (more, use) => withServer(program, directory, { ...env, ...more }, use);
  await again({}, async (port, printed) => {
    const base = `${scheme}://localhost:${port}`;
    for (const request of requests) {
      if (typeof request === 'function') {
        await request({ again, base, printed, send, tenant });
      } else {
        await check(tenant, base, tls?.cert ? { identity: tls, ...request } : request);
      }
    }
    assert.match(printed(), prints);
  });
}

async function runToItsEnd({ expected, program, directory, env }) {
  const options = { cwd: directory, env: environment(env) };
  const { status, output } = await run(process.execPath, [program], options);
  assert.equal(status, expected.status ?? 0, output);
  assert.match(output, expected.ends);
}

async function runTest({ expected, program, directory, env }) {
  const args = ['--test-reporter=tap', program];
  // It makes a tenant of its own, unless it is said to need one.
  const own = expected.env || expected.setup || expected.redis ? env : {};
  const { status, output } = await run(process.execPath, args, {
    cwd: directory,
    env: environment(own),
  });
  assert.equal(status, 0, output);
  assert.match(output, /^# pass [1-9]/m);
}

function makeClient({ expected, snippet }) {
  assert.equal(snippet.language, 'ini');
  const variables = { ...expected.env, ...dotenv.parse(snippet.text) };
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    assert.ok(new MonoCloudBackendNodeClient());
  } finally {
    for (const variable of Object.keys(variables)) {
      delete process.env[variable];
    }
    Object.assign(process.env, before);
  }
}

/** What a snippet is run with: its tenant, and the variables that lead to it. */
async function prepare(t, expected, tenant, directory) {
  const context = { directory, tenant, env: {}, after: (work) => t.after(work) };
  if (expected.ownTenant) {
    const own = expected.ownTenant === true ? {} : expected.ownTenant;
    context.tenant = await createTestTenant(own);
    t.after(() => context.tenant.close());
  }
  if (expected.redis) {
    const server = await startRedis();
    t.after(() => server.close());
    context.redis = server;
    context.env.REDIS_URL = `redis://127.0.0.1:${server.port}`;
    context.env.CACHE_SECRET = 'a secret of the documentation';
  }
  const more = await expected.setup?.(context);
  context.tenant = more?.tenant ?? context.tenant;
  context.env = { ...context.tenant.env?.(), ...context.env, ...expected.env, ...more?.env };
  for (const [name, value] of Object.entries(context.env)) {
    if (value === undefined) delete context.env[name];
  }
  return context;
}

// Most of a program's time is its start, so there is room for more than one on each core.
describe('documentation', { concurrency: 3 }, () => {
  const found = new Map(pages.listPages().map((page) => [page, pages.snippetsOf(page)]));
  const { expectations, others } = pages.loadExpectations();
  let tenant;
  let compiled;

  before(async () => {
    tenant = await createTestTenant();
    pages.writeAll(found, expectations);
    compiled = pages.compileAll(found, expectations);
    for (const [page, also] of Object.entries(others)) {
      for (const [name, installed] of Object.entries(also)) pages.copyWith(page, name, installed);
    }
  });

  after(() => tenant.close());

  it('every snippet is known here, and every one that is known is there', () => {
    const names = Object.fromEntries(Array.from(found, ([page, all]) => [page, [...all.keys()]]));
    const known = Object.entries(expectations).map(([page, all]) => [page, Object.keys(all)]);
    assert.deepEqual(Object.fromEntries(known), names);
  });

  it('the TypeScript ones compile under --strict', () => {
    assert.equal(compiled, '');
  });

  for (const [page, known] of Object.entries(expectations)) {
    for (const [name, expected] of Object.entries(known)) {
      const snippet = found.get(page)?.get(name);
      if (snippet === undefined) {
        continue; // The first test has said so.
      }
      const [kind, ...more] = kindOf(expected);
      const why = typeof expected[kind] === 'string' ? ` (${expected[kind]})` : '';
      const redis = expected.redis && (noRedis || (isOld && 'redis 6 asks for Node.js 20'));

      const run = async (t, under) => {
        assert.ok(kind !== undefined && more.length === 0, 'an expectation has one kind');
        const source = pages.sourceOf(page, name, snippet, expected.file);
        const program = path.join(under, path.basename(pages.programOf(source)));
        const directory = pages.makeDirectory(program, name, FILES);
        const context = await prepare(t, expected, tenant, directory);
        await KINDS[kind]({ ...context, expected, known, program, snippet, t });
      };
      const skip = redis || expected.skip;
      it(`${page}, ${name}: ${kind}${why}`, { skip }, (t) => run(t, pages.directoryOf(page)));
      for (const installed of kind === 'requests' ? Object.values(others[page]) : []) {
        it(`${page}, ${name}: ${kind}, with ${installed}`, { skip }, (t) =>
          run(t, pages.directoryOf(page, installed)),
        );
      }
    }
  }

  it('the README is for a newcomer: 900 words at most', () => {
    const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
    const words = readme.trim().split(/\s+/).length;
    assert.ok(words <= 900, `${words} words`);
  });

  it('the page of refusals and the types name every reason that the core has', () => {
    const types = fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8');
    const page = fs.readFileSync(path.join(root, 'docs', 'refusals.md'), 'utf8');
    const [errors] = page.split(/^(?=## )/m).filter((section) => section.startsWith('## Errors\n'));
    const { token, http } = refusalReasons();
    for (const reason of token) assert.match(errors, new RegExp(`\`${reason}\``));
    for (const reason of [...token, ...http]) {
      assert.match(types, new RegExp(`\\| '${reason}'`), 'index.d.ts');
    }
  });

  it('the page of options and the types name every environment variable that the core reads', () => {
    const table = fs.readFileSync(path.join(root, 'src', 'config', 'options.rs'), 'utf8');
    const rows = table.matchAll(/[A-Z_]+ = "[\w.]+", "([A-Z_]+)"/g);
    const variables = new Set(Array.from(rows, ([, name]) => `MONOCLOUD_BACKEND_${name}`));
    assert.ok(variables.size > 15, 'src/config/options.rs is no longer read as it was');
    for (const page of ['docs/configuration.md', 'index.d.ts']) {
      const text = fs.readFileSync(path.join(root, page), 'utf8');
      assert.deepEqual(new Set(text.match(/MONOCLOUD_BACKEND_[A-Z_]+[A-Z]/g)), variables, page);
    }
  });
});
