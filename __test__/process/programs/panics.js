'use strict';

// Panics in each export of the native core, in a process of its own, whose stderr is looked at, too.

const { inspect } = require('node:util');
const { injectPanic } = require('../../../js/binding.js');
const { MonoCloudAuthBaseError, MonoCloudBackendNodeClient } = require('../../../js/index.js');
const { describeKeys } = require('../../../js/core/bridge.js');

const BRIDGE = require.resolve('../../../js/core/bridge.js');

/**
 * Each export: `use` is what is called, tried before, then and after; `place` is where it panics, its name
 * unless it says otherwise.
 */
const EXPORTS = {
  createClient: { use: ({ build }) => build().stats().accepted >= 0 },
  settings: { use: ({ build }) => build().stats().accepted >= 0 },
  validateFunction: {
    use: ({ client, input, other, insufficient }) =>
      client.validateAccessToken(input.token, { scopes: [other()] }).catch(insufficient),
  },
  'validate, called': { use: ({ client, input }) => client.validateAccessToken(input.token) },
  validate: { use: ({ client, input }) => client.validateJwtAccessToken(input.token) },
  'validate, with keys': {
    place: 'validate',
    use: ({ client, input }) => client.validateJwtAccessToken(input.token, { jwks: input.jwks }),
  },
  'validate, by introspection': {
    place: 'validate',
    use: ({ client, input }) => client.introspectAccessToken(input.opaque),
  },
  // Of a token that was seen before, whose claims are to be kept from now on.
  claimsOf: { use: ({ seenAgain }) => seenAgain() },
  setKept: { use: ({ seenAgain }) => seenAgain(), heals: true },
  // ES256, which another thread verifies where there are two cores, and many at once.
  'verify pool': { use: ({ together }) => together(), threads: true },
  // What was told of is collected at a second attempt.
  collect: { use: ({ client, input }) => client.introspectAccessToken(input.opaque), heals: true },
  'validate, later': {
    place: 'later',
    use: ({ resolving, input }) => resolving().validateAccessToken(input.token),
  },
  'introspection, later': {
    place: 'later',
    use: ({ client, input }) => client.introspectAccessToken(input.opaque),
  },
  'document, later (metadata)': { place: 'later', use: ({ client }) => client.getMetadata() },
  'document, later (keys)': { place: 'later', use: ({ client }) => client.getJwks(true) },
  document: { use: ({ client }) => client.getMetadata(true) },
  stats: { use: ({ client }) => client.stats().accepted >= 0 },
  adoptMetadata: { use: ({ replaced, input }) => replaced.validateAccessToken(input.token) },
  setClock: {
    use: ({ client }) => client.setClockSkew(1) ?? client.setClockTolerance(200) ?? true,
  },
  isIntrospected: { use: ({ cached, input }) => cached.validateAccessToken(input.token) },
  checkClaims: { use: ({ cached, input }) => cached.validateAccessToken(input.token) },
  describeCertificate: { use: ({ describe }) => describe() },
  explain: { use: ({ client, input }) => client.explain(input.token) },
  'explain, later': { place: 'later', use: ({ client, input }) => client.explain(input.opaque) },
  describeKeys: { use: ({ input }) => describeKeys(JSON.stringify(input.jwks)) },
  // These two end an exchange of the caller's own fetcher.
  replied: {
    use: ({ fetching, input }) => fetching().validateAccessToken(input.token),
    http: true,
  },
  failed: {
    use: ({ failing, input }) => failing().validateAccessToken(input.token),
    http: true,
    fails: true,
  },
  // What is called as the package is loaded.
  'new Bridge': { use: ({ reload }) => reload() },
  optionTable: { use: ({ reload }) => reload() },
  environmentNames: { use: ({ reload }) => reload() },
};

async function attempt(work) {
  try {
    const value = await work();
    // The rest of some claims is the time.
    return { value: typeof value === 'object' ? (value.sub ?? value) : value };
  } catch (error) {
    const { name, message, stack } = error;
    const isOurs = error instanceof MonoCloudAuthBaseError;
    return { name, message, isOurs, shown: stack + inspect(error, { depth: 9 }) };
  }
}

function memoryCache() {
  const store = new Map();
  return {
    get: async (token) => store.get(token),
    set: async (token, claims) => store.set(token, claims),
    delete: async (token) => store.delete(token),
  };
}

function reload() {
  delete require.cache[BRIDGE];
  return typeof require(BRIDGE).call;
}

module.exports = async ({ input, say }) => {
  const build = (more) => new MonoCloudBackendNodeClient({ ...input.options, ...more });
  const client = build();
  const cached = build({ cache: memoryCache() });
  const replaced = build();
  const metadata = await client.getMetadata();
  replaced.getMetadata = async () => metadata;
  await cached.validateAccessToken(input.token);
  await client.validateAccessToken(input.token);
  let broken = false;
  const seen = input.fresh.splice(0, 6);
  for (const token of seen) await client.validateAccessToken(token);
  let made = 0;
  const parts = {
    input,
    build,
    client,
    cached,
    replaced,
    reload,
    // Clients whose keys nobody else has fetched.
    resolving: () => build({ jwksResolver: () => input.jwks }),
    fetching: () => build({ fetcher: (url, init) => fetch(url, init) }),
    failing: () =>
      build({
        responseTimeout: 1000,
        fetcher: async (url, init) => {
          if (broken) throw new Error('broken');
          return fetch(url, init);
        },
      }),
    async seenAgain(token = seen.pop()) {
      // One of sixteen has its claims kept.
      for (let time = 1; time < 16; time += 1) await client.validateAccessToken(token);
      return client.validateAccessToken(token);
    },
    async together() {
      const tokens = Array.from({ length: input.many }, () => input.fresh.pop());
      const all = tokens.map((token) => client.validateAccessToken(token));
      const failed = (await Promise.allSettled(all)).find(({ reason }) => reason);
      if (failed) throw failed.reason;
      return 'all';
    },
    other() {
      made += 1;
      return `other:${made}`;
    },
    insufficient(error) {
      if (error.code !== 'insufficient_scope') throw error;
      return error.code;
    },
    async describe() {
      const clientCertificate = input.certificate;
      const error = await client
        .validateAccessToken(input.bound, { clientCertificate })
        .catch((failure) => failure);
      return error.certificate.subject;
    },
  };
  for (const [name, { use, place = name, fails }] of Object.entries(EXPORTS)) {
    const before = await attempt(() => use(parts));
    injectPanic(place, input.secret);
    broken = Boolean(fails);
    const amid = await attempt(() => use(parts));
    broken = false;
    // None may be left over for another.
    injectPanic('nowhere', '');
    const after = await attempt(() => use(parts));
    say({ name, before, amid, after });
  }
};

module.exports.EXPORTS = EXPORTS;
