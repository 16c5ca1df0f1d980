'use strict';

// The programs in examples/ are those of the vendor's documentation. Each is compiled by tsc and run
// as a process of its own, with a .env file that points at a tenant of ours.

const assert = require('node:assert/strict');
const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { promisify } = require('node:util');
const { createTestTenant } = require('@monocloud/backend-node/testing');

const ROOT = path.resolve(__dirname, '..');
const EXAMPLES = path.join(ROOT, 'examples');
const TSC = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');

// The programs listen on port 3000, which may be taken here. This is loaded before them and gives
// them a free port, of which it tells the test.
const PRELOAD = `'use strict';
const { Server } = require('node:net');
const { listen } = Server.prototype;
Server.prototype.listen = function (options, ...rest) {
  const is3000 = options === 3000 || options?.port === 3000;
  if (is3000) {
    this.once('listening', () => process.send({ port: this.address().port }));
  }
  const any = typeof options === 'object' ? { ...options, port: 0 } : 0;
  return listen.call(this, is3000 ? any : options, ...rest);
};
`;

const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
const unauthorized = { status: 401, body: { message: 'unauthorized' } };
const forbidden = { status: 403, body: { message: 'forbidden' } };

// [what is sent, method and path, token options or none, status and body]
const server = [
  ['no token', 'GET /api/protected', undefined, unauthorized],
  ['an expired one', 'GET /api/protected', { expiresIn: -3600 }, unauthorized],
  [
    'a good one',
    'GET /api/protected',
    {},
    (token) => ({ status: 200, body: { claims: claims(token) } }),
  ],
  ['another scope', 'GET /api/data', { scopes: ['data:read'] }, forbidden],
  [
    'the scope',
    'GET /api/data',
    { scopes: ['data:read', 'data:write'] },
    { status: 200, body: { message: 'data:write access granted' } },
  ],
  ['another group', 'GET /api/team', { groups: ['sales'] }, forbidden],
  [
    'the group',
    'GET /api/team',
    { groups: ['engineering'] },
    { status: 200, body: { message: 'team access granted' } },
  ],
];
const wiring = [
  ['no token', 'GET /api/me', undefined, unauthorized],
  ['a good one', 'GET /api/me', { subject: 'user-1' }, { status: 200, body: { sub: 'user-1' } }],
  ['another scope', 'POST /api/posts', { scopes: ['posts:read'] }, forbidden],
  ['the scope', 'POST /api/posts', { scopes: ['posts:write'] }, { status: 201, body: '' }],
  ['another group', 'DELETE /api/posts/1', { groups: ['sales'] }, forbidden],
  ['the group', 'DELETE /api/posts/1', { groups: ['admin'] }, { status: 204, body: '' }],
];
const quickStart = [
  ['no token', 'GET /api/data', undefined, unauthorized],
  ['another audience', 'GET /api/data', { audience: 'https://other.example' }, unauthorized],
  ['a good one', 'GET /api/data', {}, { status: 200, body: { message: 'Protected data' } }],
];
const PROGRAMS = [
  ['express/server.ts', server],
  ['express/basic-wiring.ts', wiring],
  ['fastify/server.ts', server],
  ['fastify/quick-start.ts', quickStart],
  ['fastify/basic-wiring.mts', wiring],
];

let tenant;
let directory;
before(async () => {
  tenant = await createTestTenant();
  const cache = path.join(ROOT, 'node_modules', '.cache');
  fs.mkdirSync(cache, { recursive: true });
  directory = fs.mkdtempSync(path.join(cache, 'examples-'));
  fs.writeFileSync(path.join(directory, 'preload.js'), PRELOAD);
  // Inside node_modules no package finds itself by its own name, so it is installed as for anybody
  // else; express, fastify and dotenv are found further up.
  fs.mkdirSync(path.join(directory, 'node_modules', '@monocloud'), { recursive: true });
  const link = path.join(directory, 'node_modules', '@monocloud', 'backend-node');
  fs.symlinkSync(ROOT, link, 'junction');
});
after(async () => {
  await tenant?.close();
  if (directory !== undefined) {
    fs.rmSync(directory, { recursive: true, force: true });
  }
});

// What a user does with .env.example: copies it and puts the own values in.
function dotenv(folder) {
  const values = tenant.env();
  const example = fs.readFileSync(path.join(EXAMPLES, folder, '.env.example'), 'utf8');
  return example.replace(/^(\w+)=.*$/gm, (_, name) => {
    assert.ok(name in values, `${name} is no variable of ours`);
    return `${name}=${values[name]}`;
  });
}

// The environment without what would configure the package past the .env file.
function environment() {
  const names = Object.keys(process.env).filter(
    (name) => !name.startsWith('MONOCLOUD_BACKEND_') && name !== 'NODE_TEST_CONTEXT',
  );
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

async function start(file, folder) {
  const child = spawn(process.execPath, ['--require', path.join(directory, 'preload.js'), file], {
    cwd: path.join(directory, folder),
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const closed = once(child, 'close');
  const [message] = await Promise.race([once(child, 'message'), closed.then(() => [undefined])]);
  assert.ok(message, `${file} ended before it listened:\n${output}`);
  return {
    base: `http://localhost:${message.port}`,
    async stop() {
      child.kill();
      await closed;
    },
  };
}

async function ask(base, request, token) {
  const [method, target] = request.split(' ');
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(base + target, { method, headers });
  const text = await response.text();
  return { status: response.status, body: text === '' ? '' : JSON.parse(text) };
}

async function check(file, folder, requests, t) {
  const program = await start(file, folder);
  try {
    for (const [sent, request, options, expected] of requests) {
      await t.test(`${request}, ${sent}`, async () => {
        const token = options && (await tenant.issueToken(options));
        const answer = typeof expected === 'function' ? expected(token) : expected;
        assert.deepEqual(await ask(program.base, request, token), answer);
      });
    }
  } finally {
    await program.stop();
  }
}

for (const folder of ['express', 'fastify']) {
  const programs = PROGRAMS.filter(([file]) => path.dirname(file) === folder);

  describe(`examples/${folder}`, () => {
    test('every program is in this test', () => {
      const files = fs.readdirSync(path.join(EXAMPLES, folder)).filter((file) => /ts$/.test(file));
      assert.deepEqual(files.sort(), programs.map(([file]) => path.basename(file)).sort());
    });

    test('compiles under tsc --strict', async () => {
      const project = path.join(EXAMPLES, folder);
      const out = path.join(directory, folder);
      const args = ['-p', project, '--noEmit', 'false', '--rootDir', project, '--outDir', out];
      await promisify(execFile)(process.execPath, [TSC, ...args]).catch((error) => {
        assert.fail(error.stdout || error.message);
      });
      fs.writeFileSync(path.join(out, '.env'), dotenv(folder));
    });

    for (const [file, requests] of programs) {
      const compiled = path.basename(file).replace(/ts$/, 'js');

      test(`${file}, compiled`, (t) =>
        check(path.join(directory, folder, compiled), folder, requests, t));

      // Node.js 22.18 and later run the very file. A .ts file is CommonJS in this package; tsc turns
      // its `import` into `require`, Node.js only takes types away.
      if (file.endsWith('.mts')) {
        const skip = process.features.typescript ? false : 'this Node.js does not run TypeScript';
        test(`${file}, as it is`, { skip }, (t) =>
          check(path.join(EXAMPLES, file), folder, requests, t),
        );
      }
    }
  });
}
