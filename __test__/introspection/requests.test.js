'use strict';

// Contract §5: what the tenant is asked about a token, and where.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');

const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { assertClean, failureOf, recordIntrospections } = require('../support/introspection.js');
const {
  CREDENTIALS,
  TOKEN,
  answering,
  answeringJson,
  clientOf,
  publish,
  startTenant,
} = require('./support.js');

describe('an introspection request', () => {
  it('is the POST of RFC 7662, with the token in its form and nowhere else', async (t) => {
    const tenant = await startTenant(t);
    const seen = recordIntrospections(tenant);
    const client = clientOf(tenant);
    for (const token of [TOKEN, 'a+b&c=d%20e~-_./', 'ümläut 🔑', 'a.b', 'a.b.c.d', '.', '.....']) {
      await client.validateAccessToken(token);
      const { method, url, headers, body, form } = seen.pop();
      assert.equal(method, 'POST');
      assert.equal(url, '/introspect');
      assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
      assert.equal(headers.accept, 'application/json');
      assert.equal(headers['content-length'], String(Buffer.byteLength(body)));
      for (const name of ['cookie', 'referer', 'origin', 'authorization']) {
        assert.equal(headers[name], undefined, name);
      }
      assert.deepEqual(form, {
        token,
        token_type_hint: 'access_token',
        client_id: CREDENTIALS.clientId,
        client_secret: CREDENTIALS.clientSecret,
      });
    }
    assert.equal(tenant.requests.jwks, 0, 'no key is needed');
    assert.equal(tenant.requests.discovery, 1);
  });

  it('is the same through introspectAccessToken of either class', async (t) => {
    const tenant = await startTenant(t);
    const seen = recordIntrospections(tenant);
    const { tenantDomain, audience, ...more } = tenant.options(CREDENTIALS);
    const other = new MonoCloudOidcBackendClient(tenantDomain, audience, {
      ...more,
      clientAuthMethod: 'client_secret_post',
    });
    const jwt = tenant.token();
    for (const client of [clientOf(tenant), other]) {
      for (const token of [TOKEN, jwt]) {
        assert.equal((await client.introspectAccessToken(token)).sub, 'user');
      }
    }
    assert.deepEqual(
      seen.map(({ form }) => form.token),
      [TOKEN, jwt, TOKEN, jwt],
    );
    for (const { form } of seen)
      assert.deepEqual({ ...form, token: 0 }, { ...seen[0].form, token: 0 });
  });

  it('is the same through a fetcher', async (t) => {
    const tenant = await startTenant(t);
    const seen = recordIntrospections(tenant);
    const client = clientOf(tenant, { fetcher: (url, init) => fetch(url, init) });
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    const [{ method, headers, form }] = seen;
    assert.equal(method, 'POST');
    assert.match(headers['content-type'], /^application\/x-www-form-urlencoded/);
    assert.equal(headers.accept, 'application/json');
    assert.equal(form.token, TOKEN);
    assert.equal(form.client_secret, CREDENTIALS.clientSecret);
  });

  it('goes where the metadata says, a query and all', async (t) => {
    const tenant = await startTenant(t);
    let asked;
    publish(tenant, { introspection_endpoint: `${tenant.origin}/t/1?v=2&w=%2B` });
    tenant.on('other', (request, response) => {
      asked = request.url;
      answeringJson({ active: true, ...tenant.claims() })(request, response);
    });
    const client = clientOf(tenant);
    await client.validateAccessToken(TOKEN);
    assert.equal(asked, '/t/1?v=2&w=%2B');
    tenant.on('other', answering(500, ''));
    const error = await failureOf(() => client.validateAccessToken(TOKEN));
    assert.equal(error.status, 500);
    assert.ok(!error.message.includes('v=2'), 'a query may hold what is secret');
  });

  it('is made for opaque tokens only, unless introspectJwtTokens says otherwise', async (t) => {
    const tenant = await startTenant(t);
    const seen = recordIntrospections(tenant, undefined, { from: 'introspection' });
    const jwt = tenant.token({ from: 'the token' });
    assert.equal((await clientOf(tenant).validateAccessToken(jwt)).from, 'the token');
    assert.equal(seen.length, 0);

    const client = clientOf(tenant, { introspectJwtTokens: true });
    const { jwks } = tenant.requests;
    // The tenant's word counts, and neither signature nor claims of the token itself.
    const expired = tenant.token({ exp: 1, aud: 'another' });
    for (const token of [jwt, `${jwt}x`, 'a.b.c', '..', expired, TOKEN]) {
      assert.equal((await client.validateAccessToken(token)).from, 'introspection');
      assert.equal(seen.at(-1).form.token, token);
    }
    assert.equal(tenant.requests.jwks, jwks);
  });

  it('is not made without clientId, and nobody is asked for anything', async (t) => {
    const tenant = await startTenant(t);
    const clients = [
      new MonoCloudBackendNodeClient(tenant.options()),
      new MonoCloudBackendNodeClient(tenant.options({ clientSecret: 'x' })),
      new MonoCloudBackendNodeClient(tenant.options({ introspectJwtTokens: true })),
    ];
    for (const client of clients) {
      for (const method of ['validateAccessToken', 'introspectAccessToken']) {
        const error = await failureOf(() => client[method](TOKEN));
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
        assert.match(error.message, /^clientId is required/);
        assert.match(error.message, /MONOCLOUD_BACKEND_CLIENT_ID/);
        assertClean(error, [TOKEN]);
      }
    }
    assert.equal(tenant.sockets.length, 0);
  });

  it('is not made for what is no token, nor for one that is too long', async (t) => {
    const tenant = await startTenant(t);
    const client = clientOf(tenant, { maxTokenBytes: 100 });
    for (const token of [undefined, null, '', '  ', 1, {}]) {
      await assert.rejects(client.introspectAccessToken(token), {
        name: 'MonoCloudValidationError',
        message: 'Access token must be a valid non-empty string',
      });
    }
    await assert.rejects(client.introspectAccessToken('x'.repeat(101)), {
      name: 'MonoCloudTokenError',
      reason: 'token_too_large',
    });
    assert.equal(tenant.requests.introspection, 0);
    assert.equal((await client.introspectAccessToken('x'.repeat(100))).sub, 'user');
  });

  it('is not made where the metadata names no endpoint, and that is not the token’s fault', async (t) => {
    const tenant = await startTenant(t);
    for (const endpoint of [undefined, null, 1, []]) {
      publish(tenant, { introspection_endpoint: endpoint });
      const error = await failureOf(() => clientOf(tenant).validateAccessToken(TOKEN));
      assert.ok(error instanceof MonoCloudValidationError, error.stack);
      assert.match(error.message, /^introspection_endpoint is required/);
    }
    assert.equal(tenant.requests.introspection, 0);
  });

  it('is not made to where no token may go', async (t) => {
    const tenant = await startTenant(t);
    for (const endpoint of [
      'http://tenant.example.com/introspect',
      'http://169.254.169.254/introspect',
      'file:///etc/passwd',
      '/introspect',
      '',
      tenant.origin.replace('http://', 'http://user:password@'),
    ]) {
      publish(tenant, { introspection_endpoint: endpoint });
      const error = await failureOf(() => clientOf(tenant).validateAccessToken(TOKEN));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.equal(error.reason, 'forbidden_url');
      assert.ok(!error.message.includes('password'));
    }
    assert.equal(tenant.requests.introspection, 0);
  });
});

describe('the endpoint for clients that authenticate themselves by TLS', () => {
  const ca = createCa();
  const clientCa = createCa({ name: 'Client CA' });
  const { cert, key } = createClientCert(clientCa);
  const METHODS = ['tls_client_auth', 'self_signed_tls_client_auth', 'spiffe_x509'];

  let tenant;
  let alias;
  let store;

  before(async () => {
    const asking = () => ({
      ...createServerCert(ca),
      ca: clientCa.cert,
      requestCert: true,
      rejectUnauthorized: false,
    });
    // The regular endpoint asks for a certificate as well, so that it would work.
    [tenant, alias, store] = await Promise.all(
      Array.from({ length: 3 }, () => startFaultyTenant({ tls: asking() })),
    );
  });
  after(() => Promise.all([tenant, alias, store].map((server) => server?.close())));

  const endpoint = ({ origin }) => ({ introspection_endpoint: `${origin}/introspect` });

  /** Which of the three was asked, by a client with these options and such metadata. */
  async function asked(metadata, options) {
    publish(tenant, metadata);
    const servers = { tenant, alias, store };
    const seen = Object.entries(servers).map(([name, server]) => [
      name,
      recordIntrospections(server, (response) =>
        sendJson(response, { active: true, ...tenant.claims() }),
      ),
    ]);
    // Metadata is shared between clients of one configuration; each of these has its own.
    const client = clientOf(tenant, {
      metadataCacheDuration: 0,
      tls: { ca: ca.cert, cert, key },
      ...options,
    });
    await client.validateAccessToken(TOKEN);
    const [[name, [entry]], ...more] = seen.filter(([, entries]) => entries.length > 0);
    assert.deepEqual(more, []);
    return { name, ...entry };
  }

  const aliases = () => ({
    mtls_endpoint_aliases: endpoint(alias),
    mtls_additional_endpoint_aliases: { partners: endpoint(store), bare: {} },
  });

  for (const clientAuthMethod of METHODS) {
    it(`is the alias for ${clientAuthMethod}, the regular one where there is none`, async () => {
      const found = await asked(aliases(), { clientAuthMethod });
      assert.equal(found.name, 'alias');
      assert.ok(found.certificate, 'the certificate was presented');
      assert.deepEqual(found.form, {
        token: TOKEN,
        token_type_hint: 'access_token',
        client_id: CREDENTIALS.clientId,
      });
      for (const none of [undefined, null, {}, 'x', { token_endpoint: alias.origin }]) {
        const { name } = await asked({ mtls_endpoint_aliases: none }, { clientAuthMethod });
        assert.equal(name, 'tenant');
      }
    });

    it(`is the trust store's for ${clientAuthMethod} with trustStoreId`, async () => {
      const options = { clientAuthMethod, trustStoreId: 'partners' };
      assert.equal((await asked(aliases(), options)).name, 'store');
    });

    it(`is the regular one for ${clientAuthMethod} where the trust store names none`, async () => {
      const options = { clientAuthMethod, trustStoreId: 'bare' };
      assert.equal((await asked(aliases(), options)).name, 'tenant');
    });

    it(`is none for ${clientAuthMethod} with a trustStoreId that the tenant does not have`, async () => {
      for (const [metadata, trustStoreId] of [
        [aliases(), 'unknown'],
        [aliases(), 'toString'],
        [aliases(), '__proto__'],
        [{ mtls_endpoint_aliases: endpoint(alias) }, 'partners'],
        [{ mtls_additional_endpoint_aliases: 'x' }, 'partners'],
      ]) {
        const error = await failureOf(() => asked(metadata, { clientAuthMethod, trustStoreId }));
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
        assert.match(error.message, /^"trustStoreId"/);
        assert.match(error.message, /MONOCLOUD_BACKEND_TRUST_STORE_ID/);
      }
    });
  }

  for (const clientAuthMethod of [
    'client_secret_basic',
    'client_secret_post',
    'client_secret_jwt',
    'spiffe_jwt',
  ]) {
    it(`is the regular one for ${clientAuthMethod}, whatever aliases there are`, async () => {
      assert.equal((await asked(aliases(), { clientAuthMethod })).name, 'tenant');
      const options = { clientAuthMethod, trustStoreId: 'partners' };
      assert.equal((await asked(aliases(), options)).name, 'tenant');
    });
  }
});
