'use strict';

// Everything in README.md (and docs/) that a reader can copy is run here: each fenced snippet is taken
// out, compiled under --strict, and started as a program of its own against a tenant on loopback.
// A snippet that is not named below fails the test, and so does a name without its snippet.

const assert = require('node:assert/strict');
const { execFile, fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const dotenv = require('dotenv');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { createCa, createClientCert, createServerCert } = require('./support/certs.js');
const { noRedis, startRedis } = require('./support/redis.js');

const root = path.join(__dirname, '..');
const typescript = path.join(root, 'node_modules', 'typescript');
const tsc = path.join(typescript, require(path.join(typescript, 'package.json')).bin.tsc);

// Inside the repository, where the package is found under its own name; ignored by git.
const work = path.join(root, '.cache', 'readme');

const TIMEOUT_MS = 60_000;

const UNAUTHORIZED = { status: 401, json: { message: 'unauthorized' } };
const NO_TOKEN = { ...UNAUTHORIZED, challenge: 'Bearer' };
const BAD_TOKEN = { ...UNAUTHORIZED, challenge: 'Bearer error="invalid_token"' };
const FORBIDDEN = {
  status: 403,
  json: { message: 'forbidden' },
  challenge: 'Bearer error="insufficient_scope"',
};
const granted = (message) => ({ status: 200, json: { message } });
const decode = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

const EXPIRED = { expiresIn: -3600 };
const QUICK_START = [
  { to: '/api/protected', answer: NO_TOKEN },
  { to: '/api/protected', token: EXPIRED, answer: BAD_TOKEN },
  {
    to: '/api/protected',
    token: {},
    answer: (token) => ({ status: 200, json: { claims: decode(token) } }),
  },
  { to: '/api/data', token: { scopes: ['data:read'] }, answer: FORBIDDEN },
  {
    to: '/api/data',
    token: { scopes: ['data:read', 'data:write'] },
    answer: granted('data:write access granted'),
  },
  { to: '/api/team', token: { groups: ['sales'] }, answer: FORBIDDEN },
  {
    to: '/api/team',
    token: { groups: ['sales', { id: 'g-1', name: 'engineering' }] },
    answer: granted('team access granted'),
  },
];

const ca = createCa();
const client = createClientCert(ca);
const other = createClientCert(ca);

const HELLO = [
  { to: '/api/hello', answer: NO_TOKEN },
  { to: '/api/hello', token: {}, answer: granted('hello') },
  { to: '/api/hello', token: EXPIRED, answer: BAD_TOKEN },
];

const isOld = Number.parseInt(process.versions.node, 10) < 20;

// By the heading above it, and its number where a heading has several.
const SNIPPETS = {
  'README.md': {
    'See it work': {
      notRun: 'this test is part of `npm test`; `npm start -- --once` is run by CI',
    },
    Install: { notRun: 'installs the published package from the registry' },
    'Install 2': { environment: true },
    Express: { requests: QUICK_START },
    Fastify: { requests: QUICK_START },
    'Claims of your own': {
      requests: [
        { to: '/api/plan', answer: NO_TOKEN },
        {
          to: '/api/plan',
          token: { subject: 'ada', claims: { plan: 'paid' } },
          answer: { status: 200, json: { sub: 'ada', plan: 'paid' } },
        },
        {
          to: '/api/plan',
          token: { subject: 'bob' },
          answer: { status: 200, json: { sub: 'bob', plan: 'free' } },
        },
      ],
    },
    'Without a framework': {
      requests: [
        { to: '/', answer: { status: 401, text: '' } },
        { to: '/', token: EXPIRED, answer: { status: 401, text: '' } },
        { to: '/', token: { subject: 'ada' }, answer: { status: 200, text: 'Hello ada' } },
      ],
      prints: /^MonoCloudValidationError undefined\nMonoCloudTokenError expired\n$/,
    },
    'A cache': { requests: HELLO },
    'A cache 2': { requests: HELLO, redis: true },
    'Certificate-bound tokens': {
      requests: [
        { to: '/api/hello', answer: NO_TOKEN },
        { to: '/api/hello', token: {}, answer: BAD_TOKEN },
        { to: '/api/hello', token: { certificate: client.cert }, answer: granted('hello') },
        { to: '/api/hello', token: { certificate: other.cert }, answer: BAD_TOKEN },
      ],
      tls: true,
    },
    'Certificate-bound tokens 2': {
      requests: [
        { to: '/api/hello', token: {}, answer: granted('hello') },
        { to: '/api/hello', token: { certificate: client.cert }, answer: BAD_TOKEN },
        {
          to: '/api/hello',
          token: { certificate: client.cert },
          headers: { 'ssl-client-cert': encodeURIComponent(client.cert) },
          answer: granted('hello'),
        },
      ],
    },
    Watching: { test: true },
    'Testing your API': { test: true },
    Helpers: {
      requests: [
        { to: '/api/report', answer: NO_TOKEN },
        { to: '/api/report', token: { groups: ['finance'] }, answer: granted('all of it') },
        { to: '/api/report', token: { groups: ['sales'] }, answer: granted('a summary') },
      ],
    },
  },
};

/** The fenced snippets of a Markdown file, each under its heading's name. */
function snippetsOf(file) {
  const snippets = new Map();
  let heading = '';
  let fence;
  for (const line of fs.readFileSync(path.join(root, file), 'utf8').split('\n')) {
    if (fence !== undefined) {
      if (line === '```') {
        let name = heading;
        for (let number = 2; snippets.has(name); number += 1) {
          name = `${heading} ${number}`;
        }
        snippets.set(name, { language: fence.language, text: `${fence.lines.join('\n')}\n` });
        fence = undefined;
      } else {
        fence.lines.push(line);
      }
    } else if (line.startsWith('```')) {
      fence = { language: line.slice(3), lines: [] };
    } else if (line.startsWith('#')) {
      heading = line.replace(/^#+ /, '');
    }
  }
  assert.equal(fence, undefined, `${file}: a snippet is not closed`);
  return snippets;
}

function documents() {
  const docs = path.join(root, 'docs');
  const pages = fs.existsSync(docs) ? fs.readdirSync(docs, { recursive: true }) : [];
  return [
    'README.md',
    ...pages.filter((page) => page.endsWith('.md')).map((page) => `docs/${page}`),
  ];
}

/** Where a snippet is as a program: an ES module, as its `import`s are. */
function sourceOf(file, name, language) {
  const base = `${file}-${name}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return path.join(work, `${base}.${language === 'ts' ? 'mts' : 'mjs'}`);
}

// Loaded into a snippet's process: the port that it names may be taken, so it gets another, and says
// which. The tenant's variables come from the environment, as the snippets expect.
const PRELOAD = `
const { Server } = require('node:net');
const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  if (args[0] === 3000) args[0] = 0;
  else if (args[0]?.port === 3000) args[0] = { ...args[0], port: 0 };
  this.once('listening', () => process.send({ port: this.address().port }));
  return listen.apply(this, args);
};
`;

function environment(extra) {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    // A test runner that is started by a test must not take itself for a part of it.
    if (name.startsWith('MONOCLOUD_') || name.startsWith('NODE_TEST')) {
      delete env[name];
    }
  }
  return { ...env, ...extra };
}

/** Runs `file` to its end. */
function run(file, args, options) {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: TIMEOUT_MS * 5, ...options }, (error, stdout, stderr) => {
      resolve({ failed: error !== null, output: stdout + stderr });
    });
  });
}

/** Starts a snippet that listens, and calls `use` with its address and what it has printed so far. */
async function withServer(program, env, use) {
  const child = fork(program, {
    cwd: work,
    env,
    execArgv: ['--require', path.join(work, 'preload.cjs')],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
  }
  const exit = once(child, 'exit');
  try {
    const ended = exit.then(() => {
      throw new Error(`the snippet ended before it listened:\n${printed}`);
    });
    ended.catch(() => {});
    const [{ port }] = await Promise.race([
      once(child, 'message', { signal: AbortSignal.timeout(TIMEOUT_MS) }),
      ended,
    ]);
    await use(`http://localhost:${port}`, () => printed);
  } finally {
    child.kill();
    await exit;
  }
}

/** A request as the client with the certificate sends it, where TLS is spoken. */
async function send(url, headers) {
  if (url.startsWith('http:')) {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { response, text: await response.text() };
  }
  const options = { headers, key: client.key, cert: client.cert, ca: ca.cert, agent: false };
  const [incoming] = await once(https.get(url, options), 'response');
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) {
    text += chunk;
  }
  const response = { status: incoming.statusCode, headers: new Headers(incoming.headers) };
  return { response, text };
}

async function check(tenant, base, { to, token: options, headers: more, answer }) {
  const token = options && (await tenant.issueToken(options));
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { response, text } = await send(base + to, { ...bearer, ...more });
  const expected = typeof answer === 'function' ? answer(token) : answer;
  const got = { status: response.status };
  if (expected.json !== undefined) {
    got.json = JSON.parse(text);
  } else {
    got.text = text;
  }
  if (expected.challenge !== undefined) {
    got.challenge = response.headers.get('www-authenticate');
  }
  assert.deepEqual(got, expected, `${to} with ${JSON.stringify(options)}`);
}

describe('documentation', () => {
  const found = new Map(documents().map((file) => [file, snippetsOf(file)]));
  let tenant;
  let compiled;

  before(async () => {
    tenant = await createTestTenant();
    fs.rmSync(work, { recursive: true, force: true });
    fs.mkdirSync(work, { recursive: true });
    fs.writeFileSync(path.join(work, 'preload.cjs'), PRELOAD);
    const server = createServerCert(ca);
    fs.writeFileSync(path.join(work, 'server-key.pem'), server.key);
    fs.writeFileSync(path.join(work, 'server-cert.pem'), server.cert);
    for (const [file, snippets] of found) {
      for (const [name, { language, text }] of snippets) {
        if (language === 'ts' || language === 'js') {
          fs.writeFileSync(sourceOf(file, name, language), text);
        }
      }
    }
    // One compilation for all: a program's start costs more than ten snippets.
    const options = {
      target: 'es2022',
      module: 'nodenext',
      lib: ['es2022'],
      types: ['node'],
      strict: true,
      esModuleInterop: true,
      skipLibCheck: true,
      rootDir: '.',
    };
    const config = path.join(work, 'tsconfig.json');
    fs.writeFileSync(config, JSON.stringify({ compilerOptions: options, include: ['*.mts'] }));
    compiled = await run(process.execPath, [tsc, '-p', config, '--pretty', 'false']);
  });

  after(() => tenant.close());

  it('every snippet is known here, and every one that is known is there', () => {
    const names = Object.fromEntries(Array.from(found, ([file, all]) => [file, [...all.keys()]]));
    const known = Object.entries(SNIPPETS).map(([file, all]) => [file, Object.keys(all)]);
    assert.deepEqual(names, Object.fromEntries(known));
  });

  it('the TypeScript ones compile under --strict', () => {
    assert.deepEqual(compiled, { failed: false, output: '' });
  });

  for (const [file, snippets] of Object.entries(SNIPPETS)) {
    for (const [
      name,
      { notRun, environment: isEnvironment, requests, test, prints, redis, tls },
    ] of Object.entries(snippets)) {
      const snippet = found.get(file)?.get(name);
      if (snippet === undefined) {
        continue; // The first test has said so.
      }
      // The compiler puts its output beside the source.
      const program = sourceOf(file, name, 'js');

      if (notRun !== undefined) {
        it(`${file}, ${name}: shell commands only, not run (${notRun})`, () => {
          assert.equal(snippet.language, 'sh');
        });
      } else if (isEnvironment) {
        it(`${file}, ${name}: the variables make a client`, () => {
          assert.equal(snippet.language, 'ini');
          const variables = dotenv.parse(snippet.text);
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
        });
      } else if (test) {
        it(`${file}, ${name}: the test passes`, async () => {
          const args = ['--test', '--test-reporter=tap', program];
          const { failed, output } = await run(process.execPath, args, {
            cwd: work,
            env: environment(),
          });
          assert.equal(failed, false, output);
          assert.match(output, /^# pass [1-9]/m);
        });
      } else {
        const skip = redis && (noRedis || (isOld && 'redis 6 asks for Node.js 20'));
        it(`${file}, ${name}: answers ${requests.length} requests as documented`, {
          skip,
        }, async (t) => {
          const more = {};
          if (redis) {
            const server = await startRedis();
            t.after(() => server.close());
            const REDIS_URL = `redis://127.0.0.1:${server.port}`;
            Object.assign(more, { REDIS_URL, CACHE_SECRET: 'a secret of the readme' });
          }
          await withServer(
            program,
            environment({ ...tenant.env(), ...more }),
            async (base, printed) => {
              const origin = tls ? base.replace('http:', 'https:') : base;
              for (const request of requests) {
                await check(tenant, origin, request);
              }
              assert.match(printed(), prints ?? /^$/);
            },
          );
        });
      }
    }
  }

  it('the README names every reason that the core has, and the types do', () => {
    const core = fs.readFileSync(path.join(root, 'src', 'error.rs'), 'utf8');
    const types = fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8');
    const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
    const reasons = Array.from(core.matchAll(/\b\w+ = \w+,\s*"(\w+)",\s*"/g), ([, word]) => word);
    assert.ok(reasons.length > 20, 'src/error.rs is no longer read as it was');
    for (const reason of reasons) {
      assert.match(types, new RegExp(`\\| '${reason}'`), 'index.d.ts');
      assert.match(readme, new RegExp(`\`${reason}\``), 'README.md');
    }
    const faults = Array.from(
      core.matchAll(/Self::\w+(?:\([^)]*\)| \{[^}]*\})? => "(\w+)",/g),
      ([, word]) => word,
    );
    const http = faults.filter((word) => !word.includes('token') && !word.includes('insufficient'));
    assert.ok(http.length > 5, 'src/error.rs is no longer read as it was');
    for (const reason of http) {
      assert.match(types, new RegExp(`\\| '${reason}'`), 'index.d.ts');
    }
  });

  it('the README and the types name every environment variable that the core reads', () => {
    const core = fs.readFileSync(path.join(root, 'src', 'config.rs'), 'utf8');
    const variables = new Set(core.match(/MONOCLOUD_BACKEND_[A-Z_]+[A-Z]/g));
    assert.ok(variables.size > 15, 'src/config.rs is no longer read as it was');
    for (const page of ['README.md', 'index.d.ts']) {
      const text = fs.readFileSync(path.join(root, page), 'utf8');
      assert.deepEqual(new Set(text.match(/MONOCLOUD_BACKEND_[A-Z_]+[A-Z]/g)), variables, page);
    }
  });
});
