'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { createClientCert } = require('../support/certs.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { recordIntrospections } = require('../support/introspection.js');
const { startOidcProvider } = require('../support/oidc/index.js');
const {
  BAD_TOKEN,
  FORBIDDEN,
  NO_TOKEN,
  ca,
  client,
  granted,
  server,
} = require('../support/snippets/common.js');

const HERE = { to: '/api/hello' };
const selfSigned = createClientCert();

/** One authorization server for all; its process ends with this one. */
let starting;
function provider() {
  const registered = (client_id, token_endpoint_auth_method, more) => ({
    client_id,
    token_endpoint_auth_method,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    ...more,
  });
  starting ??= startOidcProvider({
    tls: { ...server, ca: ca.cert },
    mtls: { ca: ca.cert },
    clients: [
      registered('tls', 'tls_client_auth', { tls_client_auth_san_dns: 'client.test' }),
      registered('self-signed', 'self_signed_tls_client_auth', {
        jwks: { keys: [selfSigned.jwk] },
      }),
    ],
  });
  return starting;
}

/** What a snippet that authenticates as `name` needs, at a server that really looks. */
function as(name, { files } = {}) {
  return async ({ directory }) => {
    const tenant = await provider();
    const { clientId, clientSecret } = tenant.clients[name];
    for (const [file, text] of Object.entries(files?.(clientSecret) ?? {})) {
      fs.writeFileSync(path.join(directory, file), text);
    }
    return {
      tenant,
      env: {
        NODE_EXTRA_CA_CERTS: path.join(directory, 'ca.pem'),
        MONOCLOUD_BACKEND_TENANT_DOMAIN: tenant.issuer,
        MONOCLOUD_BACKEND_AUDIENCE: tenant.audience,
        MONOCLOUD_BACKEND_CLIENT_ID: clientId,
        ...(typeof clientSecret === 'string' && { CLIENT_SECRET: clientSecret }),
      },
    };
  };
}

const ASKED = [
  { ...HERE, answer: NO_TOKEN },
  { ...HERE, token: (tenant) => tenant.opaqueToken(), answer: granted('hello') },
  { ...HERE, token: () => 'never-issued', answer: BAD_TOKEN },
  { ...HERE, token: (tenant) => tenant.token(), answer: granted('hello') },
];

/** A tenant that writes down what it is asked: oidc-provider knows nothing of SPIFFE. */
function spiffe(write) {
  return async ({ directory, after }) => {
    const asksForCertificates = { requestCert: true, rejectUnauthorized: false };
    const tenant = await startFaultyTenant({ tls: { ...server, ...asksForCertificates } });
    after(() => tenant.close());
    const seen = recordIntrospections(tenant);
    const replace = (...which) =>
      write(
        (file, text) => {
          fs.writeFileSync(path.join(directory, file), text);
        },
        ...which,
      );
    replace('first');
    return {
      tenant: { ...tenant, seen, replace },
      env: {
        NODE_EXTRA_CA_CERTS: path.join(directory, 'ca.pem'),
        MONOCLOUD_BACKEND_TENANT_DOMAIN: tenant.origin,
        MONOCLOUD_BACKEND_AUDIENCE: tenant.audience,
        MONOCLOUD_BACKEND_CLIENT_ID: 'spiffe://example.com/orders-api',
      },
    };
  };
}

/** Asks until the tenant is shown `what`, as a renewed SVID is after a second or so. */
async function untilShown({ base, send, tenant }, what) {
  const headers = { authorization: 'Bearer opaque' };
  for (let tries = 0; tries < 100; tries += 1) {
    const { status } = await send(`${base}/api/hello`, { headers });
    assert.equal(status, 200);
    if (what(tenant.seen.at(-1))) return;
    await sleep(200);
  }
  assert.fail('the new SVID was not used');
}

const certificates = { first: client, second: createClientCert(ca) };
const svids = { first: 'first.svid.x', second: 'second.svid.x' };
const der = ({ cert }) => cert.replace(/-----[^-]+-----|\s/g, '');

module.exports = {
  page: 'docs/opaque-tokens.md',
  snippets: {
    'What you need': { variables: true },
    'What you need 2': {
      requests: [
        { ...HERE, answer: NO_TOKEN },
        { ...HERE, opaque: { scopes: ['posts:read'] }, answer: granted('hello') },
        { ...HERE, token: { scopes: ['posts:read'] }, answer: granted('hello') },
        { ...HERE, opaque: {}, answer: FORBIDDEN },
        { ...HERE, token: () => 'never-issued', answer: BAD_TOKEN },
        {
          ...HERE,
          async token(tenant) {
            const token = await tenant.issueOpaqueToken({ scopes: ['posts:read'] });
            tenant.revoke(token);
            return token;
          },
          answer: BAD_TOKEN,
        },
      ],
    },
    'client_secret_basic, client_secret_post': { setup: as('basic'), requests: ASKED },
    client_secret_jwt: { setup: as('secret-jwt'), requests: ASKED },
    private_key_jwt: {
      setup: as('private-key-jwt', {
        files: (secret) => ({ 'client-key.jwk': JSON.stringify(secret) }),
      }),
      requests: ASKED,
    },
    'private_key_jwt 2': {
      ends: /^for the tenant: \{"kty":"EC","x":"[\w-]+","y":"[\w-]+","crv":"P-256","kid":"[\w-]+","alg":"ES256","use":"sig"\}\n$/,
    },
    tls_client_auth: { setup: as('tls'), requests: ASKED },
    self_signed_tls_client_auth: {
      setup: as('self-signed', {
        files: () => ({ 'client-cert.pem': selfSigned.cert, 'client-key.pem': selfSigned.key }),
      }),
      requests: ASKED,
    },
    spiffe_jwt: {
      setup: spiffe((write, which) => write('svid.jwt', `${svids[which]}\n`)),
      requests: [
        { ...HERE, token: () => 'opaque', answer: granted('hello') },
        async (context) => {
          const [{ form }] = context.tenant.seen;
          assert.deepEqual(form, {
            token: 'opaque',
            token_type_hint: 'access_token',
            client_id: 'spiffe://example.com/orders-api',
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe',
            client_assertion: svids.first,
          });
          context.tenant.replace('second');
          await untilShown(context, (seen) => seen.form.client_assertion === svids.second);
        },
      ],
    },
    spiffe_x509: {
      setup: spiffe((write, which) => {
        write('svid.pem', certificates[which].cert);
        write('svid-key.pem', certificates[which].key);
      }),
      requests: [
        { ...HERE, token: () => 'opaque', answer: granted('hello') },
        async (context) => {
          const [{ form, certificate }] = context.tenant.seen;
          assert.equal(form.client_id, 'spiffe://example.com/orders-api');
          assert.equal(certificate, der(certificates.first));
          context.tenant.replace('second');
          await untilShown(context, (seen) => seen.certificate === der(certificates.second));
        },
      ],
    },
    'How often the tenant is asked': { ends: /^11\n1\n$/ },
    'Introspecting JWTs': { ends: /^test-user\ninactive_or_client_not_permitted\n$/ },
  },
};
