'use strict';

// docs/refusals.md against the real thing: every reason there is has a section, and each is brought
// about over HTTP and answered with the status that its section begins with.

const assert = require('node:assert/strict');
const diagnostics = require('node:diagnostics_channel');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudTokenError,
} = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { refusalReasons } = require('../js/binding.js');
const { NONE_IN_RESUMED_SESSION } = require('../js/certificates/socket.js');
const { createCa, createClientCert, createServerCert } = require('./support/certs.js');
const { startFaultyTenant, sendJson } = require('./support/faulty-tenant.js');
const { guarded } = require('./support/guarded.js');
const { get, raw } = require('./support/http.js');

const root = path.join(__dirname, '..');
const read = (...names) => fs.readFileSync(path.join(root, ...names), 'utf8');
const page = read('docs', 'refusals.md');

/** The statuses that a section's first paragraph names, by the section's reason. */
const sections = new Map(
  Array.from(page.matchAll(/^### `(\w+)`\n\n([\s\S]+?)(?=\n\n|$)/gm), ([, reason, text]) => [
    reason,
    Array.from(text.matchAll(/(?:^|; )(\d{3})\b/g), ([, status]) => Number(status)),
  ]),
);

const { token: tokenReasons, http: httpReasons } = refusalReasons();
// The guard's own, of a route's `authorize`.
tokenReasons.push('not_authorized');

const certificate = createClientCert(createCa()).cert;
const other = createClientCert(createCa()).cert;
const HOUR = 3600;
const now = () => Math.floor(Date.now() / 1000);
const changed = (token, change) => change(token.split('.')).join('.');

/**
 * The headers of a request with a proof. `change`: the options of its proof that are other than they should be;
 * `headersOf` makes others of token and proof.
 */
const proving =
  (change, headersOf = (token, proof) => [`DPoP ${token}`, proof]) =>
  async (tenant, url) => {
    const holder = tenant.dpopClient();
    const token = await holder.token();
    const proof = await holder.proof({ url, ...change });
    const [authorization, ...proofs] = headersOf(token, proof);
    return [['Authorization', authorization], ...proofs.map((each) => ['DPoP', each])];
  };
const withHeader = (header) => ({ sends: proving({ header }) });
const withClaims = (claims) => ({ sends: proving({ claims }) });
const nonce = { options: { dpop: { nonce: { secret: 'of the fleet'.repeat(3) } } } };

// How each comes about. `token` may be options of issueToken(), or a function of the tenant. `tenant` starts one that
// is not shared.
const TOKENS = {
  token_too_large: { token: {}, options: { maxTokenBytes: 64 } },
  malformed_token: {
    token: () => 'a.b',
    // The middleware takes it for an opaque one.
    client: (client) => ({
      validateAccessToken: (token, options) => client.validateJwtAccessToken(token, options),
    }),
  },
  malformed_header: { token: async (tenant) => `"${await tenant.issueToken()}"` },
  unsupported_critical_header: { token: { header: { crit: ['exp'] } } },
  unsupported_algorithm: { token: { header: { alg: 'HS256' } } },
  unexpected_token_type: { token: { header: { typ: 'logout+jwt' } } },
  unknown_key: { token: { kid: 'of another tenant' } },
  ambiguous_key: {
    tenant: () => createTestTenant({ algorithms: ['ES256'] }),
    async token(tenant) {
      await tenant.rotateKeys();
      return tenant.issueToken({ header: { kid: undefined } });
    },
  },
  invalid_signature: {
    async token(tenant) {
      const claims = Buffer.from('{"sub":"somebody else"}').toString('base64url');
      return changed(await tenant.issueToken(), ([head, , signature]) => [head, claims, signature]);
    },
  },
  malformed_payload: { tenant: startFaultyTenant, token: (tenant) => tenant.sign('no object') },
  issuer_mismatch: { token: { claims: { iss: 'https://login.example.com' } } },
  invalid_subject: { token: { claims: { sub: 42 } } },
  audience_mismatch: { token: { audience: 'https://api.example.com/' } },
  missing_expiration: { token: { claims: { exp: undefined } } },
  invalid_expiration: { token: { claims: { exp: 'tomorrow' } } },
  expired: { token: { expiresIn: -301 } },
  invalid_not_before: { token: { claims: { nbf: 'now' } } },
  client_mismatch: { token: {}, options: { clientIds: ['another-app'] } },
  required_claims_mismatch: {
    token: { claims: { plan: 'free' } },
    options: { requiredClaims: { plan: 'team' } },
  },
  not_yet_valid: { token: (tenant) => tenant.issueToken({ claims: { nbf: now() + 420 } }) },
  missing_scopes: {
    token: { scopes: ['posts:read'], claims: { scp: ['posts:write'] } },
    route: { scopes: ['posts:write'] },
  },
  missing_groups: { token: { groups: ['sales'] }, route: { groups: ['admin'] } },
  claims_mismatch: { token: { claims: { level: '3' } }, route: { claims: { level: 3 } } },
  acr_not_met: { token: {}, route: { acr: ['urn:example:mfa'] } },
  missing_auth_time: { token: {}, route: { maxAge: 300 } },
  login_too_old: {
    token: (tenant) => tenant.issueToken({ claims: { auth_time: now() - HOUR } }),
    route: { maxAge: 300 },
  },
  not_authorized: { token: {}, route: { authorize: () => false } },
  inactive: { token: () => 'never-issued' },
  inactive_or_client_not_permitted: {
    async token(tenant) {
      const token = await tenant.issueToken();
      tenant.revoke(token);
      return token;
    },
    options: { introspectJwtTokens: true },
  },
  certificate_missing: { token: { certificate } },
  certificate_missing_resumed_session: {
    token: { certificate },
    // What certificateFromSocket() makes of such a session: see mtls/socket.test.js.
    certificateResolver: () => NONE_IN_RESUMED_SESSION,
  },
  certificate_malformed: { token: { certificate }, certificateResolver: () => 'CN=somebody' },
  token_not_bound: {
    token: {},
    certificateResolver: () => certificate,
    route: { validateCertificateBinding: true },
  },
  dpop_required: { token: { claims: { cnf: { jkt: 'a key of DPoP’s' } } } },
  dpop_token_not_bound: { token: {}, route: { dpop: true } },
  dpop_scheme_mismatch: { sends: proving({}, (token, proof) => [`Bearer ${token}`, proof]) },
  dpop_key_mismatch: {
    async sends(tenant, url) {
      const token = await tenant.dpopClient().token();
      const proof = await tenant.dpopClient().proof({ url, token });
      return [
        ['Authorization', `DPoP ${token}`],
        ['DPoP', proof],
      ];
    },
  },
  dpop_proof_missing: { sends: proving({}, (token) => [`DPoP ${token}`]) },
  dpop_proof_repeated: { sends: proving({}, (token, proof) => [`DPoP ${token}`, proof, proof]) },
  dpop_proof_malformed: withHeader({ crit: [] }),
  dpop_proof_type: withHeader({ typ: 'JWT' }),
  dpop_proof_algorithm: withHeader({ alg: 'HS256' }),
  dpop_proof_key: withHeader({ jwk: undefined }),
  dpop_proof_claims: withClaims({ jti: 1 }),
  dpop_method_mismatch: { sends: proving({ method: 'POST' }) },
  dpop_url_mismatch: withClaims({ htu: 'https://elsewhere.example' }),
  dpop_proof_expired: withClaims({ iat: now() - HOUR }),
  dpop_proof_not_yet_valid: withClaims({ iat: now() + HOUR }),
  dpop_token_hash_mismatch: withClaims({ ath: 'of another token' }),
  dpop_proof_signature: {
    sends: proving({}, (token, proof) => [
      `DPoP ${token}`,
      changed(proof, ([head, claims, signature]) => [head, claims, signature.slice(2)]),
    ]),
  },
  dpop_proof_replayed: {
    async sends(tenant, url) {
      const headers = await proving({})(tenant, url);
      assert.equal((await raw(url, { headers })).status, 200);
      return headers;
    },
  },
  dpop_nonce_missing: { sends: proving({}), ...nonce },
  dpop_nonce_stale: { sends: proving({ nonce: 'of another fleet' }), ...nonce },
  certificate_mismatch: { token: { certificate }, certificateResolver: () => other },
  unsupported_confirmation: {
    token: { claims: { cnf: { 'x5t#S256': 42 } } },
    certificateResolver: () => certificate,
    route: { validateCertificateBinding: true },
  },
};

/** What the diagnostics channel says while `work` goes on, of this tenant. */
async function refusalsOf(tenantDomain, work) {
  const heard = [];
  const listen = (message) => {
    if (message.tenantDomain === tenantDomain) heard.push(message.reason);
  };
  diagnostics.subscribe('@monocloud/backend-node:refused', listen);
  try {
    await work();
  } finally {
    diagnostics.unsubscribe('@monocloud/backend-node:refused', listen);
  }
  return heard;
}

// One of each framework: contract/answers.test.js has it that all four answer alike.
const adapters = guarded.filter(({ name }) => name.endsWith(' 5'));

describe('docs/refusals.md', () => {
  let shared;
  before(async () => {
    shared = await createTestTenant({ algorithms: ['ES256'] });
  });
  after(() => shared.close());

  it('has a section for every reason there is, and no other', () => {
    assert.deepEqual(new Set(sections.keys()), new Set([...tokenReasons, ...httpReasons]));
    for (const [reason, statuses] of sections) assert.ok(statuses.length > 0, reason);
  });

  it('is tried for every reason of a token', () => {
    assert.deepEqual(new Set(Object.keys(TOKENS)), new Set(tokenReasons));
  });

  for (const { name, protectApi, startOne } of adapters) {
    describe(`a token at ${name}`, () => {
      for (const [reason, how] of Object.entries(TOKENS)) {
        const { client: wrap = (client) => client, certificateResolver, options, route } = how;

        it(`${reason}: ${sections.get(reason)}`, async (t) => {
          const tenant = (await how.tenant?.()) ?? shared;
          if (how.tenant) t.after(() => tenant.close());
          const own = tenant.clientOptions?.(options) ?? tenant.options();
          const client = wrap(new MonoCloudBackendNodeClient(own));
          const api = await startOne(t, protectApi(client, { certificateResolver }), route);
          const make = how.token;
          const token = await (typeof make === 'function' ? make(tenant) : tenant.issueToken(make));
          const headers = await how.sends?.(tenant, api.url);

          let answer;
          const heard = await refusalsOf(own.tenantDomain, async () => {
            answer = await (headers ? raw(api.url, { headers }) : get(api.url, token));
          });
          assert.deepEqual(heard, [reason]);
          assert.deepEqual([answer.status], sections.get(reason));
          const asked = /, (?:scope|acr_values|max_age|algs)="[^"]*"$/;
          const challenge = answer.headers['www-authenticate'].replace(asked, '');
          const plain = challenge.replace(
            'DPoP error="invalid_token"',
            'Bearer error="invalid_token"',
          );
          const row = `| ${answer.status} | \`${answer.text}\` |`;
          const known = page.split('\n').filter((line) => line.includes(row));
          assert.ok(known.some((line) => line.includes(`\`${plain}\``)));
        });
      }
    });
  }

  it('is right about a clock that is 7 minutes off, either way', async (t) => {
    const client = new MonoCloudBackendNodeClient(shared.clientOptions());
    const real = Date.now;
    t.after(() => {
      Date.now = real;
    });
    const reasonAt = async (claims, sinceIssue, clockOff) => {
      const token = await shared.issueToken({ claims });
      Date.now = () => real() + (sinceIssue + clockOff) * 1000;
      try {
        await client.validateAccessToken(token);
        return 'passes';
      } catch (error) {
        assert.ok(error instanceof MonoCloudTokenError);
        return error.reason;
      } finally {
        Date.now = real;
      }
    };
    const start = now();
    const claims = { nbf: start, exp: start + 300 };
    // Fast: the last two of its five minutes.
    assert.equal(await reasonAt(claims, 170, 420), 'passes');
    assert.equal(await reasonAt(claims, 190, 420), 'expired');
    // Slow: the first two.
    assert.equal(await reasonAt(claims, 110, -420), 'not_yet_valid');
    assert.equal(await reasonAt(claims, 130, -420), 'passes');
    // And a clock that is right.
    assert.equal(await reasonAt({ ...claims, nbf: start - HOUR }, 0, 0), 'passes');
  });
});

// How each exchange with a tenant fails: with the answer that the section names.
const EXCHANGES = {
  timeout: { discovery: () => {}, options: { responseTimeout: 1000 } },
  connection_failed: { prepare: (tenant) => tenant.close() },
  tls_failed: { tls: createServerCert(createCa()) },
  connection_lost: { jwks: (request) => request.socket.destroy() },
  response_too_large: {
    jwks: (_, response) => sendJson(response, { keys: ['x'.repeat(2 ** 20)] }),
  },
  unexpected_status: { jwks: (_, response) => sendJson(response, {}, 500) },
  'unexpected_status of 404': { discovery: (_, response) => sendJson(response, {}, 404) },
  'unexpected_status of 302': {
    discovery: (_, response) => sendJson(response, {}, 302, { location: 'https://elsewhere' }),
  },
  unreadable_response: { discovery: (_, response) => response.end('<h1>Maintenance</h1>') },
  'unreadable_response of another issuer': {
    discovery: (_, response, _right, tenant) =>
      sendJson(response, { ...tenant.metadata(), issuer: 'https://acme.us.monocloud.com' }),
  },
  forbidden_url: {
    discovery: (_, response, _right, tenant) =>
      sendJson(response, { ...tenant.metadata(), jwks_uri: 'http://acme.us.monocloud.com/jwks' }),
  },
  fetcher_failed: {
    options: {
      fetcher: async () => {
        throw new TypeError('mine');
      },
    },
  },
};

/** In process/descriptors.test.js, introspection/load.test.js and dpop/replay.test.js. */
const TRIED_ELSEWHERE = ['client_failed', 'introspection_limit', 'replay_store_unavailable'];

describe('docs/refusals.md, of a tenant that can not be asked', { concurrency: 4 }, () => {
  const reasonOf = (name) => name.split(' ')[0];

  it('is tried for every reason', () => {
    const tried = [...Object.keys(EXCHANGES).map(reasonOf), ...TRIED_ELSEWHERE];
    assert.deepEqual(new Set(tried), new Set(httpReasons));
  });

  for (const [name, { options, prepare, tls, ...faults }] of Object.entries(EXCHANGES)) {
    const statuses = sections.get(reasonOf(name));

    it(`${name}: ${statuses}`, async (t) => {
      const tenant = await startFaultyTenant({ tls });
      let closed = false;
      const close = () => {
        closed = true;
        return tenant.close();
      };
      t.after(() => closed || close());
      for (const [endpoint, fault] of Object.entries(faults)) tenant.on(endpoint, fault);
      await prepare?.({ close });

      const [{ protectApi, startOne }] = adapters;
      const client = new MonoCloudBackendNodeClient(tenant.options(options));
      await assert.rejects(client.validateAccessToken(tenant.token()), (error) => {
        assert.ok(error instanceof MonoCloudHttpError, error.stack);
        assert.equal(error.reason, reasonOf(name), error.message);
        return true;
      });
      const api = await startOne(t, protectApi(client));
      const answer = await get(api.url, tenant.token());
      // `unexpected_status` has two: for a status that may pass, and for another.
      const [expected] = / of \d+$/.test(name) ? statuses.slice(1) : statuses;
      assert.equal(answer.status, expected);
      assert.equal('retry-after' in answer.headers, expected === 503);
    });
  }
});

describe('docs/refusals.md, of configuration', () => {
  it('has every rule on options', () => {
    // A rule goes on after the option's name: `"audience" must be a valid uri`.
    const folder = path.join(root, 'src', 'config');
    const config = fs
      .readdirSync(folder)
      .map((name) => read('src', 'config', name))
      .join('\n');
    const rules = Array.from(
      config.matchAll(/"((?:must be|is required|is not allowed)(?:[^"\\]|\\")*)/g),
      ([, rule]) => rule.replaceAll('\\"', '"').replace(/(?:: the value is)? ?(?:[{[].*|0$)/, ''),
    );
    assert.ok(rules.length > 20, 'src/config/ reads otherwise');
    for (const rule of rules) {
      assert.ok(page.includes(`\`${rule}`) || page.includes(`${rule} …`), rule);
    }
  });

  it('has what the loader says', () => {
    // In one file, or in two: what loads the addon, and what says why it could not.
    const loader = ['load.js', 'load-error.js'].map((name) => read('js', 'core', name)).join('\n');
    for (const why of [
      'is not installed',
      'there is none for that platform',
      'the system refuses it',
      'its C library is too old for it',
      'Node.js runs with --no-addons',
      'Node.js runs with --permission',
      'names another one',
    ]) {
      assert.ok(loader.includes(why), why);
      assert.ok(page.includes(why), why);
    }
  });
});
