'use strict';

// Which tokens need a proof (RFC 9449 §7), by the client's mode and the route's, for both kinds of tokens; in which
// order the checks come; tokens that are bound to a key and a certificate; and the profile of FAPI 2.0.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { METHOD, TARGET, holderOf, judge, proofOf } = require('./support.js');
const { startBinder, thumbprintOf, verdictOf } = require('./support.js');

const holder = holderOf('ES256');
const CERTIFICATE = readFileSync(path.join(__dirname, '../fixtures/client.pem'), 'utf8');

let tenant;
let issuer;
before(async () => {
  tenant = await createTestTenant();
  issuer = await startBinder();
});
after(() => Promise.all([tenant?.close(), issuer?.close()]));

const clientWith = (more) => new MonoCloudBackendNodeClient(tenant.clientOptions(more));

/** A bound token and one that is not, of each kind. */
const KINDS = {
  'a JWT': (options) => tenant.issueToken(options),
  'an opaque token': (options) => tenant.issueOpaqueToken(options),
};
const METHODS = {
  'a JWT': ['validateAccessToken', 'validateJwtAccessToken'],
  'an opaque token': ['validateAccessToken', 'introspectAccessToken'],
};

/**
 * What is said where a request has the scheme `Bearer` and the token is unbound, the same and the token is bound,
 * and where it has the scheme `DPoP` and a good proof, and the token is unbound, or bound.
 */
const TABLE = [
  // Nothing is configured: a bound token is no bearer token.
  [{}, undefined, ['passed', 'dpop_required', 'dpop_token_not_bound', 'passed']],
  [
    { dpop: 'when_present' },
    undefined,
    ['passed', 'dpop_required', 'dpop_token_not_bound', 'passed'],
  ],
  [{ dpop: {} }, undefined, ['passed', 'dpop_required', 'dpop_token_not_bound', 'passed']],
  [
    { dpop: 'required' },
    undefined,
    ['dpop_token_not_bound', 'dpop_required', 'dpop_token_not_bound', 'passed'],
  ],
  [
    { dpop: { mode: 'required' } },
    undefined,
    ['dpop_token_not_bound', 'dpop_required', 'dpop_token_not_bound', 'passed'],
  ],
  [{ dpop: 'dangerously_ignore' }, undefined, ['passed', 'passed', 'passed', 'passed']],
  // The route decides.
  [
    { dpop: 'when_present' },
    true,
    ['dpop_token_not_bound', 'dpop_required', 'dpop_token_not_bound', 'passed'],
  ],
  [
    { dpop: 'dangerously_ignore' },
    true,
    ['dpop_token_not_bound', 'dpop_required', 'dpop_token_not_bound', 'passed'],
  ],
  [{ dpop: 'required' }, false, ['passed', 'passed', 'passed', 'passed']],
];

for (const [kind, issue] of Object.entries(KINDS)) {
  describe(kind, () => {
    for (const [options, required, expected] of TABLE) {
      for (const method of METHODS[kind]) {
        it(`${method}, ${JSON.stringify(options)}, dpop: ${required}`, async () => {
          const client = clientWith(options);
          const [unbound, bound] = [await issue(), await issue({ jkt: thumbprintOf(holder) })];
          const verdicts = [];
          for (const token of [unbound, bound]) {
            const asked = required === undefined ? undefined : { dpop: required };
            verdicts.push(await verdictOf(client[method](token, asked)));
          }
          for (const token of [unbound, bound]) {
            const request = { proof: proofOf(holder, token), method: METHOD, url: TARGET };
            if (required === false) continue;
            const dpop = required === undefined ? request : { ...request, required };
            verdicts.push(await verdictOf(client[method](token, { dpop })));
          }
          assert.deepEqual(verdicts, expected.slice(0, verdicts.length));
        });
      }
    }

    it('an empty proof is a missing one', async () => {
      const client = clientWith({ dpop: 'when_present' });
      const bound = await issue({ jkt: thumbprintOf(holder) });
      assert.equal(await judge(client, bound, ''), 'dpop_proof_missing');
    });

    it('with a key and a certificate needs both', async () => {
      const client = clientWith({ dpop: 'when_present' });
      const both = { jkt: thumbprintOf(holder), certificate: CERTIFICATE };
      const token = await issue(both);
      const call = (more) => verdictOf(client.validateAccessToken(token, more));
      const dpop = () => ({ proof: proofOf(holder, token), method: METHOD, url: TARGET });
      const certificate = { clientCertificate: CERTIFICATE };
      assert.equal(await call({ dpop: dpop(), ...certificate }), 'passed');
      assert.equal(await call({ dpop: dpop() }), 'certificate_missing');
      assert.equal(await call(certificate), 'dpop_required');
      assert.equal(await call(), 'dpop_required');
      const wrong = { ...dpop(), method: 'GET' };
      assert.equal(await call({ dpop: wrong, ...certificate }), 'dpop_method_mismatch');
    });

    it('is judged by itself first, then by the proof, then by the route', async () => {
      const client = clientWith({ dpop: 'when_present' });
      const jkt = thumbprintOf(holder);
      const expired = await issue({ jkt, audience: 'https://other.example' });
      assert.equal(await judge(client, expired, 'rubbish'), 'audience_mismatch');
      const good = await issue({ jkt });
      const route = { scopes: ['admin'] };
      assert.equal(await judge(client, good, 'rubbish', route), 'dpop_proof_malformed');
      // A proof is spent before the route is asked, and by nothing that fails before.
      const proof = proofOf(holder, good);
      assert.equal(await judge(client, good, proof, { method: 'GET' }), 'dpop_method_mismatch');
      assert.equal(await judge(client, good, proof, route), 'missing_scopes');
      assert.equal(await judge(client, good, proof, route), 'dpop_proof_replayed');
      assert.equal(await judge(client, good, proof), 'dpop_proof_replayed');
    });

    it('that was seen before is not believed without its proof', async () => {
      const client = clientWith({ dpop: 'when_present' });
      const token = await issue({ jkt: thumbprintOf(holder) });
      for (let round = 0; round < 3; round += 1) {
        assert.equal(await judge(client, token, proofOf(holder, token)), 'passed');
        assert.equal(await verdictOf(client.validateAccessToken(token)), 'dpop_required');
        const thief = proofOf(holderOf('ES384'), token);
        assert.equal(await judge(client, token, thief), 'dpop_key_mismatch');
      }
    });
  });
}

describe('a cnf that is no binding to a key', () => {
  for (const [cnf, verdict] of [
    [{ jkt: '' }, 'malformed'],
    [{ jkt: 1 }, 'malformed'],
    [{ jkt: null }, 'unbound'],
    [{ jkt: ['x'] }, 'malformed'],
    [{ jkt: {} }, 'malformed'],
    [{}, 'unbound'],
    [{ jwk: {} }, 'unbound'],
    [null, 'unbound'],
    ['text', 'malformed'],
  ]) {
    it(JSON.stringify(cnf), async () => {
      const client = issuer.clientWith({ dpop: 'required' });
      const token = issuer.token(cnf);
      // Whatever it is taken for: where a binding is required, it is none.
      assert.notEqual(await verdictOf(client.validateAccessToken(token)), 'passed');
      assert.notEqual(await judge(client, token, proofOf(holder, token)), 'passed');
      if (verdict === 'malformed') {
        const lenient = issuer.clientWith({ dpop: 'when_present' });
        assert.notEqual(await judge(lenient, token, proofOf(holder, token)), 'passed');
      }
    });
  }

  it('a cnf as a JSON string counts', async () => {
    const client = issuer.clientWith({ dpop: 'when_present' });
    const token = issuer.token(JSON.stringify({ jkt: thumbprintOf(holder) }));
    assert.equal(await verdictOf(client.validateAccessToken(token)), 'dpop_required');
    assert.equal(await judge(client, token, proofOf(holder, token)), 'passed');
  });
});

describe("profile: 'fapi2'", () => {
  const client = (more) => clientWith({ profile: 'fapi2', ...more });

  it('takes bound tokens only, of either kind of binding', async () => {
    const jkt = thumbprintOf(holder);
    for (const issue of Object.values(KINDS)) {
      const alg = issue === KINDS['a JWT'] ? { alg: 'ES256' } : {};
      const token = await issue({ jkt, ...alg });
      assert.equal(await judge(client(), token, proofOf(holder, token)), 'passed');
      assert.equal(await verdictOf(client().validateAccessToken(token)), 'dpop_required');
      const toCertificate = await issue({ certificate: CERTIFICATE, ...alg });
      const certificate = { clientCertificate: CERTIFICATE };
      assert.equal(
        await verdictOf(client().validateAccessToken(toCertificate, certificate)),
        'passed',
      );
      assert.equal(
        await verdictOf(client().validateAccessToken(toCertificate)),
        'certificate_missing',
      );
      const bearer = await issue(alg);
      assert.equal(await verdictOf(client().validateAccessToken(bearer)), 'token_not_bound');
      assert.equal(await judge(client(), bearer, proofOf(holder, bearer)), 'dpop_token_not_bound');
    }
  });

  it('takes PS256, ES256 and EdDSA only, of tokens and of proofs', async () => {
    const allowed = ['PS256', 'ES256', 'EdDSA', 'Ed25519'];
    const others = ['RS256', 'RS512', 'PS384', 'PS512', 'ES384', 'ES512'];
    for (const alg of [...allowed, ...others]) {
      const token = await tenant.issueToken({ alg, jkt: thumbprintOf(holder) });
      const expected = allowed.includes(alg) ? 'passed' : 'unsupported_algorithm';
      assert.equal(await judge(client(), token, proofOf(holder, token)), expected, alg);
    }
    for (const alg of ['PS256', 'EdDSA', 'ES384', 'RS256']) {
      const own = holderOf(alg);
      const token = await tenant.issueToken({ alg: 'ES256', jkt: thumbprintOf(own) });
      const expected = allowed.includes(alg) ? 'passed' : 'dpop_proof_algorithm';
      assert.equal(await judge(client(), token, proofOf(own, token)), expected, alg);
    }
  });

  it('can’t be taken back by an option', () => {
    for (const more of [
      { dpop: 'dangerously_ignore' },
      { dpop: { mode: 'dangerously_ignore' } },
      { dpop: { maxAge: 61 } },
      { dpop: { algorithms: ['RS256'] } },
      { validateCertificateBinding: 'dangerously_ignore' },
    ]) {
      assert.throws(() => client(more), { name: 'MonoCloudValidationError' }, JSON.stringify(more));
    }
    client({ dpop: { maxAge: 30 } });
    client({ dpop: 'required' });
    assert.throws(() => clientWith({ profile: 'fapi1' }), { name: 'MonoCloudValidationError' });
  });
});
