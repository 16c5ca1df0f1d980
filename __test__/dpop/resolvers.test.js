'use strict';

// DPoP beside the other parts of a guard: a token from elsewhere than the header, a client certificate, rules and error
// bodies of the application, and clients whose methods a program has replaced.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { guarded } = require('../support/guarded.js');
const { raw } = require('../support/http.js');
const { holderOf, proofOf, thumbprintOf } = require('./support.js');

const CERTIFICATE = readFileSync(path.join(__dirname, '../fixtures/client.pem'), 'utf8');
const holder = holderOf('ES256');
const jkt = thumbprintOf(holder);

let tenant;
let bound;
before(async () => {
  tenant = await createTestTenant({ algorithms: ['ES256'] });
  bound = await tenant.issueToken({ jkt });
});
after(() => tenant?.close());

const proofFor = (token, url, by = holder) =>
  proofOf(by, token, { claims: { htm: 'GET', htu: `${url}/` } });
const withProof = (token, url, by) => [
  ['Authorization', `DPoP ${token}`],
  ['DPoP', proofFor(token, url, by)],
];

for (const { name, protectApi, startOne } of guarded) {
  describe(name, () => {
    const startWith = async (t, given, functions, options) => {
      const api = await startOne(t, protectApi(given, functions), options);
      const status = async (...headers) => (await raw(api.url, { headers })).status;
      return { ...api, status };
    };
    const clientWith = (more) => new MonoCloudBackendNodeClient(tenant.clientOptions(more));

    it('a token from a cookie needs its proof, too', async (t) => {
      const tokenResolver = ({ headers }) => /token=([^;]+)/.exec(headers.cookie ?? '')?.[1];
      const { url, status } = await startWith(t, clientWith(), { tokenResolver });
      const cookie = ['Cookie', `token=${bound}`];
      assert.equal(await status(cookie), 401);
      assert.equal(await status(cookie, ['DPoP', 'rubbish']), 401);
      assert.equal(await status(cookie, ['DPoP', proofFor(bound, url, holderOf('ES384'))]), 401);
      const proof = ['DPoP', proofFor(bound, url)];
      assert.equal(await status(cookie, proof), 200);
      assert.equal(await status(cookie, proof), 401);
      // Where there is no cookie, the header counts as ever.
      assert.equal(await status(...withProof(bound, url)), 200);
      assert.equal(await status(['Authorization', `Bearer ${bound}`]), 401);
    });

    it('a proof without Authorization is answered with the scheme DPoP, and with a nonce', async (t) => {
      const tokenResolver = ({ headers }) => headers.cookie?.slice('token='.length);
      const nonce = { secret: 'a secret of more than thirty-two bytes' };
      const { url } = await startWith(t, clientWith({ dpop: { nonce } }), { tokenResolver });
      const cookie = ['Cookie', 'token=x.x.x'];
      const ask = async (...headers) => {
        const answer = await raw(url, { headers });
        assert.equal(answer.status, 401);
        const { 'www-authenticate': challenge, 'dpop-nonce': next } = answer.headers;
        return [challenge.split(',', 1)[0], next !== undefined];
      };
      const proof = ['DPoP', proofFor(bound, url)];
      const invalid = 'error="invalid_token"';
      assert.deepEqual(await ask(cookie, proof), [`DPoP ${invalid}`, true]);
      assert.deepEqual(await ask(cookie), [`Bearer ${invalid}`, false]);
      // The scheme of the header counts before the proof beside it.
      assert.deepEqual(await ask(['Authorization', 'Bearer x.x.x'], proof), [
        `Bearer ${invalid}`,
        false,
      ]);
    });

    it('a token that is bound to a certificate and a key needs both', async (t) => {
      const certificateResolver = async ({ headers }) =>
        headers['x-certificate'] ? CERTIFICATE : undefined;
      const { url, status } = await startWith(t, clientWith(), { certificateResolver });
      const both = await tenant.issueToken({ jkt, certificate: CERTIFICATE });
      const certificate = ['X-Certificate', '1'];
      assert.equal(await status(...withProof(both, url), certificate), 200);
      assert.equal(await status(...withProof(both, url)), 401);
      assert.equal(await status(['Authorization', `Bearer ${both}`], certificate), 401);
    });

    it('an error body of the application gets the reason, and can’t drop the nonce by accident', async (t) => {
      const errors = [];
      const errorResponse = ({ status }, error) => {
        errors.push(error?.reason);
        return { status, body: { code: error?.code ?? 'none' } };
      };
      const nonce = { secret: 'a secret of more than thirty-two bytes' };
      const { url } = await startWith(t, clientWith({ dpop: { nonce } }), { errorResponse });
      const { status, json, headers } = await raw(url, { headers: withProof(bound, url) });
      assert.equal(status, 401);
      assert.deepEqual(json, { code: 'use_dpop_nonce' });
      assert.ok(headers['dpop-nonce']);
      assert.match(headers['www-authenticate'], /^DPoP error="use_dpop_nonce"/);
      assert.deepEqual(errors, ['dpop_nonce_missing']);
    });

    it('a rule of the application is asked after the proof', async (t) => {
      const asked = [];
      const authorize = (claims) => asked.push(claims.sub) > 1;
      const { url, status } = await startWith(t, clientWith(), {}, { authorize });
      assert.equal(await status(...withProof(bound, url, holderOf('ES384'))), 401);
      assert.deepEqual(asked, []);
      const headers = withProof(bound, url);
      assert.equal(await status(...headers), 403);
      assert.equal(await status(...headers), 401);
      assert.equal(await status(...withProof(bound, url)), 200);
      assert.equal(asked.length, 2);
    });

    it('clients with methods of the program’s own check the proof that they are given', async (t) => {
      const inner = clientWith({ dpop: 'required' });
      class Spreading extends MonoCloudBackendNodeClient {
        validateAccessToken(token, options) {
          return super.validateAccessToken(token, { ...options });
        }
        validateJwtAccessToken(token, options) {
          return super.validateJwtAccessToken(token, { ...options });
        }
      }
      const opaque = await tenant.issueOpaqueToken({ jkt });
      for (const client of [
        { validateAccessToken: (token, options) => inner.validateAccessToken(token, options) },
        new Spreading(tenant.clientOptions({ dpop: 'required' })),
      ]) {
        const { url, status } = await startWith(t, client);
        for (const token of [bound, opaque]) {
          const headers = withProof(token, url);
          assert.equal(await status(...headers), 200);
          assert.equal(await status(...headers), 401);
          assert.equal(await status(['Authorization', `Bearer ${token}`]), 401);
          assert.equal(await status(['Authorization', `DPoP ${token}`]), 401);
          assert.equal(await status(...withProof(token, url, holderOf('ES384'))), 401);
          const besideBearer = [
            ['Authorization', `Bearer ${token}`],
            ['DPoP', proofFor(token, url)],
          ];
          assert.equal(await status(...besideBearer), 401);
        }
      }
    });
  });
}
