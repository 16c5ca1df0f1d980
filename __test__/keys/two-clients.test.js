'use strict';

// Two clients in one process that differ in one setting. Verified tokens are remembered for the whole
// process, so what one client has accepted is known when the other one is asked: the other one must
// still check for itself. Each pair is asked in both orders, with the keys at hand (warm) and not
// (cold), directly and through a guard, and with one cache that both of them use.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createCa, createClientCert } = require('../support/certs.js');
const { guarded } = require('../support/guarded.js');
const { raw } = require('../support/http.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { makeKey, makePair, setOf, sign } = require('../support/tokens.js');
const { withReasons } = require('../mtls/support.js');

const AUDIENCE = 'https://api.example.com';
const OTHER_AUDIENCE = 'https://api.example.com/other';
const PASSES = undefined;
/** More often than it takes until a client hands out copies of the claims of a token. */
const TIMES = 40;

const key = makeKey('ES256');
/** Another key, by the same name. */
const sameName = makeKey('ES256');
/** RSA keys with one modulus and two exponents, by the same name. */
const rsa = makeKey('RS256', { pair: makePair('RS256') });
const sameModulus = { ...rsa, jwk: { ...rsa.jwk, e: 'Aw' } };
const sameExponent = makeKey('RS256');
const stranger = makeKey('ES256', { kid: 'another' });
const certificates = [1, 2].map((n) => createClientCert(createCa(), { name: `c${n}` }));

const now = () => Math.floor(Date.now() / 1000);
const bound = { cnf: { 'x5t#S256': certificates[0].thumbprint } };

/**
 * Each pair: `clients`, the options of the two, or `routes`, what two routes of one client ask; and
 * tokens by their claims, each with the two answers: passes, or the reason of the refusal.
 */
const PAIRS = {
  audience: {
    clients: [{ audience: AUDIENCE }, { audience: OTHER_AUDIENCE }],
    tokens: [
      [{ aud: AUDIENCE }, PASSES, 'audience_mismatch'],
      [{ aud: [OTHER_AUDIENCE] }, 'audience_mismatch', PASSES],
      [{ aud: [AUDIENCE, OTHER_AUDIENCE] }, PASSES, PASSES],
    ],
  },
  tenant: {
    // Two tenants with the same keys.
    tenants: 2,
    clients: [{}, {}],
    tokens: [
      [{}, PASSES, 'issuer_mismatch'],
      [{ iss: 1 }, 'issuer_mismatch', PASSES],
    ],
  },
  'groups claim': {
    clients: [{}, { groupOptions: { groupsClaim: 'roles' } }],
    routes: [{ groups: ['admin'] }, { groups: ['admin'] }],
    tokens: [
      [{ groups: ['admin'], roles: ['reader'] }, PASSES, 'missing_groups'],
      [{ groups: [], roles: [{ id: 'admin' }] }, 'missing_groups', PASSES],
      [{ groups: ['admin'] }, PASSES, 'missing_groups'],
    ],
  },
  'matchAll of groups': {
    clients: [{}, { groupOptions: { matchAll: true } }],
    routes: [{ groups: ['a', 'b'] }, { groups: ['a', 'b'] }],
    tokens: [
      [{ groups: ['a'] }, PASSES, 'missing_groups'],
      [{ groups: ['b', 'a'] }, PASSES, PASSES],
    ],
  },
  'binding mode, for a token that is bound': {
    clients: [{ validateCertificateBinding: 'dangerously_ignore' }, {}],
    tokens: [[bound, PASSES, 'certificate_missing']],
  },
  'binding mode, for one that is bound to another certificate': {
    clients: [{ validateCertificateBinding: 'dangerously_ignore' }, {}],
    certificate: certificates[1].cert,
    tokens: [[bound, PASSES, 'certificate_mismatch']],
  },
  'binding mode, for one that is not bound': {
    clients: [{}, { validateCertificateBinding: 'required' }],
    certificate: certificates[0].cert,
    tokens: [
      [{}, PASSES, 'token_not_bound'],
      [bound, PASSES, PASSES],
    ],
  },
  'keys, one of them by the name of the other': {
    clients: [{ jwksResolver: () => setOf(key) }, { jwksResolver: () => setOf(sameName) }],
    tokens: [[{}, PASSES, 'invalid_signature']],
  },
  'keys, by one modulus': {
    by: rsa,
    clients: [{ jwksResolver: () => setOf(rsa) }, { jwksResolver: () => setOf(sameModulus) }],
    tokens: [[{}, PASSES, 'invalid_signature']],
  },
  'keys, by one exponent': {
    by: rsa,
    clients: [{ jwksResolver: () => setOf(rsa) }, { jwksResolver: () => setOf(sameExponent) }],
    tokens: [[{}, PASSES, 'invalid_signature']],
  },
  'keys, of which one has not the name': {
    clients: [{ jwksResolver: () => setOf(key) }, { jwksResolver: () => setOf(stranger) }],
    tokens: [[{}, PASSES, 'unknown_key']],
  },
  'keys, the tenant’s and those of a resolver': {
    clients: [{}, { jwksResolver: async () => setOf(sameName) }],
    tokens: [[{}, PASSES, 'invalid_signature']],
  },
  clockTolerance: {
    clients: [{}, { clockTolerance: 0 }],
    tokens: [
      [{ exp: () => now() - 60 }, PASSES, 'expired'],
      [{ nbf: () => now() + 60 }, PASSES, 'not_yet_valid'],
    ],
  },
  clockSkew: {
    clients: [{ clockTolerance: 0 }, { clockTolerance: 0, clockSkew: 1800 }],
    tokens: [
      [{ exp: () => now() + 900 }, PASSES, 'expired'],
      [{ nbf: () => now() + 900 }, 'not_yet_valid', PASSES],
    ],
  },
  'a clock that was set later': {
    clients: [{}, {}],
    after: (_first, second) => second.setClockTolerance(0),
    tokens: [[{ exp: () => now() - 60 }, PASSES, 'expired']],
  },
  maxTokenBytes: {
    clients: [{}, { maxTokenBytes: 600 }],
    tokens: [[{ text: 'x'.repeat(600) }, PASSES, 'token_too_large']],
  },
  verifiedTokensBytes: {
    clients: [{ verifiedTokensBytes: 0 }, {}],
    tokens: [[{}, PASSES, PASSES]],
  },
  'scopes of the route': {
    one: true,
    routes: [{ scopes: ['read'] }, { scopes: ['read', 'write'] }],
    tokens: [
      [{ scope: 'read' }, PASSES, 'missing_scopes'],
      [{ scope: 'write read' }, PASSES, PASSES],
    ],
  },
  'groups of the route': {
    one: true,
    routes: [{}, { groups: ['admin'] }],
    tokens: [
      [{}, PASSES, 'missing_groups'],
      [{ groups: ['admin'] }, PASSES, PASSES],
    ],
  },
  'binding of the route': {
    one: true,
    routes: [{ validateCertificateBinding: false }, { validateCertificateBinding: true }],
    certificate: certificates[1].cert,
    tokens: [
      [{}, PASSES, 'token_not_bound'],
      [bound, PASSES, 'certificate_mismatch'],
    ],
  },
};

/** An `ICache` that keeps everything. */
function keepsAll() {
  const entries = new Map();
  return {
    get: async (token) => entries.get(token),
    set: async (token, claims) => void entries.set(token, claims),
    delete: async (token) => void entries.delete(token),
  };
}

/** The two clients of a pair over tenants of their own, and its tokens with their answers. */
async function prepare(t, pair, shared) {
  const { by = key, clients = [{}], one = false, tenants = 1, after } = pair;
  const issuers = await Promise.all(
    Array.from({ length: tenants }, () => startFaultyTenant({ jwks: setOf(by) })),
  );
  for (const issuer of issuers) t.after(() => issuer.close());
  const built = clients.map((more, at) => {
    const tenantDomain = (issuers[at] ?? issuers[0]).origin;
    return new MonoCloudBackendNodeClient({ tenantDomain, audience: AUDIENCE, ...shared, ...more });
  });
  const both = one ? [built[0], built[0]] : built;
  after?.(...both);
  const tokens = pair.tokens.map(([{ iss = 0, ...more }, ...answers]) => {
    const claims = { iss: issuers[iss].origin, aud: AUDIENCE, sub: 'ada', exp: now() + 3600 };
    for (const [name, value] of Object.entries(more)) {
      claims[name] = typeof value === 'function' ? value() : value;
    }
    return { token: sign(by, { claims }), answers };
  });
  // Good for both of them, so that all keys are at hand.
  const warm = async () => {
    for (const [at, client] of both.entries()) {
      if (at > 0 && one) continue;
      await client.getJwks();
    }
  };
  return { both, tokens, warm };
}

/** What a client says: nothing where the token passes, or the reason. */
async function answerOf(client, token, route, clientCertificate) {
  try {
    const claims = await client.validateAccessToken(token, { ...route, clientCertificate });
    assert.equal(claims.sub, 'ada');
    return PASSES;
  } catch (error) {
    return error.reason ?? error;
  }
}

const ORDERS = {
  'the first is asked first': [0, 1],
  'the second is asked first': [1, 0],
};

for (const [name, pair] of Object.entries(PAIRS)) {
  const { routes = [], certificate } = pair;

  describe(`what one has verified, where two differ in ${name}`, () => {
    for (const [order, turns] of Object.entries(ORDERS)) {
      for (const state of ['cold', 'warm']) {
        it(`the other checks for itself: ${order}, ${state}`, async (t) => {
          const { both, tokens, warm } = await prepare(t, pair);
          if (state === 'warm') await warm();
          for (const { token, answers } of tokens) {
            for (let round = 0; round < TIMES; round += 1) {
              for (const at of turns) {
                const answer = await answerOf(both[at], token, routes[at], certificate);
                assert.equal(answer, answers[at], `client ${at}, round ${round}`);
              }
            }
            // Many times by one of them, and then by the other.
            for (const at of turns) {
              for (let time = 0; time < TIMES; time += 1) {
                const answer = await answerOf(both[at], token, routes[at], certificate);
                assert.equal(answer, answers[at], `client ${at}, time ${time}`);
              }
            }
          }
        });
      }

      it(`the other checks for itself with a cache that both use: ${order}`, async (t) => {
        const { both, tokens } = await prepare(t, pair, { cache: keepsAll() });
        for (const { token, answers } of tokens) {
          for (let round = 0; round < 3; round += 1) {
            for (const at of turns) {
              const answer = await answerOf(both[at], token, routes[at], certificate);
              assert.equal(answer, answers[at], `client ${at}, round ${round}`);
            }
          }
        }
      });

      for (const { name: framework, protectApi, start } of guarded) {
        if (framework.endsWith('4')) continue;
        it(`the other’s guard checks for itself: ${order}, ${framework}`, async (t) => {
          const { both, tokens } = await prepare(t, pair);
          const resolvers = { certificateResolver: certificate && (() => certificate) };
          const apis = [];
          for (const [at, client] of both.entries()) {
            const route = { path: '/', options: routes[at] };
            apis.push(await start(t, protectApi(client, resolvers), [route]));
          }
          for (const { token, answers } of tokens) {
            for (let round = 0; round < 3; round += 1) {
              for (const at of turns) {
                const headers = [['Authorization', `Bearer ${token}`]];
                const { result, reasons } = await withReasons(() => raw(apis[at].url, { headers }));
                assert.deepEqual(reasons, answers[at] === PASSES ? [] : [answers[at]]);
                assert.equal(result.status === 200, answers[at] === PASSES, result.text);
              }
            }
          }
        });
      }
    }
  });
}

describe('a verdict and its key', () => {
  /** The pairs of keys: one that signed, and another by its name. */
  const REPLACED = {
    'another point of the curve': [key, sameName],
    'another modulus': [rsa, sameExponent],
    'another exponent': [rsa, sameModulus],
    'another kind of key': [rsa, { ...key, jwk: { ...key.jwk, alg: undefined } }],
  };

  for (const [name, [first, second]] of Object.entries(REPLACED)) {
    it(`are gone when the key is replaced in its place by ${name}, and back with it`, async (t) => {
      const issuer = await startFaultyTenant({ jwks: setOf(first) });
      t.after(() => issuer.close());
      const claims = { iss: issuer.origin, aud: AUDIENCE, sub: 'ada', exp: now() + 3600 };
      const token = sign(first, { claims });
      const options = { tenantDomain: issuer.origin, audience: AUDIENCE };
      const clients = [1, 2].map(() => new MonoCloudBackendNodeClient(options));
      // Of another kind, the key is none for the token's algorithm.
      const reason = first.jwk.kty === second.jwk.kty ? 'invalid_signature' : 'unknown_key';
      const ask = async (expected, what) => {
        for (const client of clients) {
          for (let time = 0; time < TIMES; time += 1) {
            assert.equal(await answerOf(client, token), expected, `${what}, time ${time}`);
          }
        }
      };
      await ask(PASSES, 'at first');
      for (const round of [1, 2]) {
        issuer.jwks = setOf(second);
        await clients[0].getJwks(true);
        await ask(reason, `replaced, round ${round}`);
        issuer.jwks = setOf(first);
        await clients[0].getJwks(true);
        await ask(PASSES, `put back, round ${round}`);
      }
    });

    it(`are gone by the first question after it is replaced by ${name}`, async (t) => {
      const issuer = await startFaultyTenant({ jwks: setOf(first) });
      t.after(() => issuer.close());
      const claims = { iss: issuer.origin, aud: AUDIENCE, sub: 'ada', exp: now() + 3600 };
      const token = sign(first, { claims });
      const options = { tenantDomain: issuer.origin, audience: AUDIENCE };
      const client = new MonoCloudBackendNodeClient(options);
      // Many at once, before and after: none of them in between.
      const answers = () =>
        Promise.all(Array.from({ length: TIMES }, () => answerOf(client, token)));
      assert.deepEqual(new Set(await answers()), new Set([PASSES]));
      issuer.jwks = setOf(second);
      await client.getJwks(true);
      assert.ok(!(await answers()).includes(PASSES));
    });
  }
});
