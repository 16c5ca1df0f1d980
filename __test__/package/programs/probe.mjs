// What the installed package does in whatever runs this: one line of JSON for each thing tried, its
// name and what came of it. Copied into a project that has the package and the frameworks.
//
//   probe.mjs FASTIFY     the name under which Fastify is installed; in `input.json` is an https tenant,
//                         `{ options, token }`, that asks for a client certificate

import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import * as root from '@monocloud/backend-node';
import * as expressEntry from '@monocloud/backend-node/express';
import * as fastifyEntry from '@monocloud/backend-node/fastify';
import * as internal from '@monocloud/backend-node/internal';
import * as cache from '@monocloud/backend-node/cache';
import * as issuers from '@monocloud/backend-node/issuers';
import * as redis from '@monocloud/backend-node/redis';
import * as testing from '@monocloud/backend-node/testing';
import * as utils from '@monocloud/backend-node/utils';
import express from 'express';

const require = createRequire(import.meta.url);
const Fastify = require(process.argv[2]);
const { MonoCloudBackendNodeClient, MonoCloudHttpError, MonoCloudTokenError } = root;

const LIMIT_MS = 30_000;
const tenant = await testing.createTestTenant();

/** What is said of a thing that was tried: the value that it came to, or how it failed. */
async function attempt(name, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came within ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  try {
    console.log(JSON.stringify([name, (await Promise.race([work(), late])) ?? 'ok']));
  } catch (error) {
    console.log(JSON.stringify([name, `${error.name}: ${error.message}`]));
  } finally {
    clearTimeout(timer);
  }
}

const refusal = (promise) =>
  promise.then(
    () => assert.fail('the token passed'),
    (error) => error,
  );

/** The statuses of a guarded API: no token, a good one, one without the scope, one with it. */
async function statuses(origin) {
  const ask = async (path, options) => {
    const authorization = options && `Bearer ${await tenant.issueToken(options)}`;
    const response = await fetch(origin + path, {
      headers: authorization ? { authorization } : {},
    });
    await response.text();
    return response.status;
  };
  return [
    await ask('/me'),
    await ask('/me', {}),
    await ask('/write', { scopes: ['read'] }),
    await ask('/write', { scopes: ['read', 'write'] }),
  ];
}

await attempt('require and import', () => {
  const entries = {
    '@monocloud/backend-node': root,
    '@monocloud/backend-node/express': expressEntry,
    '@monocloud/backend-node/fastify': fastifyEntry,
    '@monocloud/backend-node/internal': internal,
    '@monocloud/backend-node/cache': cache,
    '@monocloud/backend-node/issuers': issuers,
    '@monocloud/backend-node/redis': redis,
    '@monocloud/backend-node/testing': testing,
    '@monocloud/backend-node/utils': utils,
  };
  for (const [entry, imported] of Object.entries(entries)) {
    const required = require(entry);
    const names = Object.keys(required).sort();
    assert.ok(names.length > 0, entry);
    // Node.js adds names of its own to what it imports of CommonJS, but these are ES modules.
    assert.deepEqual(Object.keys(imported).sort(), names, entry);
    for (const name of names) assert.equal(imported[name], required[name], `${entry} ${name}`);
  }
  assert.match(require('@monocloud/backend-node/package.json').version, /^\d/);
});

await attempt('a JWT', async () => {
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  const token = await tenant.issueToken({ subject: 'ada' });
  const all = await Promise.all(
    Array.from({ length: 50 }, () => client.validateAccessToken(token)),
  );
  assert.deepEqual([...new Set(all.map(({ sub }) => sub))], ['ada']);
});

await attempt('every algorithm', async () => {
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  for (const alg of ['RS256', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']) {
    assert.equal(
      (await client.validateAccessToken(await tenant.issueToken({ alg }))).sub,
      'test-user',
    );
  }
});

await attempt('refusals', async () => {
  const required = require('@monocloud/backend-node');
  const client = new required.MonoCloudBackendNodeClient(tenant.clientOptions());
  const token = await tenant.issueToken({ expiresIn: -3600 });
  const error = await refusal(client.validateAccessToken(token));
  assert.ok(error instanceof MonoCloudTokenError, 'import and require have one class');
  assert.deepEqual(
    [error.name, error.code, error.reason],
    ['MonoCloudTokenError', 'invalid_token', 'expired'],
  );
  assert.ok(!`${error.stack}${error.message}`.includes(token));
});

await attempt('an opaque token', async () => {
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  const token = await tenant.issueOpaqueToken({ subject: 'ada' });
  assert.equal((await client.validateAccessToken(token)).sub, 'ada');
  tenant.revoke(token);
  assert.equal((await refusal(client.validateAccessToken(token))).code, 'inactive_token');
});

await attempt('a tenant that is away', async () => {
  const gone = await testing.createTestTenant({ algorithms: ['ES256'] });
  const token = await gone.issueToken();
  await gone.close();
  const client = new MonoCloudBackendNodeClient(gone.clientOptions());
  assert.ok((await refusal(client.validateAccessToken(token))) instanceof MonoCloudHttpError);
});

await attempt('a fetcher', async () => {
  const asked = [];
  const fetcher = (url, init) => {
    asked.push(url);
    return fetch(url, init);
  };
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions({ fetcher }));
  assert.equal((await client.validateAccessToken(await tenant.issueToken())).sub, 'test-user');
  assert.equal(asked.length, 2);
});

await attempt('a fetcher that is told to stop', async () => {
  const silent = http.createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  let stopped;
  const fetcher = (_url, init) => {
    const request = fetch(`http://127.0.0.1:${silent.address().port}/`, init);
    stopped = new Promise((resolve) => init.signal.addEventListener('abort', resolve));
    return request;
  };
  const options = tenant.clientOptions({ fetcher, responseTimeout: 1000 });
  const client = new MonoCloudBackendNodeClient(options);
  const error = await refusal(client.validateAccessToken(await tenant.issueToken()));
  assert.equal(error.name, 'MonoCloudHttpError');
  await stopped;
  silent.closeAllConnections?.();
  silent.close();
});

await attempt('resolvers', async () => {
  const { jwks_uri: uri, ...metadata } = await (
    await fetch(`${tenant.tenantDomain}/.well-known/openid-configuration`)
  ).json();
  const jwks = await (await fetch(uri)).json();
  const client = new MonoCloudBackendNodeClient(
    tenant.clientOptions({
      metadataResolver: async () => ({ ...metadata, jwks_uri: uri }),
      jwksResolver: async () => jwks,
    }),
  );
  const before = tenant.requests;
  assert.equal((await client.validateAccessToken(await tenant.issueToken())).sub, 'test-user');
  assert.deepEqual(tenant.requests, before);
});

await attempt('a cache', async () => {
  const entries = new Map();
  const cache = {
    get: async (token) => entries.get(token),
    set: async (token, claims) => void entries.set(token, claims),
    delete: async (token) => void entries.delete(token),
  };
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions({ cache }));
  const token = await tenant.issueToken();
  await client.validateAccessToken(token);
  assert.equal(entries.size, 1);
  assert.equal((await client.validateAccessToken(token)).sub, 'test-user');
});

await attempt('rotation', async () => {
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  await client.validateAccessToken(await tenant.issueToken());
  await tenant.rotateKeys();
  assert.equal((await client.validateAccessToken(await tenant.issueToken())).sub, 'test-user');
});

await attempt('diagnostics channels', async () => {
  const heard = [];
  diagnostics
    .channel('@monocloud/backend-node:refused')
    .subscribe(({ reason }) => heard.push(reason));
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  await refusal(client.validateAccessToken(await tenant.issueToken({ audience: 'https://other' })));
  assert.deepEqual(heard, ['audience_mismatch']);
});

await attempt('clients that are forgotten', async () => {
  const token = await tenant.issueToken();
  for (let count = 0; count < 500; count += 1) {
    const client = new MonoCloudBackendNodeClient(
      tenant.clientOptions({ fetcher: (url, init) => fetch(url, init) }),
    );
    if (count % 100 === 0) {
      globalThis.Bun?.gc(true);
      globalThis.gc?.();
    }
    if (count % 50 === 0) assert.equal((await client.validateAccessToken(token)).sub, 'test-user');
  }
});

await attempt('Express', async () => {
  const protect = expressEntry.protectApi(tenant.clientOptions());
  const app = express();
  app.get('/me', protect(), (req, res) => res.json(req.claims));
  app.get('/write', protect({ scopes: ['write'] }), (_req, res) => res.json({}));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answers = await statuses(`http://127.0.0.1:${server.address().port}`);
  server.closeAllConnections?.();
  server.close();
  return answers;
});

await attempt('Fastify', async () => {
  const protect = fastifyEntry.protectApi(tenant.clientOptions());
  const app = Fastify();
  app.get('/me', { onRequest: protect() }, async (request) => request.claims);
  app.get('/write', { onRequest: protect({ scopes: ['write'] }) }, async () => ({}));
  const answers = await statuses(await app.listen({ port: 0, host: '127.0.0.1' }));
  await app.close();
  return answers;
});

await attempt('helpers', async () => {
  const secret = 'a secret of the probe';
  const sealed = await utils.encryptSession({ user: { sub: 'ada' } }, secret, 60);
  assert.deepEqual(await utils.decryptSession(sealed, secret), { user: { sub: 'ada' } });
  assert.ok(utils.generateState().length > 20);
  assert.ok((await utils.generatePKCE()).codeChallenge);
  assert.ok(internal.isAbsoluteUrl('https://example.com'));
});

await attempt('worker threads', async () => {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { MonoCloudBackendNodeClient } = require(workerData.entry);
    const client = new MonoCloudBackendNodeClient(workerData.options);
    client.validateAccessToken(workerData.token).then(
      ({ sub }) => parentPort.postMessage(sub),
      (error) => parentPort.postMessage(error.message),
    );`;
  const names = ['ada', 'bob', 'eve'];
  const heard = names.map(async (subject) => {
    const workerData = {
      entry: require.resolve('@monocloud/backend-node'),
      options: tenant.clientOptions(),
      token: await tenant.issueToken({ subject }),
    };
    const worker = new Worker(source, { eval: true, workerData });
    const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    return message;
  });
  assert.deepEqual(await Promise.all(heard), names);
});

await attempt('worker threads that are terminated', async () => {
  const silent = http.createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { MonoCloudBackendNodeClient } = require(workerData.entry);
    const waiting = new MonoCloudBackendNodeClient(workerData.options);
    waiting.validateAccessToken(workerData.token);
    parentPort.postMessage('waiting');`;
  const options = tenant.clientOptions({
    tenantDomain: `http://127.0.0.1:${silent.address().port}`,
  });
  const token = await tenant.issueToken();
  for (let count = 0; count < 10; count += 1) {
    const workerData = { entry: require.resolve('@monocloud/backend-node'), options, token };
    const worker = new Worker(source, { eval: true, workerData });
    await once(worker, 'message');
    await worker.terminate();
  }
  silent.closeAllConnections?.();
  silent.close();
});

await attempt('a tenant over TLS, with a client certificate', async () => {
  const { options, token } = JSON.parse(fs.readFileSync('input.json', 'utf8'));
  assert.equal(
    (await new MonoCloudBackendNodeClient(options).validateAccessToken(token)).sub,
    'user',
  );
  const { tls, ...without } = options;
  assert.ok(tls.ca && tls.key);
  const error = await refusal(new MonoCloudBackendNodeClient(without).validateAccessToken(token));
  assert.ok(error instanceof MonoCloudHttpError);
});

// The tenant does not keep the process, and nothing else is left: a call that waits does, until it has
// been answered. Then the process ends by itself.
const last = new MonoCloudBackendNodeClient(tenant.clientOptions());
last
  .validateAccessToken(await tenant.issueToken())
  .then(() => console.log(JSON.stringify(['the end', 'ok'])));
