'use strict';

// The programs in examples/ are those of the vendor's documentation. Each is compiled and run as a
// process of its own, with a .env file that points at a tenant of ours.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { compile } = require('./support/compiler.js');
const { withServer } = require('./support/programs.js');

const ROOT = path.resolve(__dirname, '..');
const EXAMPLES = path.join(ROOT, 'examples');

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
  tenant = await createTestTenant({ algorithms: ['ES256'] });
  const cache = path.join(ROOT, 'node_modules', '.cache');
  fs.mkdirSync(cache, { recursive: true });
  directory = fs.mkdtempSync(path.join(cache, 'examples-'));
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

async function ask(base, request, token) {
  const [method, target] = request.split(' ');
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(base + target, { method, headers });
  const text = await response.text();
  return { status: response.status, body: text === '' ? '' : JSON.parse(text) };
}

function check(file, folder, requests, t) {
  return withServer(file, path.join(directory, folder), {}, async (port) => {
    for (const [sent, request, options, expected] of requests) {
      await t.test(`${request}, ${sent}`, async () => {
        const token = options && (await tenant.issueToken(options));
        const answer = typeof expected === 'function' ? expected(token) : expected;
        assert.deepEqual(await ask(`http://localhost:${port}`, request, token), answer);
      });
    }
  });
}

for (const folder of ['express', 'fastify']) {
  const programs = PROGRAMS.filter(([file]) => path.dirname(file) === folder);

  describe(`examples/${folder}`, () => {
    test('every program is in this test', () => {
      const files = fs.readdirSync(path.join(EXAMPLES, folder)).filter((file) => /ts$/.test(file));
      assert.deepEqual(files.sort(), programs.map(([file]) => path.basename(file)).sort());
    });

    test('compiles under --strict', () => {
      const project = path.join(EXAMPLES, folder);
      const out = path.join(directory, folder);
      const options = { noEmit: false, rootDir: project, outDir: out };
      assert.equal(compile(project, 'tsconfig.json', options, { emit: true }), '');
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
