'use strict';

// The tour: a tenant, an Express API and a Fastify API in this process, and requests to them over real
// sockets. Each answer is compared with the documented one (contract §9).

const { deepStrictEqual } = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const express = require('express');
const Fastify = require('fastify');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const expressAdapter = require('@monocloud/backend-node/express');
const fastifyAdapter = require('@monocloud/backend-node/fastify');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { table } = require('./table.js');

const PORTS = { express: 3001, fastify: 3002 };

// What each route requires, to ask the client for the reason of a refusal.
const ROUTES = {
  '/protected': {},
  '/data': { scopes: ['data:write'] },
  '/team': { groups: ['engineering'] },
};

const COLUMNS = [
  { title: ' ', limit: 1 },
  { title: 'sent', limit: 19 },
  { title: 'to', limit: 10 },
  { title: 'got', limit: 3 },
  { title: 'body', limit: 26 },
  { title: 'WWW-Authenticate', limit: 28 },
  { title: 'why', limit: 21 },
];

const UNAUTHORIZED = { status: 401, body: { message: 'unauthorized' } };
const NO_TOKEN = { ...UNAUTHORIZED, challenge: 'Bearer' };
const BAD_TOKEN = { ...UNAUTHORIZED, challenge: 'Bearer error="invalid_token"' };
const FORBIDDEN = {
  status: 403,
  body: { message: 'forbidden' },
  challenge: 'Bearer error="insufficient_scope"',
};
const ALGS = 'algs="ES256 ES384 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519"';
const dpopError = (error) => ({ ...UNAUTHORIZED, challenge: `DPoP error="${error}", ${ALGS}` });
const granted = (message) => ({ status: 200, body: { message }, challenge: null });
const claimsOf = (token) => ({
  status: 200,
  body: { claims: decode(token.split('.')[1]) },
  challenge: null,
});

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// The seeds' Express example.
function expressApi() {
  const app = express();
  const protect = expressAdapter.protectApi();

  app.get('/api/protected', protect(), (req, res) => {
    const { claims } = req;
    res.json({ claims });
  });

  app.get('/api/data', protect({ scopes: ['data:write'] }), (_req, res) => {
    res.json({ message: 'data:write access granted' });
  });

  app.get('/api/team', protect({ groups: ['engineering'] }), (_req, res) => {
    res.json({ message: 'team access granted' });
  });

  return app;
}

// The seeds' Fastify example.
function fastifyApi() {
  const fastify = Fastify();
  const protect = fastifyAdapter.protectApi();

  fastify.get('/api/protected', { onRequest: protect() }, async (request) => {
    const { claims } = request;
    return { claims };
  });

  fastify.get('/api/data', { onRequest: protect({ scopes: ['data:write'] }) }, async () => {
    return { message: 'data:write access granted' };
  });

  fastify.get('/api/team', { onRequest: protect({ groups: ['engineering'] }) }, async () => {
    return { message: 'team access granted' };
  });

  return fastify;
}

// In the order in which they are sent. A request has a `token`, or an `authorization` of its own. With a `proof`,
// its scheme is DPoP.
function requests(tenant) {
  const issue = (options) => () => tenant.issueToken(options);
  const owner = tenant.dpopClient();
  const thief = tenant.dpopClient();
  const bound = () => owner.token();
  let used;
  const own = async (url) => {
    used = await owner.proof({ url });
    return used;
  };
  return {
    express: [
      { sent: 'good JWT, RS256', to: '/protected', token: issue(), documented: claimsOf },
      { sent: 'no header', to: '/protected', documented: NO_TOKEN },
      { sent: '"Bearer" alone', to: '/protected', authorization: 'Bearer', documented: NO_TOKEN },
      {
        sent: 'expired an hour ago',
        to: '/protected',
        token: issue({ expiresIn: -3600 }),
        documented: BAD_TOKEN,
      },
      {
        sent: 'audience with a "/"',
        to: '/protected',
        token: issue({ audience: `${tenant.audience}/` }),
        documented: BAD_TOKEN,
      },
      {
        sent: 'alg "none"',
        to: '/protected',
        token: async () => {
          const [, payload] = (await tenant.issueToken()).split('.');
          return `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`;
        },
        documented: BAD_TOKEN,
      },
      {
        sent: 'other scopes',
        to: '/data',
        token: issue({ scopes: ['data:read'] }),
        documented: { ...FORBIDDEN, challenge: `${FORBIDDEN.challenge}, scope="data:write"` },
      },
      {
        sent: 'scope data:write',
        to: '/data',
        token: issue({ scopes: ['data:read', 'data:write'] }),
        documented: granted('data:write access granted'),
      },
      {
        sent: 'group engineering',
        to: '/team',
        token: issue({ groups: ['engineering'] }),
        documented: granted('team access granted'),
      },
      {
        sent: 'bound to a key, with its proof',
        to: '/protected',
        token: bound,
        proof: own,
        documented: claimsOf,
      },
      { sent: 'stolen, as it is', to: '/protected', token: bound, documented: BAD_TOKEN },
      {
        sent: 'stolen, proof by another key',
        to: '/protected',
        token: bound,
        proof: (url, token) => thief.proof({ url, token }),
        documented: dpopError('invalid_token'),
      },
      {
        sent: 'stolen, with the proof once more',
        to: '/protected',
        token: bound,
        proof: () => used,
        documented: dpopError('invalid_dpop_proof'),
      },
    ],
    fastify: [
      {
        sent: 'good JWT, ES256',
        to: '/protected',
        token: issue({ alg: 'ES256' }),
        documented: claimsOf,
      },
      {
        sent: 'payload tampered',
        to: '/team',
        token: async () => {
          const [header, payload, signature] = (await tenant.issueToken()).split('.');
          const better = encode({ ...decode(payload), groups: ['engineering'] });
          return `${header}.${better}.${signature}`;
        },
        documented: BAD_TOKEN,
      },
      {
        sent: 'another issuer',
        to: '/protected',
        token: issue({ claims: { iss: 'https://other.example.com' } }),
        documented: BAD_TOKEN,
      },
      {
        sent: 'typ "logout+jwt"',
        to: '/protected',
        token: issue({ header: { typ: 'logout+jwt' } }),
        documented: BAD_TOKEN,
      },
      {
        sent: 'two tokens',
        to: '/protected',
        authorization: async () =>
          `Bearer ${await tenant.issueToken()} ${await tenant.issueToken()}`,
        documented: NO_TOKEN,
      },
      {
        sent: 'other groups',
        to: '/team',
        token: issue({ groups: ['sales'] }),
        documented: FORBIDDEN,
      },
      {
        sent: 'group as an object',
        to: '/team',
        token: issue({ groups: [{ id: 'g-7', name: 'engineering' }] }),
        documented: granted('team access granted'),
      },
      {
        sent: 'keys just rotated',
        to: '/protected',
        token: async () => {
          await tenant.rotateKeys();
          return tenant.issueToken();
        },
        documented: claimsOf,
      },
      {
        sent: 'key nobody knows',
        to: '/protected',
        token: issue({ kid: 'nobody' }),
        documented: BAD_TOKEN,
      },
    ],
  };
}

async function send(base, client, request) {
  const url = base + request.to;
  const token = await request.token?.();
  const proof = await request.proof?.(url, token);
  const scheme = proof === undefined ? 'Bearer' : 'DPoP';
  const { authorization = token && `${scheme} ${token}` } = request;
  const value = typeof authorization === 'function' ? await authorization() : authorization;
  const headers = {
    ...(value !== undefined && { authorization: value }),
    ...(proof !== undefined && { dpop: proof }),
  };
  const response = await fetch(url, { headers });
  const text = await response.text();
  const got = {
    status: response.status,
    body: parse(text),
    challenge: response.headers.get('www-authenticate'),
  };
  const { documented } = request;
  const passed = equal(got, typeof documented === 'function' ? documented(token) : documented);
  return {
    passed,
    row: [
      passed ? '✓' : '✗',
      request.sent,
      request.to,
      String(got.status),
      text,
      got.challenge ?? '—',
      response.ok
        ? '—'
        : await reasonOf(client, token, { ...ROUTES[request.to], ...dpopOf(proof, url) }),
    ],
  };
}

const dpopOf = (proof, url) => (proof === undefined ? {} : { dpop: { proof, method: 'GET', url } });

// The answer to the outside says no more than "unauthorized"; the API's own side learns why.
async function reasonOf(client, token, required) {
  if (token === undefined) {
    return '—';
  }
  try {
    await client.validateAccessToken(token, required);
    return '—';
  } catch (error) {
    return error.reason ?? error.name;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function equal(got, documented) {
  try {
    deepStrictEqual(got, documented);
    return true;
  } catch {
    return false;
  }
}

// The port if nobody has it, or a free one.
async function freePort(port) {
  const server = net.createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error.code === 'EADDRINUSE' || error.code === 'EACCES') {
      return freePort(0);
    }
    throw error;
  }
  const { port: free } = server.address();
  server.close();
  await once(server, 'close');
  return free;
}

async function startExpress() {
  const port = await freePort(PORTS.express);
  const server = http.createServer(expressApi()).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    name: 'Express API',
    base: `http://127.0.0.1:${port}/api`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections?.();
      }),
  };
}

async function startFastify() {
  const fastify = fastifyApi();
  const port = await freePort(PORTS.fastify);
  await fastify.listen({ port, host: '127.0.0.1' });
  return {
    name: 'Fastify API',
    base: `http://127.0.0.1:${port}/api`,
    close: () => fastify.close(),
  };
}

// Only this tenant: what the shell has of the kind would change the answers.
function useEnvironment(env) {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('MONOCLOUD_BACKEND_')) {
      delete process.env[name];
    }
  }
  Object.assign(process.env, env);
}

async function curlLines(tenant, apis) {
  const good = { scopes: ['data:write'], groups: ['engineering'] };
  const lines = [];
  const add = async (what, base, to, options) => {
    const token = await tenant.issueToken({ alg: 'ES256', expiresIn: 3600, ...options });
    lines.push(`# ${what}`, `curl -i ${base}${to} -H 'Authorization: Bearer ${token}'`, '');
  };
  for (const { base } of Object.values(apis)) {
    await add('200: a good token', base, '/protected', good);
  }
  await add('200: its scope is data:write', apis.express.base, '/data', good);
  await add('403: without that scope', apis.fastify.base, '/data', { scopes: ['data:read'] });
  await add('403: not in the group engineering', apis.express.base, '/team', { groups: ['sales'] });
  await add('401: expired', apis.fastify.base, '/protected', { ...good, expiresIn: -3600 });
  return lines.join('\n');
}

// The exit code: 0 if every answer was the documented one.
async function tour({ once: end, print = console.log }) {
  const tenant = await createTestTenant();
  useEnvironment(tenant.env());
  const client = new MonoCloudBackendNodeClient();
  const apis = { express: await startExpress(), fastify: await startFastify() };

  print(`Tenant at ${tenant.tenantDomain}, audience ${tenant.audience}`);
  let sent = 0;
  let passed = 0;
  for (const [name, list] of Object.entries(requests(tenant))) {
    const { name: title, base } = apis[name];
    const results = [];
    // One after the other: rotation comes at its place.
    for (const request of list) {
      results.push(await send(base, client, request));
    }
    sent += results.length;
    passed += results.filter((result) => result.passed).length;
    const rows = results.map((result) => result.row);
    print(`\n${title} at ${base}\n\n${table(COLUMNS, rows)}`);
  }
  print(`\n${passed} of ${sent} answers are the documented ones.`);

  if (!end) {
    print(`\nBoth go on until Ctrl-C. The tokens are good for an hour.\n`);
    print(await curlLines(tenant, apis));
    // The two servers keep the process; the tenant would not.
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  }
  await Promise.all([apis.express.close(), apis.fastify.close()]);
  await tenant.close();
  return passed === sent ? 0 : 1;
}

module.exports = { tour };
