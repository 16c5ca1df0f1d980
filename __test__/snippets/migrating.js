'use strict';

// Programs before and after, against one tenant: each does what its reader expects, and each line of the
// tables with statuses is what they really answer.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { createTestTenant } = require('@monocloud/backend-node/testing');
const {
  BAD_TOKEN,
  EXPIRED,
  FORBIDDEN,
  NO_TOKEN,
  client,
  granted,
  isOld,
} = require('../support/snippets/common.js');

const root = path.join(__dirname, '..', '..');

const now = () => Math.floor(Date.now() / 1000);
const other = 'https://other.example.com';

// By the first column of the tables: what makes the token, or the whole request.
const CASES = {
  'a good token': {},
  'no token': () => ({}),
  '`Authorization: Basic …`': () => ({ headers: { authorization: 'Basic YTpi' } }),
  'a good token in `?access_token=`': async (tenant) => ({
    query: `?access_token=${await tenant.issueToken()}`,
  }),
  'a token that expired 2 minutes ago': { expiresIn: -120 },
  'a token that expired an hour ago': EXPIRED,
  '`nbf` in 2 minutes': async (tenant) =>
    bearer(await tenant.issueToken({ claims: { nbf: now() + 120 } })),
  '`aud` of another API': { audience: other },
  'no `aud`': { claims: { aud: undefined } },
  '`iss` of another tenant': { claims: { iss: other } },
  'no `iss`': { claims: { iss: undefined } },
  'no `exp`': { claims: { exp: undefined } },
  'an unknown `kid`': { kid: 'of-nobody' },
  '`typ: logout+jwt`': { header: { typ: 'logout+jwt' } },
  '`alg: ES256`': { alg: 'ES256' },
  '`alg: EdDSA`': { alg: 'EdDSA' },
  '`alg: Ed25519`': { alg: 'Ed25519' },
  'a text as `iat`': { claims: { iat: 'today' } },
  'a token bound to a certificate that is not shown': { certificate: client.cert },
  'an opaque token that is active': async (tenant) => bearer(await tenant.issueOpaqueToken()),
};

const AWAY = 'the tenant away, no keys yet';

const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

/** `[case, status]` of a table, by its column's name. */
function columnOf(section, column) {
  const page = fs.readFileSync(path.join(root, 'docs', 'migrating.md'), 'utf8');
  const [, text] = page.split(new RegExp(`^## ${section}$`, 'm'));
  const lines = text.split(/^## /m)[0].split('\n');
  const start = lines.findIndex((line) => line.startsWith('| a request with |'));
  const cells = (line) => line.slice(2, -2).split(' | ');
  const index = cells(lines[start]).indexOf(column);
  assert.ok(index > 0, column);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((line) => [cells(line)[0], Number(cells(line)[index])]);
}

/** Sends what the table has, and finds what its column says. */
const asInTable = (section, column) => {
  const rows = columnOf(section, column).filter(([name]) => name !== AWAY);
  return async ({ base, send, tenant }) => {
    for (const [name, status] of rows) {
      assert.ok(name in CASES, name);
      const wish = CASES[name];
      const { query = '', ...request } =
        typeof wish === 'function' ? await wish(tenant) : bearer(await tenant.issueToken(wish));
      const answer = await send(`${base}/api/me${query}`, request);
      assert.equal(answer.status, status, `${name}: ${answer.text}`);
    }
  };
};

/** The last line of the table: the same program once more, whose tenant goes before it has any keys. */
const awayAsInTable =
  (section, column) =>
  async ({ again, send }) => {
    const tenant = await createTestTenant({ algorithms: ['ES256'] });
    const { env: before } = await setup({ tenant });
    const token = await tenant.issueToken();
    await again({ ...tenant.env(), ...before }, async (port) => {
      await tenant.close();
      const { status, headers } = await send(`http://localhost:${port}/api/me`, bearer(token));
      const [[, expected]] = columnOf(section, column).filter(([name]) => name === AWAY);
      assert.equal(status, expected);
      assert.equal('retry-after' in headers, expected === 503);
    });
  };

/** The variables of the programs of before. */
async function setup({ tenant }) {
  const metadata = await fetch(`${tenant.tenantDomain}/.well-known/openid-configuration`);
  const { jwks_uri: JWKS_URL } = await metadata.json();
  const env = { ISSUER_BASE_URL: tenant.tenantDomain, AUDIENCE: tenant.audience, JWKS_URL };
  return { env: { ...env, NODE_ENV: 'test' } };
}

const ME = {
  to: '/api/me',
  token: { subject: 'ada' },
  answer: { status: 200, json: { sub: 'ada' } },
};
const BOTH_SCOPES = {
  to: '/api/posts',
  token: { scopes: ['posts:write', 'posts:read'] },
  answer: granted('posts'),
};
const ONE_SCOPE = { to: '/api/posts', token: { scopes: ['posts:read'] } };

const EXPRESS = 'From express-oauth2-jwt-bearer';
const FASTIFY = 'From @fastify/jwt';

/** Their own dependencies ask for Node.js 20. */
const skip = isOld && 'the programs of before ask for Node.js 20';

/** A program of before: what its reader expects, and its column of the table. */
const before = (section, column, requests) => ({
  ownTenant: true,
  setup,
  skip,
  requests: [
    ...requests,
    asInTable(section, column),
    awayAsInTable(section, column),
    // Versions that the page speaks of are those that answer here.
    () => assertVersions(section),
  ],
  prints: /^/,
});

function assertVersions(section) {
  const page = fs.readFileSync(path.join(root, 'docs', 'migrating.md'), 'utf8');
  const [, name] = section.split(' ');
  const { version } = require(path.join(root, 'node_modules', name, 'package.json'));
  const [major, minor] = version.split('.');
  assert.match(page, new RegExp(`by ${name} (${major}\\.${minor}|${major})\\b`));
}

module.exports = {
  page: 'docs/migrating.md',
  snippets: {
    "From the vendor's package": {
      check: ({ language, text }) => {
        assert.equal(language, 'json');
        const { dependencies } = JSON.parse(text);
        assert.match(dependencies['@monocloud/backend-node'], /^npm:@[\w-]+\/[\w-]+@\^\d/);
      },
    },
    "From the vendor's package 2": {
      check: ({ language, text }) => {
        assert.equal(language, 'json');
        for (const [name, from] of Object.entries(JSON.parse(text).dependencies)) {
          const file = name.replace('@', '').replace('/', '-');
          assert.match(from, new RegExp(`^file:\\./packages/${file}-\\d+\\.\\d+\\.\\d+\\.tgz$`));
        }
      },
    },
    "From the vendor's package 3": { notRun: 'the package of another name is not in the registry' },
    'From express-oauth2-jwt-bearer': before(EXPRESS, 'before', [
      ME,
      BOTH_SCOPES,
      { ...ONE_SCOPE, answer: { status: 403 } },
    ]),
    'From express-oauth2-jwt-bearer 2': {
      ownTenant: true,
      requests: [ME, BOTH_SCOPES, { ...ONE_SCOPE, answer: FORBIDDEN }, asInTable(EXPRESS, 'after')],
    },
    'From express-oauth2-jwt-bearer 3': {
      requests: [
        { to: '/api/public', answer: { status: 200, json: { hello: 'stranger' } } },
        {
          to: '/api/public',
          token: { subject: 'ada' },
          answer: { status: 200, json: { hello: 'ada' } },
        },
        { to: '/api/public', token: EXPIRED, answer: BAD_TOKEN },
        { to: '/api/posts', token: { scopes: ['a', 'posts:admin'] }, answer: granted('posts') },
        { to: '/api/posts', token: { scopes: ['posts'] }, answer: { status: 403 } },
        { to: '/api/posts', token: {}, answer: { status: 403 } },
        { to: '/api/posts', answer: NO_TOKEN },
        { to: '/api/transfer', token: {}, answer: granted('done') },
        { to: '/api/transfer', token: { claims: { iat: 1 } }, answer: { status: 403 } },
        { to: '/api/transfer', token: { claims: { iat: undefined } }, answer: { status: 403 } },
        {
          to: '/api/mine',
          token: { subject: 'ada' },
          answer: { status: 200, json: { sub: 'ada' } },
        },
        {
          to: '/api/mine',
          token: EXPIRED,
          answer: { status: 401, json: { title: 'Not today', status: 401 } },
        },
      ],
    },
    'From @fastify/jwt': before(FASTIFY, 'get-jwks', [ME]),
    'From @fastify/jwt 2': before(FASTIFY, 'fastify-jwt-jwks', [ME]),
    'From @fastify/jwt 3': {
      ownTenant: true,
      requests: [ME, asInTable(FASTIFY, 'after'), awayAsInTable(FASTIFY, 'after')],
    },
  },
};
