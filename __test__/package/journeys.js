'use strict';

// The programs that a newcomer pastes: README.md's first one, and each of the vendor's documentation, as
// they are there; with the tenant that each expects, and what it has to answer.

const assert = require('node:assert/strict');
const { createHash, X509Certificate } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const { createRequire } = require('node:module');
const net = require('node:net');
const path = require('node:path');
const { createClient } = require('redis');
const { createServerCert } = require('../support/certs.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { noRedis, startRedis } = require('../support/redis.js');
const { ca, client, other: stranger, server } = require('../support/snippets/common.js');
const { PACKAGE, ROOT } = require('./support.js');

const TYPES = path.join(ROOT, '__test__', 'types');
/** Above it, in a seed's file, is what the document leaves to its reader. */
const DOCUMENTED = '// As documented:\n';

const UNAUTHORIZED = { status: 401, json: { message: 'unauthorized' } };
const FORBIDDEN = { status: 403, json: { message: 'forbidden' } };

/** README.md's first program. */
function firstSnippet() {
  const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const snippets = Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, text]) => text);
  return snippets.find((text) => text.includes(`from '${PACKAGE}/express'`));
}

/** A seed's program; `before` it and `after` it come the lines that it needs to run by itself. */
function seed(file, { before = '', after = '' } = {}) {
  const [given, documented] = fs.readFileSync(path.join(TYPES, file), 'utf8').split(DOCUMENTED);
  return `${given}${before}${documented}${after}`;
}

const LISTEN = { after: 'app.listen(3000);\n' };
const LISTEN_FASTIFY = { after: 'fastify.listen({ port: 3000 });\n' };

/** How a request carries its token: in the header, unless the program looks elsewhere. */
const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** A test tenant of the installed package, in the environment or in the `.env` that the program reads. */
async function onLoopback(project, { dotenv = false, tls = false } = {}) {
  const { createTestTenant } = createRequire(path.join(project, 'package.json'))(
    `${PACKAGE}/testing`,
  );
  const tenant = await createTestTenant({ algorithms: ['ES256'] });
  const variables = Object.entries(tenant.env()).map(([name, value]) => `${name}=${value}\n`);
  return {
    env: dotenv ? {} : tenant.env(),
    files: {
      ...(dotenv && { '.env': variables.join('') }),
      ...(tls && {
        '<your-server-key.pem>': server.key,
        '<your-server-cert.pem>': server.cert,
      }),
    },
    async request({ method = 'GET', to, token, certificate }) {
      const headers = token ? bearer(await tenant.issueToken(token)) : {};
      const identity = tls && { identity: certificate ?? {} };
      return { method, path: to, headers, ...identity };
    },
    close: () => tenant.close(),
  };
}

/**
 * A tenant under the name that the program has written into it. It is reached as anything is in a network
 * with a proxy and roots of its own: HTTPS_PROXY and SSL_CERT_FILE say how.
 */
async function named(project, host) {
  const tls = createServerCert(ca, { name: host, san: [`DNS:${host}`] });
  const tenant = await startFaultyTenant({ tls, issuer: `https://${host}` });
  const proxy = http.createServer();
  const tunnels = new Set();
  proxy.on('connect', (request, socket) => {
    const onward = net.connect(tenant.server.address().port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) {
      end.on('error', () => end.destroy());
      tunnels.add(end);
    }
    if (request.url !== `${host}:443`) socket.destroy();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = `http://127.0.0.1:${proxy.address().port}`;
  const redis = noRedis ? undefined : await startRedis();
  return {
    env: {
      HTTPS_PROXY: url,
      https_proxy: url,
      SSL_CERT_FILE: path.join(project, 'ca.pem'),
      CACHE_FOR: `https://${host} ${tenant.audience}`,
      ...(redis && { REDIS_URL: `redis://127.0.0.1:${redis.port}` }),
    },
    files: { 'ca.pem': ca.cert },
    async request({ method = 'GET', to, token, certificate }) {
      const claims = token?.certificate && {
        cnf: { 'x5t#S256': thumbprint(token.certificate) },
      };
      const headers = token ? { cookie: `access_token=${tenant.token(claims)}` } : {};
      // A header has no line breaks; the base64 inside is what counts.
      const line = certificate?.cert.replace(/-----[A-Z ]+-----|\s/g, '');
      return { method, path: to, headers: { ...headers, ...(line && { 'x-client-cert': line }) } };
    },
    async check() {
      if (!redis) return;
      const connection = createClient({ url: `redis://127.0.0.1:${redis.port}` });
      await connection.connect();
      assert.ok((await connection.dbSize()) > 0, 'nothing is in the cache');
      connection.destroy();
    },
    async close() {
      for (const end of tunnels) end.destroy();
      proxy.close();
      proxy.closeAllConnections();
      await Promise.all([tenant.close(), redis?.close()]);
    },
  };
}

function thumbprint(pem) {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');
}

const settled = (options) => (project) => onLoopback(project, options);

const QUICK_START = [
  { to: '/api/protected', ...UNAUTHORIZED },
  { to: '/api/protected', token: {}, status: 200 },
  { to: '/api/data', token: { scopes: ['data:read'] }, ...FORBIDDEN },
  {
    to: '/api/data',
    token: { scopes: ['data:write'] },
    status: 200,
    json: { message: 'data:write access granted' },
  },
  { to: '/api/team', token: { groups: ['sales'] }, ...FORBIDDEN },
  {
    to: '/api/team',
    token: { groups: ['engineering'] },
    status: 200,
    json: { message: 'team access granted' },
  },
];

const FIRST = [
  { to: '/api/data', ...UNAUTHORIZED },
  { to: '/api/data', token: {}, ...FORBIDDEN },
  {
    to: '/api/data',
    token: { subject: 'ada', scopes: ['data:read'] },
    status: 200,
    json: { message: 'hello ada' },
  },
];

const WIRING = [
  { to: '/api/me', ...UNAUTHORIZED },
  { to: '/api/me', token: { subject: 'ada' }, status: 200, json: { sub: 'ada' } },
  { method: 'POST', to: '/api/posts', token: {}, ...FORBIDDEN },
  { method: 'POST', to: '/api/posts', token: { scopes: ['posts:write'] }, status: 201 },
  { method: 'DELETE', to: '/api/posts/1', token: { groups: ['user'] }, ...FORBIDDEN },
  { method: 'DELETE', to: '/api/posts/1', token: { groups: ['admin'] }, status: 204 },
];

const ME = [
  { to: '/api/me', ...UNAUTHORIZED },
  { to: '/api/me', token: { expiresIn: -3600 }, ...UNAUTHORIZED },
  { to: '/api/me', token: {}, status: 200 },
];

const SECURE = [
  { to: '/api/secure', ...UNAUTHORIZED },
  { to: '/api/secure', token: { certificate: client.cert }, ...UNAUTHORIZED },
  {
    to: '/api/secure',
    token: { certificate: client.cert },
    certificate: stranger,
    ...UNAUTHORIZED,
  },
  { to: '/api/secure', token: { certificate: client.cert }, certificate: client, status: 200 },
  { to: '/api/secure', token: {}, certificate: client, ...UNAUTHORIZED },
];

const EXPRESS = ['express@5'];
const FASTIFY = ['fastify@5'];

const README = {
  name: 'README.md, Express',
  text: firstSnippet(),
  packages: EXPRESS,
  settle: settled(),
  requests: FIRST,
};

/** Where each is from is in its file. */
const SEEDS = [
  {
    name: 'seeds/express-readme.mts',
    text: seed('seeds/express-readme.mts'),
    packages: EXPRESS,
    settle: settled(),
    requests: QUICK_START,
  },
  {
    name: 'seeds/express-basic.mts',
    text: seed('seeds/express-basic.mts'),
    packages: EXPRESS,
    settle: settled(),
    requests: WIRING,
  },
  {
    name: 'seeds/express-claims.mts',
    text: seed('seeds/express-claims.mts', LISTEN),
    packages: EXPRESS,
    settle: settled(),
    requests: ME,
  },
  {
    name: 'augmented/express-augmentation.mts',
    text: seed('augmented/express-augmentation.mts', LISTEN),
    packages: EXPRESS,
    settle: settled(),
    requests: ME,
  },
  {
    name: 'seeds/express-advanced.mts',
    text: seed('seeds/express-advanced.mts', {
      before: "import cookieParser from 'cookie-parser';\napp.use(cookieParser());\n",
      ...LISTEN,
    }),
    packages: [...EXPRESS, 'cookie-parser@1', 'redis@5'],
    settle: (project) => named(project, 'acme.us.monocloud.app'),
    requests: SECURE,
    skip: noRedis,
  },
  {
    name: 'seeds/fastify-readme.mts',
    text: seed('seeds/fastify-readme.mts'),
    packages: FASTIFY,
    settle: settled(),
    requests: QUICK_START,
  },
  {
    name: 'seeds/fastify-basic.mts',
    text: seed('seeds/fastify-basic.mts'),
    packages: FASTIFY,
    settle: settled(),
    requests: WIRING,
  },
  {
    name: 'seeds/fastify-claims.mts',
    text: seed('seeds/fastify-claims.mts', LISTEN_FASTIFY),
    packages: FASTIFY,
    settle: settled(),
    requests: ME,
  },
  {
    name: 'augmented/fastify-augmentation.mts',
    text: seed('augmented/fastify-augmentation.mts', LISTEN_FASTIFY),
    packages: FASTIFY,
    settle: settled(),
    requests: ME,
  },
  {
    name: 'seeds/fastify-many-routes.mts',
    text: seed('seeds/fastify-many-routes.mts', LISTEN_FASTIFY),
    packages: FASTIFY,
    settle: settled(),
    requests: [
      { to: '/admin/users', ...UNAUTHORIZED },
      { to: '/admin/users', token: {}, ...FORBIDDEN },
      { to: '/admin/users', token: { scopes: ['admin'] }, status: 200 },
    ],
  },
  {
    name: 'augmented/fastify-advanced.mts',
    text: seed('augmented/fastify-advanced.mts', {
      before: "import cookie from '@fastify/cookie';\nawait fastify.register(cookie);\n",
      ...LISTEN_FASTIFY,
    }),
    packages: [...FASTIFY, '@fastify/cookie@11', 'redis@5'],
    settle: (project) => named(project, 'acme.us.monocloud.com'),
    requests: SECURE,
    skip: noRedis,
  },
  {
    name: 'seeds/fastify-install-guide.mts',
    text: seed('seeds/fastify-install-guide.mts'),
    packages: [...FASTIFY, 'dotenv'],
    settle: settled({ dotenv: true }),
    requests: [
      { to: '/api/data', ...UNAUTHORIZED },
      { to: '/api/data', token: { expiresIn: -3600 }, ...UNAUTHORIZED },
      { to: '/api/data', token: {}, status: 200, json: { message: 'Protected data' } },
    ],
    prints: /Server running on http:\/\/localhost:3000/,
  },
  {
    name: 'seeds/fastify-mtls.mts',
    text: seed('seeds/fastify-mtls.mts'),
    packages: [...FASTIFY, 'dotenv'],
    settle: settled({ dotenv: true, tls: true }),
    requests: [
      { to: '/api/data', certificate: client, ...UNAUTHORIZED },
      { to: '/api/data', token: {}, certificate: client, ...UNAUTHORIZED },
      { to: '/api/data', token: { certificate: client.cert }, ...UNAUTHORIZED },
      {
        to: '/api/data',
        token: { certificate: client.cert },
        certificate: stranger,
        ...UNAUTHORIZED,
      },
      { to: '/api/data', token: { certificate: client.cert }, certificate: client, status: 200 },
    ],
    prints: /HTTPS server running on https:\/\/localhost:3000/,
  },
];

module.exports = { README, SEEDS };
