'use strict';

// Contract §2: what options do, seen from outside.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { before, describe, it } = require('node:test');

const { MonoCloudHttpError } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { startServer } = require('../../support/tokens.js');
const {
  AUDIENCE,
  NOW,
  PREFIX,
  allBut,
  build,
  certificate,
  clientWith,
  passes,
  refusal,
} = require('./support.js');

const thumbprint = createHash('sha256')
  .update(Buffer.from(certificate.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
  .digest('base64url');

describe('§2 clockSkew and clockTolerance, by their effect', () => {
  const expired = async (client, limit) => {
    assert.equal(await passes(client, { exp: NOW + limit }), 'expired');
    assert.equal(await passes(client, { exp: NOW + limit + 1 }), true);
    const nbf = (seconds) => passes(client, { exp: NOW + 9999, nbf: NOW + seconds });
    return nbf;
  };

  it('default to 0 and 300', async () => {
    const nbf = await expired(clientWith(), -300);
    assert.equal(await nbf(300), true);
    assert.equal(await nbf(301), 'not_yet_valid');
  });

  it('come from the environment', async () => {
    const variables = { [`${PREFIX}CLOCK_SKEW`]: '20', [`${PREFIX}CLOCK_TOLERANCE`]: '50' };
    const nbf = await expired(clientWith({}, variables), -30);
    assert.equal(await nbf(70), true);
    assert.equal(await nbf(71), 'not_yet_valid');
  });

  it('of the constructor win', async () => {
    const variables = { [`${PREFIX}CLOCK_SKEW`]: '20', [`${PREFIX}CLOCK_TOLERANCE`]: '50' };
    const nbf = await expired(clientWith({ clockSkew: 0, clockTolerance: 5 }, variables), -5);
    assert.equal(await nbf(5), true);
    assert.equal(await nbf(6), 'not_yet_valid');
  });

  it('that are empty in the environment are 0 and 300', async () => {
    const variables = { [`${PREFIX}CLOCK_SKEW`]: '', [`${PREFIX}CLOCK_TOLERANCE`]: '' };
    await expired(clientWith({}, variables), -300);
  });
});

describe('§2 groupOptions, by their effect', () => {
  const inGroup = (client, claims, groups) => passes(client, claims, { groups });

  it('default to any one of the groups in groups', async () => {
    const client = clientWith();
    assert.equal(await inGroup(client, { groups: ['a'] }, ['a', 'b']), true);
    assert.equal(await inGroup(client, { roles: ['a'] }, ['a']), 'missing_groups');
  });

  it('come from the environment', async () => {
    for (const yes of ['true', 'TRUE', 'True', '1', ' true ']) {
      const variables = { [`${PREFIX}GROUPS_CLAIM`]: 'roles', [`${PREFIX}GROUPS_MATCH_ALL`]: yes };
      const client = clientWith({}, variables);
      assert.equal(await inGroup(client, { roles: ['a', 'b'] }, ['a', 'b']), true, yes);
      assert.equal(await inGroup(client, { roles: ['a'] }, ['a', 'b']), 'missing_groups', yes);
      assert.equal(await inGroup(client, { groups: ['a', 'b'] }, ['a']), 'missing_groups', yes);
    }
    for (const no of ['false', 'FALSE', '0', '']) {
      const client = clientWith({}, { [`${PREFIX}GROUPS_MATCH_ALL`]: no });
      assert.equal(await inGroup(client, { groups: ['a'] }, ['a', 'b']), true, no);
    }
  });

  it('of the constructor win, each for itself', async () => {
    const variables = { [`${PREFIX}GROUPS_CLAIM`]: 'roles', [`${PREFIX}GROUPS_MATCH_ALL`]: 'true' };
    const any = clientWith({ groupOptions: { matchAll: false } }, variables);
    assert.equal(await inGroup(any, { roles: ['a'] }, ['a', 'b']), true);
    const all = clientWith({ groupOptions: { groupsClaim: 'teams' } }, variables);
    assert.equal(await inGroup(all, { teams: ['a'] }, ['a', 'b']), 'missing_groups');
    assert.equal(await inGroup(all, { teams: ['b', 'a'] }, ['a', 'b']), true);
  });

  it('are an object', () => {
    for (const value of allBut('object')) {
      refusal(() => clientWith({ groupOptions: value }), '"groupOptions" must be an object');
    }
    clientWith({ groupOptions: {} });
    clientWith({ groupOptions: null });
  });
});

describe('§2 validateCertificateBinding, by its effect', () => {
  const bound = { cnf: { 'x5t#S256': thumbprint } };
  const VARIABLE = `${PREFIX}VALIDATE_CERTIFICATE_BINDING`;

  it('defaults to when_present', async () => {
    for (const client of [clientWith(), clientWith({}, { [VARIABLE]: '' })]) {
      assert.equal(await passes(client), true);
      assert.equal(await passes(client, bound), 'certificate_missing');
      assert.equal(await passes(client, bound, { clientCertificate: certificate }), true);
    }
  });

  it('comes from the environment, and that of the constructor wins', async () => {
    const required = clientWith({}, { [VARIABLE]: 'required' });
    assert.equal(await passes(required), 'certificate_missing');
    assert.equal(await passes(required, {}, { clientCertificate: certificate }), 'token_not_bound');
    const ignored = clientWith(
      { validateCertificateBinding: 'dangerously_ignore' },
      { [VARIABLE]: 'required' },
    );
    assert.equal(await passes(ignored, bound), true);
  });
});

describe('§2 the caches’ durations, by their effect', () => {
  const requestsOf = async (options, variables) => {
    // One of its own: clients of one tenant share its documents.
    const tenant = await createTestTenant({ algorithms: ['ES256'] });
    const token = await tenant.issueToken();
    const base = { tenantDomain: tenant.tenantDomain, audience: AUDIENCE };
    const client = build({ ...base, ...options }, variables);
    for (let n = 0; n < 3; n += 1) await client.validateAccessToken(token);
    for (let n = 0; n < 3; n += 1) await client.getMetadata();
    await tenant.close();
    return [tenant.requests.discovery, tenant.requests.jwks];
  };

  it('default to longer than a test', async () => {
    assert.deepEqual(await requestsOf({}), [1, 1]);
    const variables = {
      [`${PREFIX}JWKS_CACHE_DURATION`]: '',
      [`${PREFIX}METADATA_CACHE_DURATION`]: '',
    };
    assert.deepEqual(await requestsOf({}, variables), [1, 1]);
  });

  it('jwksCacheDuration 0 fetches the keys for each token', async () => {
    assert.deepEqual(await requestsOf({ jwksCacheDuration: 0 }), [1, 3]);
    assert.deepEqual(await requestsOf({}, { [`${PREFIX}JWKS_CACHE_DURATION`]: '0' }), [1, 3]);
    const zero = { [`${PREFIX}JWKS_CACHE_DURATION`]: '0' };
    assert.deepEqual(await requestsOf({ jwksCacheDuration: 300 }, zero), [1, 1]);
  });

  it('metadataCacheDuration 0 fetches the metadata each time', async () => {
    assert.deepEqual(await requestsOf({ metadataCacheDuration: 0 }), [4, 1]);
    assert.deepEqual(await requestsOf({}, { [`${PREFIX}METADATA_CACHE_DURATION`]: '0' }), [4, 1]);
    const zero = { [`${PREFIX}METADATA_CACHE_DURATION`]: '0' };
    assert.deepEqual(await requestsOf({ metadataCacheDuration: 300 }, zero), [1, 1]);
  });

  it('a minute or a day is longer than a test, whatever the unit is mistaken for', async () => {
    const both = { jwksCacheDuration: 60, metadataCacheDuration: 86_400 };
    assert.deepEqual(await requestsOf(both), [1, 1]);
    const most = Number.MAX_VALUE;
    const ever = { jwksCacheDuration: most, metadataCacheDuration: most };
    assert.deepEqual(await requestsOf(ever), [1, 1]);
  });
});

describe('§2 responseTimeout, by its effect', () => {
  let byDefault;
  before(() => {
    // Begun here and awaited at the end: it takes the ten seconds that it says.
    byDefault = timesOut({}, {}, 10_000);
    byDefault.catch(() => {});
  });

  async function timesOut(options, variables, limit, url) {
    const silent = await startServer(() => {});
    const base = { tenantDomain: url ?? silent.url, audience: AUDIENCE };
    const client = build({ ...base, ...options }, variables);
    const from = performance.now();
    const alive = setInterval(() => {}, 1000);
    try {
      await assert.rejects(client.getMetadata(), (error) => {
        assert.ok(error instanceof MonoCloudHttpError, error.stack);
        assert.equal(error.reason, 'timeout');
        assert.match(error.message, new RegExp(`within ${limit} ms`));
        return true;
      });
    } finally {
      clearInterval(alive);
      await silent.close();
    }
    const elapsed = performance.now() - from;
    assert.ok(elapsed > limit - 50 && elapsed < limit + 1500, `${elapsed} ms, not ${limit}`);
  }

  it('of the constructor and of the environment bounds one whole exchange', async () => {
    const variables = { [`${PREFIX}RESPONSE_TIMEOUT`]: '1250' };
    await Promise.all([
      timesOut({ responseTimeout: 1000 }, {}, 1000),
      timesOut({}, variables, 1250),
      timesOut({ responseTimeout: 1100 }, variables, 1100),
    ]);
  });

  it('is each client’s own, though another asks the same tenant with more patience', async () => {
    const silent = await startServer(() => {});
    const outcomes = await Promise.allSettled(
      [4000, 1000].map((limit) => timesOut({ responseTimeout: limit }, {}, limit, silent.url)),
    );
    await silent.close();
    for (const { reason } of outcomes) assert.ifError(reason);
  });

  it('defaults to ten seconds', { timeout: 30_000 }, () => byDefault);
});
