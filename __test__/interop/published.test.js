'use strict';

// The examples that RFC 7515, 7520, 8037, 9068 and 9449 publish. What RFC 8725 warns of is in ../incidents/: algorithms
// (§3.1, §3.2), signatures* (§3.3), keys of too few bits in bounds and ../keys/ (§3.5), encodings (§3.7), claims (§3.8, §3.9),
// header-keys (§3.10), forms (§3.11, §3.12).

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { judge } = require('../dpop/support.js');
const { NOT_CONFIGURED, suiteHouse } = require('../incidents/support.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { startTally } = require('../support/tally.js');
const { at, makeKey, setOf, sign } = require('../support/tokens.js');
const { IN_JSON, KEYS, REFUSED, SIGNED } = require('./vectors.js');

const tally = startTally('interop/published');
const ofDocument = (list, document) => list.filter(([name]) => name === document);

/** The same text with one bit of a part changed. */
function spoil(jws, part) {
  const parts = jws.split('.');
  const bytes = Buffer.from(parts[part], 'base64url');
  bytes[bytes.length >> 1] ^= 1;
  parts[part] = bytes.toString('base64url');
  return parts.join('.');
}

for (const [document, keys] of Object.entries(KEYS)) {
  describe(document, () => {
    const house = suiteHouse({ before, after }, tally, { keys });

    for (const [, section, jws, reason] of ofDocument(SIGNED, document)) {
      it(`${section}: the signature is good, and it is no access token`, async () => {
        await house().refuses(jws, reason);
        const { steps } = await house().client.explain(jws);
        const { outcome } = steps.find(({ rule }) => rule === 'signature');
        assert.equal(outcome, 'passed');
        for (const part of [1, 2]) await house().refuses(spoil(jws, part), 'invalid_signature');
      });
    }

    for (const [, section, jws, reason] of ofDocument(REFUSED, document)) {
      it(`${section}: ${reason}`, () => house().refuses(jws, reason));
    }

    for (const [, section, jws] of ofDocument(IN_JSON, document)) {
      it(`${section}: no JWT`, () => house().refuses(jws, NOT_CONFIGURED));
    }
  });
}

/** A tenant of an example's issuer, whose documents are on loopback. */
async function startTenantOf(t, issuer, jwks) {
  const tenant = await startFaultyTenant({ jwks });
  t.after(() => tenant.close());
  tenant.on('discovery', (_request, response) =>
    sendJson(response, {
      issuer,
      jwks_uri: tenant.jwksUri,
      introspection_endpoint: `${tenant.origin}/introspect`,
    }),
  );
  return {
    tenant,
    clientWith: (more) =>
      new MonoCloudBackendNodeClient({ tenantDomain: tenant.origin, issuer, ...more }),
  };
}

describe('RFC 9068', () => {
  const header = { typ: 'at+JWT', alg: 'RS256', kid: 'RjEwOwOA' };
  const claims = {
    iss: 'https://authorization-server.example.com/',
    sub: '5ba552d67',
    aud: 'https://rs.example.com/',
    exp: 1639528912,
    iat: 1618354090,
    jti: 'dbe39bf3a3ba4238a513f51d6e1691c4',
    client_id: 's6BhdRkqt3',
    scope: 'openid profile reademail',
  };

  it('section 3: the token passes until it expires', async (t) => {
    const key = makeKey('RS256', { kid: header.kid });
    const { clientWith } = await startTenantOf(t, claims.iss, setOf(key));
    const client = clientWith({ audience: claims.aud, clientIds: [claims.client_id] });
    const token = sign(key, { header, claims });
    const validate = () => client.validateAccessToken(token, { scopes: ['openid', 'reademail'] });
    const tolerance = 300;
    for (const now of [claims.iat, claims.exp, claims.exp + tolerance - 1]) {
      assert.deepEqual(await at(now, validate), claims);
    }
    await assert.rejects(at(claims.exp + tolerance, validate), { reason: 'expired' });
    tally.inputs += 4;
  });
});

describe('RFC 9449', () => {
  const audience = 'https://resource.example.org/';
  const url = 'https://resource.example.org/protectedresource';
  const now = 1562262618;
  // Section 7.1: the token is opaque, though it has three parts.
  const token = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU';
  const proof =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA';
  // Section 4.1: the same key, for the token endpoint.
  const tokenRequestProof =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg';
  // Sections 6.1 and 6.2, and the audience, which they leave out.
  const claims = {
    sub: 'someone@example.com',
    iss: 'https://server.example.com',
    nbf: 1562262611,
    exp: 1562266216,
    cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' },
    aud: audience,
  };

  const options = { audience, clientId: 'resource server', introspectJwtTokens: true };
  const introspected = async (t) => {
    const { tenant, clientWith } = await startTenantOf(t, claims.iss);
    tenant.on('introspection', (_request, response) =>
      sendJson(response, { active: true, ...claims }),
    );
    return clientWith(options);
  };
  const request = { method: 'GET', url };

  it('sections 6.2 and 7.1: the token passes with its proof, once', async (t) => {
    const client = await introspected(t);
    const judged = (given, more) =>
      at(now, () => judge(client, token, given, { ...request, ...more }));
    const refused = [
      ['dpop_proof_signature', spoil(proof, 2)],
      ['dpop_method_mismatch', proof, { method: 'POST' }],
      ['dpop_url_mismatch', proof, { url: `${url}/` }],
      [
        'dpop_proof_claims',
        tokenRequestProof,
        { method: 'POST', url: 'https://server.example.com/token' },
      ],
    ];
    for (const [reason, given, more] of refused) {
      assert.equal(await judged(given, more), reason);
    }
    assert.equal(await judged(proof), 'passed');
    assert.equal(await judged(proof), 'dpop_proof_replayed');
    tally.inputs += refused.length + 2;
  });

  it('section 4.2: a minute later the proof is too old', async (t) => {
    const client = await introspected(t);
    const late = await at(now + 61, () => judge(client, token, proof, request));
    assert.equal(late, 'dpop_proof_expired');
    tally.inputs += 1;
  });

  it('section 6.1: a JWT with these claims is no bearer token, and is bound to this key', async (t) => {
    const key = makeKey('ES256', { kid: 'BeALkb' });
    const { clientWith } = await startTenantOf(t, claims.iss, setOf(key));
    const client = clientWith({ audience });
    const jwt = sign(key, { header: { typ: undefined }, claims });
    const { reason } = await at(now, () => client.validateAccessToken(jwt).catch((error) => error));
    assert.equal(reason, 'dpop_required');
    // The proof is by the right key, for another token.
    const verdict = await at(now, () => judge(client, jwt, proof, request));
    assert.equal(verdict, 'dpop_token_hash_mismatch');
    tally.inputs += 2;
  });
});
