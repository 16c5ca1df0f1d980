'use strict';

// What once fell over at the boundary, or stumbled people who switch, each named after what happened.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');

const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { createMemoryCache } = require('@monocloud/backend-node/cache');
const express = require('@monocloud/backend-node/express');
const fastify = require('@monocloud/backend-node/fastify');
const { createRedisCache } = require('@monocloud/backend-node/redis');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { get } = require('../support/http.js');

const run = promisify(execFile);
const BASE = { tenantDomain: 'https://tenant.example', audience: 'https://api.example.com' };

let tenant;
before(async () => {
  tenant = await createTestTenant({
    algorithms: ['ES256'],
    audience: 'https://api.example.com',
  });
});
after(() => tenant?.close());

/** Runs `work` while an enumerable property is on Object.prototype. */
function whilePolluted(name, value, work) {
  Object.defineProperty(Object.prototype, name, { value, enumerable: true, configurable: true });
  try {
    return work();
  } finally {
    delete Object.prototype[name];
  }
}

describe('a misspelt option was a default in silence', () => {
  const client = () => new MonoCloudBackendNodeClient(BASE);
  const redis = { isOpen: true, get() {}, set() {}, del() {} };
  const CASES = [
    ['scope', 'scopes', (name) => express.protectApi(client())({ [name]: ['admin'] })],
    ['group', 'groups', (name) => fastify.protectApi(client())({ [name]: ['admin'] })],
    ['anyScopes', 'anyScope', (name) => express.protectApi(client())({ [name]: ['admin'] })],
    ['optionnal', 'optional', (name) => fastify.protectApi(client())({ [name]: true })],
    [
      'validateCertificatebinding',
      'validateCertificateBinding',
      (name) => express.protectApi(client())({ [name]: true }),
    ],
    ['tokenresolver', 'tokenResolver', (name) => express.protectApi(client(), { [name]() {} })],
    [
      'certificateResolvers',
      'certificateResolver',
      (name) => fastify.protectApi({ ...BASE, [name]() {} }),
    ],
    [
      'introspectJWTTokens',
      'introspectJwtTokens',
      (name) => new MonoCloudBackendNodeClient({ ...BASE, [name]: true }),
    ],
    [
      'clockTolerence',
      'clockTolerance',
      (name) => new MonoCloudOidcBackendClient('t.example', BASE.audience, { [name]: 1 }),
    ],
    [
      'matchall',
      'matchAll',
      (name) => new MonoCloudBackendNodeClient({ ...BASE, groupOptions: { [name]: true } }),
    ],
    ['certs', 'cert', (name) => new MonoCloudBackendNodeClient({ ...BASE, tls: { [name]: '' } })],
    [
      'audiences',
      'audience',
      (name) =>
        new MonoCloudBackendNodeClient({ issuers: [{ issuer: 'https://a.example', [name]: 'x' }] }),
    ],
    ['maxEntry', 'maxEntries', (name) => createMemoryCache({ [name]: 1 })],
    ['secrets', 'secret', (name) => createRedisCache(redis, { ...BASE, [name]: 'x' })],
    ['formats', 'format', (name) => express.certificateFromHeader({ [name]: 'nginx' })],
    ['typebase', 'typeBase', (name) => fastify.problemDetails({ [name]: 'x' })],
  ];
  for (const [name, meant, make] of CASES) {
    it(`${name}: an error names ${meant}`, () => {
      assert.throws(
        () => make(name),
        (error) => {
          assert.ok(error instanceof MonoCloudValidationError, error.stack);
          assert.match(
            error.message,
            new RegExp(`has no option "${name}"; did you mean "${meant}"`),
          );
          return true;
        },
      );
    });
  }

  for (const method of ['validateAccessToken', 'validateJwtAccessToken', 'introspectAccessToken']) {
    it(`scope of ${method}: an error names scopes`, async () => {
      const call = client()[method]('opaque', { scope: ['admin'] });
      await assert.rejects(call, {
        name: 'MonoCloudValidationError',
        message: /did you mean "scopes"/,
      });
    });
  }
});

describe('1,500 invented opaque tokens opened 1,500 connections to the tenant', () => {
  it('now 64 are asked about at a time, and JWTs are answered meanwhile', async () => {
    let now = 0;
    let most = 0;
    const held = [];
    const fetcher = (url, init) => {
      if (init.method !== 'POST') return fetch(url, init);
      now += 1;
      most = Math.max(most, now);
      return new Promise((resolve) => {
        held.push(() => {
          now -= 1;
          resolve(Response.json({ active: false }));
        });
      });
    };
    const options = tenant.clientOptions({ fetcher, clientId: 'api', clientSecret: 'a secret' });
    const client = new MonoCloudBackendNodeClient(options);
    const invented = Array.from({ length: 1500 }, (_, number) =>
      client.validateAccessToken(`invented-${number}`).catch((error) => error),
    );
    const good = await client.validateAccessToken(await tenant.issueToken());
    assert.equal(good.sub, 'test-user');
    const waiting = setInterval(() => {
      for (const answer of held.splice(0)) answer();
    }, 1);
    const errors = await Promise.all(invented);
    clearInterval(waiting);
    assert.ok(most > 32 && most <= 64, `${most} at a time`);
    const reasons = new Set(errors.map(({ reason }) => reason));
    // 64 are asked about, 1,024 wait, and the others are told to come again.
    assert.deepEqual([...reasons].sort(), ['inactive', 'introspection_limit']);
    const refused = errors.filter(({ reason }) => reason === 'introspection_limit');
    assert.equal(refused.length, 1500 - 64 - 1024);
    assert.ok(
      refused.every(({ name, retryAfter }) => name === 'MonoCloudHttpError' && retryAfter === 1),
    );
  });
});

describe('Express 4 rejected, and the process ended', () => {
  const PROGRAM = path.join(__dirname, 'programs', 'express-4-errors.js');
  for (const fault of ['json replacer', 'claims getter', 'enumerable prototype']) {
    it(`with ${fault}: the error handler of the application answers`, async () => {
      const { stdout } = await run(process.execPath, [PROGRAM, fault], { timeout: 20_000 });
      const { status, handled, next } = JSON.parse(stdout);
      const passes = fault === 'enumerable prototype';
      assert.deepEqual(
        { status, handled },
        passes ? { status: 401, handled: 0 } : { status: 500, handled: 1 },
      );
      assert.equal(next, 0, 'the handler of the route ran');
    });
  }
});

describe('the environment was read through its prototype', () => {
  it('an enumerable function on Object.prototype made the constructor fail', () => {
    whilePolluted(
      'anything',
      () => {},
      () => new MonoCloudBackendNodeClient(BASE),
    );
  });

  it('HTTP_PROXY on Object.prototype rerouted the traffic', async () => {
    const options = tenant.clientOptions();
    const client = whilePolluted(
      'HTTP_PROXY',
      'http://127.0.0.1:9',
      () => new MonoCloudBackendNodeClient(options),
    );
    const claims = await client.validateAccessToken(await tenant.issueToken());
    assert.equal(claims.sub, 'test-user');
  });

  it('the class without an environment took an inherited variable', async () => {
    const name = 'MONOCLOUD_BACKEND_CLOCK_TOLERANCE';
    process.env[name] = 'rubbish';
    try {
      whilePolluted(name, 'rubbish', () => new MonoCloudOidcBackendClient('t.example', 'urn:x'));
    } finally {
      delete process.env[name];
    }
  });
});

describe('the hook of Fastify needed more of a reply than people mock', () => {
  it('status, header and send are enough', async () => {
    const sent = {};
    const reply = {
      status: (code) => void Object.assign(sent, { code }),
      header: (name, value) => void Object.assign(sent, { [name]: value }),
      send: (body) => void Object.assign(sent, { body }),
    };
    const hook = fastify.protectApi(new MonoCloudBackendNodeClient(BASE))();
    await hook({ headers: {} }, reply);
    const expected = { code: 401, 'WWW-Authenticate': 'Bearer', body: { message: 'unauthorized' } };
    assert.deepEqual(sent, expected);
  });

  it('a send that does nothing lets nobody in', async (t) => {
    const Fastify = require('fastify');
    const app = Fastify();
    t.after(() => app.close());
    let ran = 0;
    app.addHook('onRequest', async (_request, reply) => {
      reply.send = () => {};
    });
    app.get('/', { onRequest: fastify.protectApi(new MonoCloudBackendNodeClient(BASE))() }, () => {
      ran += 1;
      return {};
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const controller = new AbortController();
    const answer = fetch(url, { signal: controller.signal }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    controller.abort();
    await answer;
    assert.equal(ran, 0);
  });
});

describe('a client without a secret', () => {
  it('stopped an API of JWTs at start-up', async (t) => {
    const Fastify = require('fastify');
    const options = tenant.clientOptions({ clientId: 'api' });
    const app = Fastify();
    t.after(() => app.close());
    app.get('/', { onRequest: fastify.protectApi(options)() }, (request) => request.claims.sub);
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    assert.equal((await get(url, await tenant.issueToken())).status, 200);
  });
});
