'use strict';

// A panic in the native core, in each of its exports: the call that met it ends as an error of the
// documented class, which shows nothing of what was in hand, and the next call is as if nothing had been.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const os = require('node:os');
const { root, runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');
const { tally } = require('../support/tally.js');

const { injectPanic } = require('../../js/binding.js');

// The addon of `npm run build` has it. In CI it must be there.
const skip =
  injectPanic === undefined &&
  process.env.CI !== 'true' &&
  'this addon is built without panic-injection: npm run build';

// What a panic may quote.
const SECRET = 'eyJhbGciOi.a-token-of-somebody';

/** So many signatures at once take more than the calling thread's budget. */
const MANY = 60;

/** Run in a process of its own, whose stderr is looked at, too: `client` is there, and has been used. */
const PRELUDE = `
  const { injectPanic } = load('js/binding.js');
  const { MonoCloudBackendNodeClient, MonoCloudAuthBaseError } = load('js/index.js');
  const build = (more) => new MonoCloudBackendNodeClient({ ...input.options, ...more });
  const store = new Map();
  const cache = {
    get: async (token) => store.get(token),
    set: async (token, claims) => store.set(token, claims),
    delete: async (token) => store.delete(token),
  };
  const fetcher = (url, init) => fetch(url, init);
  const attempt = async (work) => {
    try {
      const value = await work();
      // The rest of some claims is the time.
      return { value: typeof value === 'object' ? (value.sub ?? value) : value };
    } catch (error) {
      const { name, message, stack } = error;
      const isOurs = error instanceof MonoCloudAuthBaseError;
      return { name, message, isOurs, shown: stack + require('node:util').inspect(error, { depth: 9 }) };
    }
  };`;

/** Each export: what is called, and in which place it panics. `use` is tried before, then and after. */
const EXPORTS = {
  createClient: 'build().stats().accepted >= 0',
  settings: 'build().stats().accepted >= 0',
  validateFunction:
    'client.validateAccessToken(input.token, { scopes: [other()] }).catch(insufficient)',
  'validate, called': 'client.validateAccessToken(input.token)',
  validate: 'client.validateJwtAccessToken(input.token)',
  'validate, with keys': [
    'validate',
    'client.validateJwtAccessToken(input.token, { jwks: input.jwks })',
  ],
  'validate, by introspection': ['validate', 'client.introspectAccessToken(input.opaque)'],
  // Of a token that was seen before, whose claims are to be kept from now on.
  claimsOf: 'seenAgain()',
  setKept: ['setKept', 'seenAgain()', { heals: true }],
  // ES256, which another thread verifies where there are two cores, and many at once.
  'verify pool': ['verify pool', 'together()', { threads: true }],
  // What was told of is collected at a second attempt.
  collect: ['collect', 'client.introspectAccessToken(input.opaque)', { heals: true }],
  'validate, later': ['later', 'resolving().validateAccessToken(input.token)'],
  'introspection, later': ['later', 'client.introspectAccessToken(input.opaque)'],
  'document, later (metadata)': ['later', 'client.getMetadata()'],
  'document, later (keys)': ['later', 'client.getJwks(true)'],
  document: 'client.getMetadata(true)',
  stats: 'client.stats().accepted >= 0',
  adoptMetadata: 'replaced.validateAccessToken(input.token)',
  setClock: 'client.setClockSkew(1) ?? client.setClockTolerance(200) ?? true',
  isIntrospected: 'cached.validateAccessToken(input.token)',
  checkClaims: 'cached.validateAccessToken(input.token)',
  describeCertificate: 'describe()',
  explain: 'client.explain(input.token)',
  'explain, later': ['later', 'client.explain(input.opaque)'],
  describeKeys: "load('js/core/bridge.js').describeKeys(JSON.stringify(input.jwks))",
  // These two end an exchange of the caller's own fetcher.
  replied: ['replied', 'fetching().validateAccessToken(input.token)', { http: true }],
  failed: ['failed', 'failing().validateAccessToken(input.token)', { http: true, fails: true }],
  // What is called as the package is loaded.
  'new Bridge': 'reload()',
  optionTable: 'reload()',
  environmentNames: 'reload()',
};

describe('a panic', { skip }, () => {
  it('in any export ends one call, and no more', async (t) => {
    assert.ok(injectPanic, 'the addon must be built with panic-injection in CI');
    const tenant = await startTenant(t);
    const cases = Object.entries(EXPORTS).map(([name, how]) => {
      const [place, use, more] = Array.isArray(how) ? how : [name, how];
      return { name, place, use, ...more };
    });
    const source = `
      ${PRELUDE}
      const client = build();
      const cached = build({ cache });
      const replaced = build();
      const metadata = await client.getMetadata();
      replaced.getMetadata = async () => metadata;
      await cached.validateAccessToken(input.token);
      await client.validateAccessToken(input.token);
      // Clients whose keys nobody else has fetched.
      const resolving = () => build({ jwksResolver: () => input.jwks });
      const fetching = () => build({ fetcher });
      const failing = () => build({
        responseTimeout: 1000,
        fetcher: async (url, init) => {
          if (broken) throw new Error('broken');
          return fetch(url, init);
        },
      });
      let broken = false;
      const reload = () => {
        const file = require.resolve(input.root + '/js/core/bridge.js');
        delete require.cache[file];
        return typeof require(file).call;
      };
      const fresh = () => input.fresh.pop();
      const seen = input.fresh.splice(0, 6);
      for (const token of seen) await client.validateAccessToken(token);
      const seenAgain = async (token = seen.pop()) => {
        // One of sixteen has its claims kept.
        for (let time = 1; time < 16; time += 1) await client.validateAccessToken(token);
        return client.validateAccessToken(token);
      };
      const together = async () => {
        const all = Array.from({ length: input.many }, () => client.validateAccessToken(fresh()));
        const failed = (await Promise.allSettled(all)).find(({ reason }) => reason);
        if (failed) throw failed.reason;
        return 'all';
      };
      let made = 0;
      const other = () => 'other:' + (made += 1);
      const insufficient = (error) => {
        if (error.code !== 'insufficient_scope') throw error;
        return error.code;
      };
      const describe = async () => {
        const clientCertificate = input.certificate;
        const error = await client
          .validateAccessToken(input.bound, { clientCertificate })
          .catch((error) => error);
        return error.certificate.subject;
      };
      const uses = {
        ${cases.map(({ name, use }) => `${JSON.stringify(name)}: () => ${use},`).join('\n')}
      };
      for (const { name, place, fails } of input.cases) {
        const before = await attempt(uses[name]);
        injectPanic(place, input.secret);
        broken = Boolean(fails);
        const amid = await attempt(uses[name]);
        broken = false;
        // None may be left over for another.
        injectPanic('nowhere', '');
        const after = await attempt(uses[name]);
        say({ name, before, amid, after });
      }`;
    const { createClientCert } = require('../support/certs.js');
    const { cert } = createClientCert();
    const input = {
      root,
      cases,
      options: tenant.options(tenant.credentials),
      jwks: await (await fetch(tenant.jwksUri)).json(),
      token: tenant.token(),
      opaque: 'opaque',
      bound: tenant.token({ cnf: { 'x5t#S256': 'A'.repeat(43) } }),
      certificate: cert,
      many: MANY,
      fresh: Array.from({ length: 20 + 3 * MANY }, (_, i) => tenant.token({ jti: String(i) })),
      secret: SECRET,
    };
    const result = await runScript(source, { input });
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    assert.equal(result.said.length, cases.length);
    for (const { name, before: first, amid, after: last } of result.said) {
      const { http, heals, threads } = cases.find((each) => each.name === name);
      assert.ok(first.value, `${name}, before: ${JSON.stringify(first)}`);
      assert.deepEqual(last, first, `${name}, afterwards`);
      // On one core no other thread is asked.
      if (heals || (threads && os.cpus().length < 2)) {
        assert.deepEqual(amid, first, name);
        continue;
      }
      assert.equal(amid.isOurs, true, `${name}: ${JSON.stringify(amid)}`);
      assert.equal(amid.name, http ? 'MonoCloudHttpError' : 'MonoCloudAuthBaseError', name);
      if (!http) {
        assert.equal(amid.message, 'The native core failed; this is a defect, please report it');
      }
      assert.ok(!amid.shown.includes('token-of-somebody'), `${name}: ${amid.shown}`);
    }
    // Where it was, and nothing of what it said.
    assert.match(result.stderr, /^@monocloud\/backend-node: a panic at src\/panics\.rs:/m);
    assert.ok(!result.stderr.includes('token-of-somebody'), result.stderr);
    tally('a panic in every export', { inputs: cases.length });
  });
});
