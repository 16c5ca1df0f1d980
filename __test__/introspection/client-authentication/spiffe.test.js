'use strict';

// Contract §5, client authentication: SPIFFE, against a server on loopback that checks what it is sent.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');

const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOPError,
} = require('@monocloud/backend-node');
const { createCa, createClientCert, createServerCert } = require('../../support/certs.js');
const { sendJson, startFaultyTenant } = require('../../support/faulty-tenant.js');
const { loadJose } = require('../../support/oidc/index.js');
const { assertClean, failureOf, recordIntrospections } = require('../../support/introspection.js');
const { makeJwk } = require('./support.js');

describe('SPIFFE client authentication', () => {
  const id = 'spiffe://example.org/api';
  const bundle = createCa({ name: 'example.org' });
  const serverCa = createCa();
  const svid = createClientCert(bundle, { san: [`URI:${id}`] });

  it('spiffe_jwt sends the SVID that it was given, as an assertion of its own type', async (t) => {
    const jose = await loadJose();
    const trust = makeJwk('ES256', 'example.org');
    const key = await jose.importJWK(trust.published, 'ES256');
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    const refuse = (response) => sendJson(response, { error: 'invalid_client' }, 401);
    const seen = recordIntrospections(tenant, async (response, { form, headers }) => {
      const { client_assertion: assertion, client_assertion_type: type, client_id: who } = form;
      try {
        assert.equal(headers.authorization, undefined);
        assert.equal(type, 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe');
        const { payload } = await jose.jwtVerify(assertion, key, { audience: tenant.issuer });
        assert.equal(payload.sub, id);
        assert.equal(who, id);
      } catch {
        return refuse(response);
      }
      return sendJson(response, { active: true, ...tenant.claims() });
    });

    const sign = (secret) =>
      jose
        .importJWK(secret, 'ES256')
        .then((signer) =>
          new jose.SignJWT({})
            .setProtectedHeader({ alg: 'ES256', kid: 'example.org' })
            .setSubject(id)
            .setAudience(tenant.issuer)
            .setExpirationTime('60s')
            .sign(signer),
        );
    const clientFor = (clientSecret) =>
      new MonoCloudBackendNodeClient(
        tenant.options({ clientId: id, clientSecret, clientAuthMethod: 'spiffe_jwt' }),
      );

    const good = await sign(trust.secret);
    assert.equal((await clientFor(good).validateAccessToken('opaque')).sub, 'user');
    assert.equal(seen[0].form.client_assertion, good, 'to the byte');
    assert.deepEqual(Object.keys(seen[0].form).sort(), [
      'client_assertion',
      'client_assertion_type',
      'client_id',
      'token',
      'token_type_hint',
    ]);

    const forged = await sign(makeJwk('ES256', 'example.org').secret);
    const error = await failureOf(() => clientFor(forged).validateAccessToken('opaque'));
    assert.ok(error instanceof MonoCloudOPError, error.stack);
    assert.equal(error.error, 'invalid_client');
    assertClean(error, [forged, 'opaque']);
  });

  it('spiffe_x509 presents its SVID at the alias, and names only its id', async (t) => {
    const mtls = {
      ...createServerCert(serverCa),
      ca: bundle.cert,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const tenant = await startFaultyTenant({ tls: createServerCert(serverCa) });
    const alias = await startFaultyTenant({ tls: mtls });
    t.after(() => Promise.all([tenant.close(), alias.close()]));
    tenant.on('discovery', (_request, response) =>
      sendJson(response, {
        ...tenant.metadata(),
        mtls_endpoint_aliases: { introspection_endpoint: `${alias.origin}/introspect` },
      }),
    );
    const seen = recordIntrospections(alias, (response, { form }, request) => {
      const { subjectaltname: names } = request.socket.getPeerCertificate();
      const known = names.split(', ').includes(`URI:${form.client_id}`);
      if (known) sendJson(response, { active: true, ...tenant.claims() });
      else sendJson(response, { error: 'invalid_client' }, 401);
    });
    const clientFor = ({ cert, key }) =>
      new MonoCloudBackendNodeClient(
        tenant.options({
          clientId: id,
          clientAuthMethod: 'spiffe_x509',
          tls: { cert, key, ca: serverCa.cert },
        }),
      );

    assert.equal((await clientFor(svid).validateAccessToken('opaque')).sub, 'user');
    assert.equal(seen[0].certificate, svid.der.toString('base64'));
    assert.equal(seen[0].headers.authorization, undefined);
    assert.deepEqual(seen[0].form, {
      token: 'opaque',
      token_type_hint: 'access_token',
      client_id: id,
    });

    const other = createClientCert(bundle, { san: ['URI:spiffe://example.org/other'] });
    const refused = await failureOf(() => clientFor(other).validateAccessToken('opaque'));
    assert.ok(refused instanceof MonoCloudOPError, refused.stack);
    assert.equal(refused.error, 'invalid_client');

    // This server ends the handshake instead of answering.
    const day = 24 * 60 * 60 * 1000;
    const expired = createClientCert(bundle, {
      san: [`URI:${id}`],
      notBefore: new Date(Date.now() - 2 * day),
      notAfter: new Date(Date.now() - day),
    });
    const stranger = createClientCert(createCa(), { san: [`URI:${id}`] });
    for (const identity of [expired, stranger]) {
      const before = alias.sockets.length;
      const error = await failureOf(() => clientFor(identity).validateAccessToken('opaque'));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.match(error.reason, /^(tls_failed|connection_lost)$/);
      assert.equal(error.status, undefined);
      assert.equal(alias.sockets.length, before + 1, 'it is not tried again');
      assertClean(error, [identity.key, 'opaque']);
    }
    assert.equal(seen.length, 2);
    assert.equal(tenant.requests.introspection, 0);
  });
});
