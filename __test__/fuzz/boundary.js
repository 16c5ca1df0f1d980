'use strict';

// The JavaScript boundary, called with what no type allows. Run by boundary.test.js, in a process of its
// own: what is looked for is also a crash and a hang. Says as JSON what it has found.
//
//   SEED=… FUZZ_SECONDS=… node __test__/fuzz/boundary.js     (VERBOSE=1: each call, before it is made)

const { inspect } = require('node:util');
const { ENDLESS, Hostile, hostile, withGetters } = require('../support/hostile.js');
const { randomOf, seedOf } = require('../support/random.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { byTarget, call, counts, findings, found, is } = require('./harness.js');
const root = require('../../js/index.js');
const redis = require('../../js/redis/index.js');
const testing = require('../../js/testing/index.js');
const express = require('../../js/express/index.js');
const fastify = require('../../js/fastify/index.js');

const { MonoCloudAuthBaseError, MonoCloudValidationError } = root;
const { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient } = root;

const seconds = Number(process.env.FUZZ_SECONDS ?? 6);
const seed = seedOf({ long: process.env.FUZZ_SECONDS !== undefined });
const { next: random, pick: one } = randomOf(seed);
const any = () => hostile(random);

const OPTIONS = [
  ...require('../../js/core/bridge.js').optionTable.map(({ name }) => name),
  'tokenResolver',
  'certificateResolver',
];
const ROUTE = ['scopes', 'groups', 'validateCertificateBinding', 'clientCertificate', 'jwks'];

const isOurs = (error) => is(error, MonoCloudAuthBaseError);
const isMisuse = (error) => is(error, MonoCloudValidationError);

async function main() {
  const tenant = await startFaultyTenant();
  tenant.server.unref();
  tenant.server.on('connection', (socket) => socket.unref());
  const good = tenant.token();
  const config = tenant.options({ ...tenant.credentials, responseTimeout: 1000 });
  const client = new MonoCloudBackendNodeClient(config);
  await client.validateAccessToken(good);
  const jwks = await client.getJwks();

  /** Options of which one, or some, or all are hostile. */
  const options = (names, rest) => {
    const shape = random();
    if (shape < 0.2) return any();
    if (shape < 0.4) return Object.assign(withGetters(names, random), {});
    if (shape < 0.5) return withGetters(names, random);
    const hostileOnes = Object.create(null);
    const list = one(['scopes', 'groups', 'trustProxy', 'algorithms']);
    if (names.includes(list) && random() < 0.1) return { ...rest, [list]: one(ENDLESS)() };
    for (let i = 0; i < 1 + random() * 2; i += 1) {
      const path = one(names).split('.');
      if (path.length === 1) hostileOnes[path[0]] = any();
      else hostileOnes[path[0]] = random() < 0.3 ? any() : { [path[1]]: any() };
    }
    return { ...rest, ...hostileOnes };
  };
  const optionsOrNothing = (...how) => {
    try {
      return options(...how);
    } catch {
      // A getter that threw as it was copied.
      return withGetters(how[0], random);
    }
  };

  /** A hostile token must never pass; a good one with hostile demands may be refused or not. */
  async function validating(where, work, token) {
    const { thrown, value } = await call(where, work, isOurs);
    if (!thrown && value !== undefined && token !== good) {
      found('acceptedWrongly', where, { value: inspect(value).slice(0, 200) });
    }
  }

  const response = () => {
    const answer = { headersSent: false };
    const chained = (work) => (value) => {
      work(value);
      return answer;
    };
    const status = chained((code) => {
      answer.code = code;
    });
    const ignored = chained(() => {});
    Object.assign(answer, { status, set: ignored, header: ignored, json: ignored });
    answer.send = async () => {
      answer.sent = true;
    };
    answer.hijack = () => answer;
    return answer;
  };

  /** One request through a guard: it never throws, and lets nobody in who has no good token. */
  async function request(where, protect, adapter) {
    let passed = false;
    const answer = response();
    const authorization = one([`Bearer ${good.slice(0, -6)}`, undefined, any(), 'Bearer a.b.c']);
    const incoming = { headers: { authorization }, socket: {}, rawHeaders: [] };
    incoming.raw = incoming;
    const work = async () => {
      const guard = protect();
      if (adapter === express)
        await guard(incoming, answer, () => { passed = true; }); // biome-ignore format: one a line
      else passed = (await guard(incoming, answer)) === undefined && !answer.sent;
    };
    await call(where, work, () => false);
    if (!passed && ![401, 403, 500, 503].includes(answer.code)) {
      found('undocumented', where, { answer: answer.code });
    }
    return passed;
  }

  const TARGETS = {
    'new MonoCloudBackendNodeClient': () =>
      call(
        'new MonoCloudBackendNodeClient',
        () => {
          new MonoCloudBackendNodeClient(optionsOrNothing(OPTIONS, config));
        },
        isMisuse,
      ),
    'new MonoCloudOidcBackendClient': () =>
      call(
        'new MonoCloudOidcBackendClient',
        () => {
          const domain = one([config.tenantDomain, any()]);
          const audience = one([config.audience, any()]);
          new MonoCloudOidcBackendClient(domain, audience, optionsOrNothing(OPTIONS, {}));
        },
        isMisuse,
      ),
    methods: async () => {
      const method = one([
        'validateAccessToken',
        'validateJwtAccessToken',
        'introspectAccessToken',
      ]);
      // The tenant calls every opaque token active: there a hostile one that is text may pass.
      const token = one([good, good, any()]);
      const how = random() < 0.2 ? undefined : optionsOrNothing(ROUTE, {});
      const opaque = typeof token === 'string' && token.split('.').length !== 3;
      const may = opaque || method === 'introspectAccessToken' ? good : token;
      await validating(method, () => client[method](token, how), may);
    },
    documents: () => {
      const method = one(['getMetadata', 'getJwks']);
      return call(method, () => client[method](any()), isOurs);
    },
    clock: async () => {
      const method = one(['setClockSkew', 'setClockTolerance']);
      // Not on the client that good tokens are tried with.
      const other = new MonoCloudBackendNodeClient(config);
      await call(method, () => other[method](any()), isMisuse);
    },
    decodeJwt: () =>
      call(
        'decodeJwt',
        () => MonoCloudBackendNodeClient.decodeJwt(any()),
        (error) => is(error, root.MonoCloudTokenError),
      ),
    functions: async () => {
      const gives = () => one([() => any(), async () => any(), () => { throw any(); }, async () => { throw any(); }])(); // biome-ignore format: one a line
      const own = one([
        { fetcher: gives },
        {
          fetcher: () => ({
            status: one([200, 500, any()]),
            statusText: any(),
            headers: one([any(), {}]),
            [one(['body', 'arrayBuffer', 'text', 'json'])]: one([any, gives, any()]),
          }),
        },
        { metadataResolver: gives },
        { jwksResolver: gives },
        { cache: { get: gives, set: gives, delete: gives }, cacheTimeout: 50 },
        { cache: { get: gives, set: async () => {}, delete: async () => {} }, cacheTimeout: 50 },
      ]);
      const name = Object.keys(own)[0];
      let other;
      await call(
        `with its own ${name}`,
        () => {
          other = new MonoCloudBackendNodeClient({ ...config, ...own });
        },
        isMisuse,
      );
      const bad = tenant.token({ exp: 1 });
      await validating(`with its own ${name}`, () => other.validateAccessToken(bad), bad);
      await validating(`with its own ${name}`, () => other.validateAccessToken(good), good);
    },
    replaced: async () => {
      const other = new MonoCloudBackendNodeClient(config);
      const name = one(['getJwks', 'getMetadata']);
      other[name] = one([async () => any(), () => any(), async () => ({ keys: any() })]);
      // What the caller's own method throws is the caller's; of a revoked proxy it is JavaScript's.
      const allowed = (error) => isOurs(error) || is(error, Hostile) || is(error, TypeError);
      await call(`with another ${name}`, () => other.validateAccessToken(good), allowed);
    },
    jwks: async () => {
      const keys = one([
        any(),
        [any()],
        [{ ...jwks.keys[0], [one(['kid', 'alg', 'x', 'kty'])]: any() }],
      ]);
      const work = () => client.validateJwtAccessToken(good, { jwks: one([{ keys }, keys]) });
      await validating('jwks', work, good);
    },
    protectApi: async () => {
      const adapter = one([express, fastify]);
      let protect;
      await call(
        'protectApi',
        () => {
          protect =
            random() < 0.5
              ? adapter.protectApi(optionsOrNothing(OPTIONS, config))
              : adapter.protectApi(
                  client,
                  optionsOrNothing(['tokenResolver', 'certificateResolver'], {}),
                );
        },
        isMisuse,
      );
      if (protect) await call('protect', () => protect(optionsOrNothing(ROUTE, {})), isMisuse);
    },
    requests: async () => {
      const adapter = one([express, fastify]);
      const gives = () => one([() => any(), async () => any(), () => { throw any(); }])(); // biome-ignore format: one a line
      const own = one([
        { tokenResolver: gives },
        { certificateResolver: gives },
        { tokenResolver: gives, certificateResolver: gives },
      ]);
      const passed = await request('a request', adapter.protectApi(client, own), adapter);
      // The tenant calls every opaque token active.
      if (passed && !own.tokenResolver) found('acceptedWrongly', 'a request');
      const fake = { validateAccessToken: () => { throw any(); } }; // biome-ignore format: one a line
      if (await request('a failing client', adapter.protectApi(fake), adapter)) {
        found('acceptedWrongly', 'a failing client');
      }
    },
    certificates: async () => {
      const adapter = one([express, fastify]);
      const { certificateFromHeader, certificateFromSocket } = adapter;
      const names = ['format', 'header', 'trustProxy'];
      const format = one(['nginx', 'aws-alb', 'envoy', 'haproxy', 'apache', 'rfc9440']);
      const rest = { format, header: 'x-cert', trustProxy: '127.0.0.1' };
      await call(
        'certificateFromHeader',
        () => {
          certificateFromHeader(optionsOrNothing(names, rest));
        },
        isMisuse,
      );
      const text = () => String(one([any, () => 'a'])().toString?.() ?? '');
      const values = [0, 1, 2].map(() => { try { return text(); } catch { return '\0'; } }); // biome-ignore format: one a line
      const raw = {
        rawHeaders: ['x-cert', values[0], 'X-Cert', values[1]].slice(0, one([0, 2, 4])),
        socket: { remoteAddress: one(['127.0.0.1', '::1', '', undefined, values[2]]) },
      };
      const resolver = certificateFromHeader(rest);
      const { value } = await call(
        'a header',
        () => resolver({ ...raw, raw }),
        () => false,
      );
      if (typeof value !== 'string') found('undocumented', 'a header', value);
      await call(
        'certificateFromSocket',
        () => certificateFromSocket(any())({ ...raw, raw }),
        () => false,
      );
    },
    caches: async () => {
      await call(
        'createRedisCache',
        () => {
          redis.createRedisCache(
            any(),
            optionsOrNothing(['prefix', 'tenantDomain', 'secret'], config),
          );
        },
        isMisuse,
      );
      let cache;
      await call(
        'createMemoryCache',
        () => {
          cache = redis.createMemoryCache(optionsOrNothing(['maxEntries'], {}));
        },
        isMisuse,
      );
      cache ??= redis.createMemoryCache();
      await call('cache.get', () => cache.get(any()), isMisuse);
      await call('cache.set', () => cache.set(any(), any(), one([any(), 2e9])), isMisuse);
      await call('cache.delete', () => cache.delete(any()), isMisuse);
    },
    // Its errors are TypeErrors, as its types say; and what a caller's getter throws is the caller's.
    testing: async () => {
      const documented = (error) => is(error, TypeError) || is(error, Hostile);
      const names = ['audience', 'clientId', 'clientSecret', 'algorithms', 'port'];
      await call(
        'createTestTenant',
        async () => {
          const made = await testing.createTestTenant(
            optionsOrNothing(names, { algorithms: ['ES256'] }),
          );
          await made.close();
        },
        (error) => documented(error) || /^E(ACCES|ADDRINUSE)$/.test(error?.code),
      );
    },
    tokens: async () => {
      const documented = (error) => is(error, TypeError) || is(error, Hostile);
      const names = [
        'claims',
        'scopes',
        'groups',
        'expiresIn',
        'audience',
        'subject',
        'alg',
        'kid',
      ];
      const of = one(['issueToken', 'issueOpaqueToken', 'revoke', 'clientOptions', 'rotateKeys']);
      const work = () => toy[of](one([any(), optionsOrNothing(names, {})]));
      await call(`tenant.${of}`, work, documented);
    },
    errors: async () => {
      const name = one(Object.keys(require('../../js/errors.js')));
      const message = any();
      // As JavaScript's own: what can't be a text can't be its message.
      let own;
      try {
        new Error(message);
      } catch (error) {
        own = error;
      }
      await call(
        'an error class',
        () => {
          new root[name](message, any(), any());
        },
        (error) => own !== undefined || is(error, Hostile) || is(error, TypeError),
      );
    },
  };

  const toy = await testing.createTestTenant({ algorithms: ['ES256'] });
  const names = Object.keys(TARGETS);
  const end = Date.now() + seconds * 1000;
  const most = Number(process.env.FUZZ_INPUTS ?? Number.POSITIVE_INFINITY);
  while (Date.now() < end && counts.inputs < most && findings.length < 20) {
    await TARGETS[one(names)]();
  }
  // After all that, all is well.
  const { value } = await call('afterwards', () => client.validateAccessToken(good), isOurs);
  if (value?.sub !== 'user') found('unhandled', 'afterwards', value);
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log(JSON.stringify({ seed, counts, findings, byTarget }));
  process.exit(findings.length === 0 ? 0 : 1);
}

console.error(`SEED=${seed}`);
main().catch((error) => {
  console.error(error);
  process.exit(2);
});
