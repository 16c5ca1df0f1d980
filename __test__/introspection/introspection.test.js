'use strict';

// Contract §5: what the tenant is asked about a token, what its answers mean, and how the
// connections to it are used.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');

const { assertAnswer } = require('../support/answers.js');
const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const { runScript } = require('../support/child.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const { frameworks, get } = require('../support/http.js');
const { assertClean, failureOf, recordIntrospections } = require('../support/introspection.js');

const adapters = {
  express: require('@monocloud/backend-node/express'),
  fastify: require('@monocloud/backend-node/fastify'),
};

const CREDENTIALS = { clientId: 'api', clientSecret: 'a secret that nobody may see' };
const TOKEN = 'opaque-token-that-nobody-may-see';
const DAY = 24 * 60 * 60 * 1000;
const nowSeconds = () => Math.floor(Date.now() / 1000);

async function startTenant(t, options) {
  const tenant = await startFaultyTenant(options);
  t.after(() => tenant.close());
  return tenant;
}

const clientOf = (tenant, more) =>
  new MonoCloudBackendNodeClient(tenant.options({ ...CREDENTIALS, ...more }));

/** The tenant's metadata with other members. */
const publish = (tenant, more) =>
  tenant.on('discovery', (_request, response) =>
    sendJson(response, { ...tenant.metadata(), ...more }),
  );

/** Node.js 18.0 can't reset, and no TLS socket can. */
function endSocket(socket, how) {
  if (how === 'resetAndDestroy' && (socket.encrypted || !socket.resetAndDestroy)) socket.destroy();
  else socket[how]();
}

const answering = (status, body, headers) => (request, response) => {
  request.resume();
  response.writeHead(status, headers);
  response.end(body);
};

const answeringJson = (body, status = 200) =>
  answering(status, JSON.stringify(body), { 'content-type': 'application/json' });

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

describe('an answer to an introspection', () => {
  let tenant;

  before(async () => {
    tenant = await startFaultyTenant();
  });
  after(() => tenant?.close());

  /** What a client makes of an answer. */
  async function outcome(answer, { token = TOKEN, options, route } = {}) {
    tenant.on('introspection', answer);
    const { introspection } = tenant.requests;
    const client = clientOf(tenant, options);
    try {
      return { claims: await client.validateAccessToken(token, route) };
    } catch (error) {
      assertClean(error, [token, CREDENTIALS.clientSecret]);
      return { error };
    } finally {
      assert.equal(tenant.requests.introspection, introspection + 1, 'one request');
    }
  }

  const claimsFor = async (claims, more) => {
    const { claims: found, error } = await outcome(
      answeringJson({ active: true, ...claims }),
      more,
    );
    assert.equal(error, undefined, error?.stack);
    return found;
  };

  const refusal = async (claims, more) => {
    const { error } = await outcome(answeringJson({ active: true, ...claims }), more);
    assert.ok(error instanceof MonoCloudTokenError, String(error?.stack));
    return error;
  };

  it('that is active has its claims, without `active`', async () => {
    const claims = {
      ...tenant.claims(),
      username: 'ada',
      nested: { active: true, list: [1, { two: null }] },
      big: 9007199254740991,
      empty: '',
      '': 'an empty name',
    };
    assert.deepEqual(await claimsFor(claims), claims);
  });

  it('is a value of the caller’s own', async () => {
    tenant.on('introspection', answeringJson({ active: true, ...tenant.claims(), list: [1] }));
    const client = clientOf(tenant);
    const [first, second] = await Promise.all([
      client.validateAccessToken(TOKEN),
      client.validateAccessToken(TOKEN),
    ]);
    first.list.push(2);
    first.sub = 'changed';
    assert.deepEqual(second.list, [1]);
    assert.equal(second.sub, 'user');
    assert.equal(Object.getPrototypeOf(first), Object.prototype);
  });

  it('pollutes nothing with a claim named __proto__', async () => {
    const text = JSON.stringify({ active: true, ...tenant.claims() });
    const body = text.replace('{', '{"__proto__":{"polluted":true},"constructor":{"x":1},');
    const { claims } = await outcome(answering(200, body));
    assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    assert.equal({}.polluted, undefined);
    assert.equal(claims.polluted, undefined);
    assert.deepEqual(Object.getOwnPropertyDescriptor(claims, '__proto__').value, {
      polluted: true,
    });
  });

  it('is read whatever its media type, and with a byte of white space around', async () => {
    const body = ` ${JSON.stringify({ active: true, ...tenant.claims() })}\r\n`;
    for (const type of ['text/plain', 'application/token-introspection+json', undefined]) {
      const headers = type && { 'content-type': type };
      assert.equal((await outcome(answering(200, body, headers))).claims.sub, 'user', type);
    }
  });

  for (const active of [false, 'true', 'false', 1, 0, null, {}, [true], '', undefined]) {
    it(`whose \`active\` is ${JSON.stringify(active)} is inactive_token`, async () => {
      const { error } = await outcome(answeringJson({ ...tenant.claims(), active }));
      assert.ok(error instanceof MonoCloudTokenError, String(error?.stack));
      assert.equal(error.code, 'inactive_token');
      assert.equal(error.reason, 'inactive');
      assert.equal(error.message, 'Token is not active');
    });
  }

  it('that has `Active` or a nested one only is inactive_token', async () => {
    for (const body of [{ Active: true }, { ACTIVE: true }, { token: { active: true } }]) {
      const { error } = await outcome(answeringJson({ ...tenant.claims(), ...body }));
      assert.equal(error.code, 'inactive_token');
    }
  });

  it('that says active twice is nobody’s word', async () => {
    const text = JSON.stringify({ active: true, ...tenant.claims() });
    for (const other of ['"active":false', '"\\u0061ctive":false', '"sub":"root"']) {
      const { error } = await outcome(answering(200, text.replace('{', `{${other},`)));
      assert.ok(error instanceof MonoCloudHttpError, String(error?.stack));
      assert.equal(error.reason, 'unreadable_response');
    }
  });

  it('that calls a JWT inactive which has not expired says what to check', async () => {
    const answer = answeringJson({ active: false });
    const options = { introspectJwtTokens: true };
    for (const [claims, reason] of [
      [{}, 'inactive_or_client_not_permitted'],
      [{ exp: nowSeconds() - 100 }, 'inactive_or_client_not_permitted'], // within the tolerance
      [{ exp: nowSeconds() - 1000 }, 'inactive'],
      [{ exp: undefined }, 'inactive'],
      [{ exp: 'never' }, 'inactive'],
    ]) {
      const token = tenant.token(claims);
      const { error } = await outcome(answer, { token, options });
      assert.ok(error instanceof MonoCloudTokenError, String(error?.stack));
      assert.equal(error.code, 'inactive_token');
      assert.equal(error.message, 'Token is not active');
      assert.equal(error.reason, reason, JSON.stringify(claims));
    }
    for (const token of ['a.b.c', '..', TOKEN]) {
      assert.equal((await outcome(answer, { token, options })).error.reason, 'inactive');
    }
  });

  it('may lack exp, and nothing else of what a JWT must have', async () => {
    const { exp: _, ...claims } = tenant.claims();
    assert.deepEqual(await claimsFor(claims), claims);
    const { sub: __, ...noSubject } = claims;
    assert.deepEqual(await claimsFor(noSubject), noSubject);
    assert.equal((await refusal({ ...claims, iss: undefined })).reason, 'issuer_mismatch');
    assert.equal((await refusal({ ...claims, aud: undefined })).reason, 'audience_mismatch');
  });

  it('has no member that is null', async () => {
    const nulls = { sub: null, exp: null, nbf: null, scope: null, groups: null, cnf: null };
    const { iss, aud } = tenant.claims();
    assert.deepEqual(await claimsFor({ ...tenant.claims(), ...nulls }), { iss, aud });
    for (const [claims, route, reason] of [
      [{ iss: null }, {}, 'issuer_mismatch'],
      [{ aud: null }, {}, 'audience_mismatch'],
      [{ scope: null }, { scopes: ['a'] }, 'missing_scopes'],
      [{ groups: null }, { groups: ['a'] }, 'missing_groups'],
    ]) {
      const error = await refusal({ ...tenant.claims(), ...claims }, { route });
      assert.equal(error.reason, reason);
    }
  });

  const TIMES = {
    'an exp as a string': [{ exp: String(nowSeconds() + 3600) }, 'invalid_expiration'],
    'an exp of true': [{ exp: true }, 'invalid_expiration'],
    'an exp that has passed': [{ exp: nowSeconds() - 400 }, 'expired'],
    'an exp of 0': [{ exp: 0 }, 'expired'],
    'an nbf in the future': [{ nbf: nowSeconds() + 400 }, 'not_yet_valid'],
    'an nbf as a string': [{ nbf: '0' }, 'invalid_not_before'],
    'another issuer': [{ iss: 'https://other.example.com' }, 'issuer_mismatch'],
    'an issuer that is a list': [{ iss: [] }, 'issuer_mismatch'],
    'another audience': [{ aud: 'https://other.example.com' }, 'audience_mismatch'],
    'other audiences': [{ aud: ['https://other.example.com'] }, 'audience_mismatch'],
    'no audience in its list': [{ aud: [] }, 'audience_mismatch'],
    'an audience with a slash more': [{ aud: 'https://api.example.com/' }, 'audience_mismatch'],
    'a subject that is a number': [{ sub: 42 }, 'invalid_subject'],
  };
  for (const [what, [claims, reason]] of Object.entries(TIMES)) {
    it(`with ${what} is invalid_token`, async () => {
      const error = await refusal({ ...tenant.claims(), ...claims });
      assert.equal(error.code, 'invalid_token');
      assert.equal(error.reason, reason);
    });
  }

  it('counts within the tolerance of the clock, and follows setClockSkew', async () => {
    const claims = tenant.claims();
    await claimsFor({ ...claims, exp: nowSeconds() - 200 });
    await claimsFor({ ...claims, nbf: nowSeconds() + 200 });
    await claimsFor({ ...claims, aud: ['https://other.example.com', tenant.audience] });
    const options = { clockTolerance: 0 };
    const late = await refusal({ ...claims, exp: nowSeconds() - 200 }, { options });
    assert.equal(late.reason, 'expired');

    tenant.on('introspection', answeringJson({ active: true, ...claims }));
    const client = clientOf(tenant, options);
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    client.setClockSkew(4000);
    await assert.rejects(client.validateAccessToken(TOKEN), { reason: 'expired' });
    client.setClockTolerance(1000);
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
  });

  it('must hold the scopes of the route', async () => {
    const claims = { ...tenant.claims(), scope: 'posts:read posts:write' };
    const route = (...scopes) => ({ route: { scopes } });
    await claimsFor(claims, route('posts:read', 'posts:write'));
    await claimsFor({ ...claims, scope: undefined }, route());
    for (const [scope, scopes] of [
      ['posts:read posts:write', ['posts:delete']],
      ['posts:read posts:write', ['posts:read', 'posts:delete']],
      ['posts:read posts:write', ['posts']],
      [undefined, ['posts:read']],
      [['posts:read'], ['posts:read']],
      ['posts:read,posts:write', ['posts:read']],
    ]) {
      const error = await refusal({ ...claims, scope }, route(...scopes));
      assert.equal(error.code, 'insufficient_scope');
      assert.equal(error.message, 'Token is missing required scopes');
    }
  });

  it('must hold the groups of the route', async () => {
    const claims = tenant.claims();
    const objects = [{ id: 'g1', name: 'admins' }, 'ops'];
    const asking = (groups, options) => ({ route: { groups }, options });
    await claimsFor({ ...claims, groups: objects }, asking(['admins']));
    await claimsFor({ ...claims, groups: objects }, asking(['nobody', 'ops']));
    const matchAll = { groupOptions: { matchAll: true } };
    await claimsFor({ ...claims, groups: objects }, asking(['g1', 'ops'], matchAll));
    const roles = { groupOptions: { groupsClaim: 'roles' } };
    await claimsFor({ ...claims, roles: ['ops'] }, asking(['ops'], roles));
    for (const [groups, required, options] of [
      [objects, ['nobody']],
      [objects, ['ops', 'nobody'], matchAll],
      [undefined, ['ops']],
      ['ops', ['ops']],
      [['ops'], ['ops'], roles],
    ]) {
      const error = await refusal({ ...claims, groups }, asking(required, options));
      assert.equal(error.code, 'insufficient_groups');
      assert.equal(error.message, 'Token is missing required groups');
    }
  });

  it('that is bound to a certificate needs that certificate', async () => {
    const certificate = createClientCert();
    const another = createClientCert();
    const bound = { ...tenant.claims(), cnf: { 'x5t#S256': certificate.thumbprint } };
    const asking = (clientCertificate, validateCertificateBinding) => ({
      route: { clientCertificate, validateCertificateBinding },
    });
    assert.deepEqual(await claimsFor(bound, asking(certificate.cert)), bound);
    await claimsFor({ ...bound, cnf: JSON.stringify(bound.cnf) }, asking(certificate.cert));
    await claimsFor(bound, asking(another.cert, false));
    await claimsFor(tenant.claims(), asking(another.cert));
    const reasons = [
      [bound, asking(undefined), 'certificate_missing'],
      [bound, asking(another.cert), 'certificate_mismatch'],
      [bound, asking('x'), 'certificate_malformed'],
      [tenant.claims(), asking(certificate.cert, true), 'token_not_bound'],
    ];
    for (const [claims, more, reason] of reasons) {
      const error = await refusal(claims, more);
      assert.equal(error.code, 'invalid_token');
      assert.equal(error.reason, reason);
    }
  });

  // --- OAuth errors and everything else ----------------------------------------------------------

  const OAUTH = [
    [401, { error: 'invalid_client', error_description: 'no such client' }, 'invalid_client'],
    [401, { error: 'unauthorized_client' }, 'unauthorized_client'],
    [400, { error: 'invalid_request', error_description: 'no token' }, 'invalid_request'],
    [400, { error: 'unsupported_token_type', error_uri: 'x' }, 'unsupported_token_type'],
    [401, undefined, 'invalid_client'],
    [401, '', 'invalid_client'],
    [401, '<h1>Unauthorized</h1>', 'invalid_client'],
    [401, [], 'invalid_client'],
    [401, { error: 42, error_description: ['x'] }, 'invalid_client'],
    [400, '', 'introspection_failed', 'Token introspection failed'],
    [400, 'null', 'introspection_failed', 'Token introspection failed'],
    [400, {}, 'introspection_failed', 'Token introspection failed'],
    [400, { error_description: 'no token' }, 'introspection_failed', 'no token'],
  ];
  for (const [status, body, expected, described] of OAUTH) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    it(`of ${status} and ${text ?? 'no body'} is the OAuth error ${expected}`, async () => {
      const { error } = await outcome(answering(status, text, { 'x-request-id': 'r1' }));
      assert.ok(error instanceof MonoCloudOPError, String(error?.stack));
      assert.equal(error.error, expected);
      assert.equal(error.message, expected);
      const description = body?.error_description;
      const known = typeof description === 'string' ? description : described;
      assert.equal(error.errorDescription, known);
      assert.equal(error.raw.status, status);
      assert.equal(error.raw.statusText, status === 400 ? 'Bad Request' : 'Unauthorized');
      assert.equal(error.raw.body, text ?? '');
      assert.equal(error.raw.headers['x-request-id'], 'r1');
    });
  }

  const STATUSES = [201, 202, 204, 300, 302, 304, 402, 403, 404, 405, 410, 415, 422, 429];
  for (const status of [...STATUSES, 500, 501, 502, 503, 504, 599]) {
    it(`of ${status} is a MonoCloudHttpError with that status, even with good claims`, async () => {
      const sub = 'a-subject-that-nobody-may-see';
      const good = answeringJson({ active: true, ...tenant.claims(), sub }, status);
      const oauth = answeringJson({ error: 'invalid_client' }, status);
      for (const answer of [good, oauth, answering(status, '<h1>No</h1>')]) {
        const { error } = await outcome(answer);
        assert.ok(error instanceof MonoCloudHttpError, String(error?.stack));
        assert.equal(error.status, status);
        assert.equal(error.raw.status, status);
        assert.equal(error.reason, 'unexpected_status');
        assert.equal(error.retryAfter, undefined);
        assertClean(error, [CREDENTIALS.clientSecret, sub, '<h1>']);
      }
    });
  }

  const UNREADABLE = {
    HTML: '<!doctype html><title>Sign in</title>',
    nothing: '',
    'half an object': '{"active":true,',
    'an array': '[{"active":true}]',
    true: 'true',
    'a string': '"active"',
    'what is not UTF-8': Buffer.from('{"active":true,"sub":"\xff"}', 'latin1'),
    'two objects': '{"active":true}{"active":true}',
    'a byte order mark': '\ufeff{"active":true}',
  };
  for (const [what, body] of Object.entries(UNREADABLE)) {
    it(`of 200 and ${what} is a MonoCloudHttpError, not a bad token`, async () => {
      const headers = { 'content-type': 'application/json' };
      const { error } = await outcome(answering(200, body, headers));
      assert.ok(error instanceof MonoCloudHttpError, String(error?.stack));
      assert.equal(error.reason, 'unreadable_response');
      assert.equal(error.status, 200);
      assert.equal(error.raw.headers['content-type'], 'application/json');
      assert.equal(error.raw.body, '', 'it may hold claims');
    });
  }

  it('of more than 512 KiB is a MonoCloudHttpError', async () => {
    const body = JSON.stringify({ active: true, ...tenant.claims(), x: 'x'.repeat(512 * 1024) });
    for (const options of [{}, { fetcher: (url, init) => fetch(url, init) }]) {
      for (const status of [200, 401, 500]) {
        const { error } = await outcome(answering(status, body, { 'x-debug': TOKEN }), { options });
        assert.ok(error instanceof MonoCloudHttpError, String(error?.stack));
        assert.equal(error.reason, 'response_too_large');
        assert.equal(error.status, status);
        assert.equal(error.raw.body, '', 'it may hold claims');
        assert.ok(!JSON.stringify(error.raw).includes(TOKEN));
        assert.ok(error.message.length < 500);
      }
    }
  });

  it('is kept as raw, without its cookies, its body cut off, and not for everybody’s eyes', async () => {
    const cookies = ['session=cookie-nobody-may-see; HttpOnly', 'b=cookie-nobody-may-see'];
    const headers = {
      'Set-Cookie': cookies,
      'Content-Type': 'application/json',
      'X-Request-Id': 'r1',
    };
    const long = { error: 'invalid_request', error_description: 'x', more: 'ä'.repeat(50_000) };
    for (const status of [400, 401, 403, 500]) {
      const { error } = await outcome(answering(status, JSON.stringify(long), headers));
      const { raw } = error;
      assert.deepEqual(Object.keys(raw).sort(), ['body', 'headers', 'status', 'statusText']);
      assert.equal(raw.headers['x-request-id'], 'r1');
      assert.equal(raw.headers['content-type'], 'application/json');
      assert.ok(Object.keys(raw.headers).every((name) => name.toLowerCase() !== 'set-cookie'));
      assert.ok(raw.body.startsWith('{"error":"invalid_request"'));
      assert.ok(raw.body.length <= 8 * 1024, `${raw.body.length} characters`);
      assert.equal(Object.keys(error).includes('raw'), false);
      assertClean(error, ['cookie-nobody-may-see', 'äää']);
      assert.ok(!JSON.stringify(raw).includes('cookie-nobody-may-see'));
    }
  });

  it('that echoes the token and the secret gives an error that shows neither', async () => {
    const echo = `${TOKEN} ${CREDENTIALS.clientSecret}`;
    for (const [status, body] of [
      [200, `<h1>${echo}</h1>`],
      [200, JSON.stringify({ active: false, echo })],
      [200, JSON.stringify({ active: true, ...tenant.claims(), iss: echo })],
      [200, JSON.stringify({ active: true, ...tenant.claims(), exp: echo })],
      [400, JSON.stringify({ error: 'invalid_request', echo })],
      [401, echo],
      [403, echo],
      [500, JSON.stringify({ error: echo, error_description: echo })],
    ]) {
      // `outcome` looks at what an error shows unasked. `raw` is shown by those who know what it is, in
      // a log like everything else.
      const { error } = await outcome(answering(status, body, { 'x-debug': TOKEN }));
      assert.ok(error, body);
      for (const secret of [TOKEN, CREDENTIALS.clientSecret]) {
        assert.ok(!JSON.stringify(error.raw ?? {}).includes(secret), `${status}: ${body}`);
      }
    }
  });
});

describe('what a route answers where introspection fails', () => {
  for (const { name, adapter, create } of frameworks) {
    it(`${name}: 401, 500 and 503, and Retry-After as the tenant says`, async (t) => {
      const tenant = await startTenant(t);
      const { protectApi } = adapters[adapter];
      const errors = [];
      const routes = [
        { path: '/' },
        { path: '/admin', options: { scopes: ['admin'] } },
        { path: '/ops', options: { groups: ['ops'] } },
      ];
      const api = await create(protectApi(tenant.options(CREDENTIALS)), routes, {
        record: errors,
      });
      t.after(() => api.close());
      const retry = (status, seconds) => answering(status, '', { 'retry-after': seconds });

      assert.equal((await get(api.url, TOKEN)).status, 200);
      const admin = await get(`${api.url}/admin`, TOKEN);
      assert.equal(admin.status, 403);
      const challenge = 'Bearer error="insufficient_scope", scope="admin"';
      assert.equal(admin.headers['www-authenticate'], challenge);
      assertAnswer(await get(`${api.url}/ops`, TOKEN), 'forbidden');
      for (const [answer, row, retryAfter] of [
        [answeringJson({ active: false }), 'invalid token'],
        [answeringJson({ active: 'true', ...tenant.claims() }), 'invalid token'],
        [answeringJson({ active: true, ...tenant.claims(), exp: 1 }), 'invalid token'],
        [answeringJson({ active: true, ...tenant.claims(), aud: undefined }), 'invalid token'],
        [answeringJson({ error: 'invalid_client' }, 401), 'refused'],
        [answeringJson({ error: 'invalid_request' }, 400), 'refused'],
        [answering(401, ''), 'refused'],
        [answering(403, ''), 'refused'],
        [answering(404, ''), 'refused'],
        [answering(500, ''), 'unavailable'],
        [answering(302, '', { location: '/' }), 'refused'],
        [answering(200, '<h1>Hello</h1>'), 'refused'],
        [retry(429, '7'), 'unavailable', '7'],
        [retry(429, '0'), 'unavailable', '0'],
        [retry(503, '120'), 'unavailable', '120'],
        [answering(429, ''), 'unavailable'],
        [retry(429, 'soon'), 'unavailable'],
        [retry(429, '-1'), 'unavailable'],
        [retry(429, '99999999999999999999'), 'unavailable'],
        [retry(429, 'Wed, 21 Oct 2015 07:28:00 GMT'), 'unavailable'],
      ]) {
        tenant.on('introspection', answer);
        assertAnswer(await get(api.url, TOKEN), row, row, retryAfter);
      }
      tenant.on('introspection');
      assert.equal((await get(api.url, TOKEN)).status, 200);
      assert.deepEqual(errors, []);
    });
  }

  it('an error names the seconds as well', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', answering(429, '', { 'retry-after': '7' }));
    const error = await failureOf(() => clientOf(tenant).validateAccessToken(TOKEN));
    assert.equal(error.status, 429);
    assert.equal(error.retryAfter, 7);
  });
});

describe('many who ask about one token', () => {
  /** Answers after a while. */
  const slowly = (milliseconds) => async (request, response, right) => {
    await sleep(milliseconds);
    right(request, response);
  };

  it('5,000 at a time are one introspection and 5,000 answers, each its own', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', slowly(500));
    const client = clientOf(tenant);
    const answers = await Promise.all(
      Array.from({ length: 5000 }, () => client.validateAccessToken(TOKEN)),
    );
    assert.equal(tenant.requests.introspection, 1);
    assert.equal(tenant.requests.discovery, 1);
    assert.equal(answers.length, 5000);
    assert.equal(new Set(answers).size, 5000);
    for (const claims of answers) assert.equal(claims.sub, 'user');
    // An answer is for those who waited for it, and for nobody later.
    await client.validateAccessToken(TOKEN);
    assert.equal(tenant.requests.introspection, 2);
  });

  it('each is held to what its own route asks', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', slowly(200));
    const client = clientOf(tenant);
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, (_, index) =>
        client.validateAccessToken(TOKEN, {
          scopes: [['posts:read'], ['admin'], []][index % 3],
          groups: index % 2 ? ['ops'] : [],
        }),
      ),
    );
    assert.equal(tenant.requests.introspection, 1);
    results.forEach(({ status, reason }, index) => {
      const expected =
        index % 3 === 1 ? 'insufficient_scope' : index % 2 ? 'insufficient_groups' : undefined;
      assert.equal(status === 'fulfilled' ? undefined : reason.code, expected);
    });
  });

  it('share a failure, each with an error of its own, and the next one asks again', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', async (request, response) => {
      await sleep(200);
      answering(500, '')(request, response);
    });
    const client = clientOf(tenant);
    await client.getMetadata();
    const results = await Promise.allSettled(
      Array.from({ length: 1000 }, () => client.validateAccessToken(TOKEN)),
    );
    assert.equal(tenant.requests.introspection, 1);
    const errors = new Set(results.map(({ reason }) => reason));
    assert.equal(errors.size, 1000);
    for (const error of errors) assert.equal(error.status, 500);
    tenant.on('introspection');
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    assert.equal(tenant.requests.introspection, 2);
  });

  it('other tokens and other clients are asked about on their own', async (t) => {
    const tenant = await startTenant(t);
    const seen = recordIntrospections(tenant, async (response) => {
      await sleep(100);
      sendJson(response, { active: true, ...tenant.claims() });
    });
    const clients = [clientOf(tenant), clientOf(tenant, { clientId: 'other' })];
    await Promise.all(
      clients.flatMap((client) =>
        ['one', 'two', 'ONE', 'one '].map((token) => client.validateAccessToken(token)),
      ),
    );
    assert.equal(seen.length, 8);
    assert.equal(new Set(seen.map(({ body }) => body)).size, 8);
  });

  it('leave no memory behind', async (t) => {
    const tenant = await startTenant(t);
    tenant.on('introspection', slowly(100));
    const { said, code, stderr } = await runScript(
      `
      const { MonoCloudBackendNodeClient } = load('js/index.js');
      const client = new MonoCloudBackendNodeClient(input);
      const bursts = async (rounds) => {
        for (let round = 0; round < rounds; round += 1) {
          const ask = () => client.validateAccessToken('opaque');
          await Promise.all(Array.from({ length: 5000 }, ask));
        }
        for (let round = 0; round < 3; round += 1) {
          gc();
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        const { heapUsed, rss } = process.memoryUsage();
        say({ heapUsed, rss });
      };
      for (let n = 0; n < 5; n += 1) await bursts(8);
      `,
      {
        input: tenant.options(CREDENTIALS),
        // A young generation of a size that stays, so that what grows is what leaks.
        flags: ['--expose-gc', '--max-semi-space-size=2'],
        timeout: 90_000,
      },
    );
    assert.equal(code, 0, stderr);
    // 40,000 answers lie between two looks: one KiB of each would be 39 MiB.
    const least = (name) => {
      const grown = said.slice(1).map((usage, index) => usage[name] - said[index][name]);
      return Math.min(...grown) / (1024 * 1024);
    };
    assert.ok(least('heapUsed') < 1, JSON.stringify(said));
    assert.ok(least('rss') < 10, JSON.stringify(said));
  });
});

describe('introspections in flight', () => {
  /** A tenant whose introspections wait for `release`, and what it has counted of them. */
  async function startHolding(t) {
    const tenant = await startTenant(t);
    const held = [];
    const counts = { most: 0, all: 0 };
    tenant.on('introspection', (request, response, right) => {
      request.resume();
      held.push(() => right(request, response));
      counts.all += 1;
      counts.most = Math.max(counts.most, held.length);
    });
    const release = () => {
      for (const answer of held.splice(0)) answer();
    };
    const until = async (done) => {
      const end = Date.now() + 20_000;
      while (!done()) {
        assert.ok(Date.now() < end, JSON.stringify(counts));
        await sleep(5);
      }
    };
    return { tenant, held, counts, release, until };
  }

  const asks = (client, count, name = 'token') =>
    Array.from({ length: count }, (_, n) => client.validateAccessToken(`${name} ${n}`));

  it('are 64 at the most, over 64 connections, and the others have their turn', async (t) => {
    const { tenant, held, counts, release, until } = await startHolding(t);
    const client = clientOf(tenant);
    let done = false;
    const all = Promise.all(asks(client, 300)).finally(() => {
      done = true;
    });
    await until(() => held.length === 64);
    await sleep(100);
    assert.equal(held.length, 64);
    await until(() => {
      release();
      return done;
    });
    assert.equal((await all).length, 300);
    assert.equal(counts.all, 300);
    assert.ok(counts.most <= 64, `${counts.most} at a time`);
    assert.ok(tenant.sockets.length <= 130, `${tenant.sockets.length} connections`);
  });

  it('are counted by tenant, each client held to its own limit', async (t) => {
    const { tenant, held, release, until } = await startHolding(t);
    const two = clientOf(tenant, { maxConcurrentIntrospections: 2 });
    const three = clientOf(tenant, { maxConcurrentIntrospections: '3' });
    const first = asks(two, 3, 'two');
    await until(() => held.length === 2);
    await sleep(50);
    assert.equal(held.length, 2);
    release();
    await until(() => held.length === 1);
    const second = asks(three, 3, 'three');
    await until(() => held.length === 3);
    await sleep(50);
    assert.equal(held.length, 3);
    release();
    await until(() => held.length === 1);
    release();
    for (const claims of await Promise.all([...first, ...second])) assert.equal(claims.sub, 'user');
  });

  it('of one token are one place', async (t) => {
    const { tenant, held, counts, release, until } = await startHolding(t);
    const client = clientOf(tenant, { maxConcurrentIntrospections: 1 });
    const all = Array.from({ length: 2000 }, () => client.validateAccessToken(TOKEN));
    await until(() => held.length === 1);
    release();
    assert.equal((await Promise.all(all)).length, 2000);
    assert.equal(counts.all, 1);
  });

  it('that find no place in time are a MonoCloudHttpError to try again after', async (t) => {
    const { tenant, held, release, until } = await startHolding(t);
    const limited = { maxConcurrentIntrospections: 1 };
    const patient = clientOf(tenant, { ...limited, responseTimeout: 60_000 });
    const hasty = clientOf(tenant, { ...limited, responseTimeout: 1000 });
    const first = patient.validateAccessToken('first');
    await until(() => held.length === 1);
    const begun = performance.now();
    const error = await failureOf(() => hasty.validateAccessToken('second'));
    const took = performance.now() - begun;
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'introspection_limit');
    assert.equal(error.status, undefined);
    assert.equal(error.retryAfter, 1);
    assert.ok(took > 900 && took < 9000, `${took} ms`);
    release();
    assert.equal((await first).sub, 'user');
    tenant.on('introspection');
    assert.equal((await hasty.validateAccessToken('third')).sub, 'user');
    assert.equal(tenant.requests.introspection, 2, 'nobody was asked about the second');
  });

  it('have 1,024 waiting behind them, and the others are refused at once', async (t) => {
    const { tenant, held, release, until } = await startHolding(t);
    const client = clientOf(tenant, { maxConcurrentIntrospections: 1, responseTimeout: 60_000 });
    await client.getMetadata();
    const refused = [];
    let done = 0;
    const all = asks(client, 1500).map((one) =>
      one.then(
        () => {
          done += 1;
        },
        (error) => refused.push(error),
      ),
    );
    await until(() => refused.length === 1500 - 1024 - 1 && held.length === 1);
    for (const error of refused) {
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.equal(error.reason, 'introspection_limit');
      assert.equal(error.status, undefined);
      assert.equal(error.retryAfter, 1);
    }
    await until(() => {
      release();
      return done === 1025;
    });
    await Promise.all(all);
    assert.equal(refused.length, 1500 - 1025);
  });
});

describe('connections', () => {
  /** A tenant whose introspection endpoint is a server of its own: its connections are counted. */
  async function startPair(t, { tls, options } = {}) {
    const tenant = await startTenant(t);
    const endpoint = await startTenant(t, { tls });
    publish(tenant, { introspection_endpoint: `${endpoint.origin}/introspect` });
    const right = (request, response) =>
      answeringJson({ active: true, ...tenant.claims() })(request, response);
    endpoint.on('introspection', right);
    const client = clientOf(tenant, options);
    await client.getMetadata();
    return { tenant, endpoint, right, client };
  }

  const ca = createCa();
  const secure = { tls: createServerCert(ca), options: { tls: { ca: ca.cert } } };

  for (const [kind, more] of [
    ['http', {}],
    ['https', secure],
  ]) {
    it(`are kept and used again over ${kind}`, async (t) => {
      const { endpoint, client } = await startPair(t, more);
      for (let n = 0; n < 50; n += 1) await client.validateAccessToken(`token ${n}`);
      assert.equal(endpoint.requests.introspection, 50);
      assert.equal(endpoint.sockets.length, 1);
      const wave = () =>
        Promise.all(Array.from({ length: 20 }, (_, n) => client.validateAccessToken(`wave ${n}`)));
      for (let round = 0; round < 5; round += 1) await wave();
      assert.equal(endpoint.requests.introspection, 150);
      // A connection that is still being made may be overtaken by one that has become free.
      assert.ok(endpoint.sockets.length <= 45, `${endpoint.sockets.length} connections`);
    });

    it(`that turn out dead over ${kind} cost a second request and no failure`, async (t) => {
      const { endpoint, right, client } = await startPair(t, more);
      const used = new Map();
      let destroyed = 0;
      endpoint.on('introspection', (request, response) => {
        const times = (used.get(request.socket) ?? 0) + 1;
        used.set(request.socket, times);
        if (times === 1) return right(request, response);
        destroyed += 1;
        return request.socket.destroy();
      });
      for (let n = 0; n < 10; n += 1) {
        assert.equal((await client.validateAccessToken(`token ${n}`)).sub, 'user');
      }
      assert.ok(destroyed > 0);
      assert.equal(endpoint.requests.introspection, 10 + destroyed);
      assert.equal(endpoint.sockets.length, used.size);
    });

    it(`all of which turn out dead at once over ${kind} cost no failure either`, async (t) => {
      const { endpoint, right, client } = await startPair(t, more);
      const known = new Set();
      const dead = new Set();
      endpoint.on('introspection', async (request, response) => {
        if (dead.has(request.socket)) return request.socket.destroy();
        known.add(request.socket);
        // Long enough for all of a wave to be under way, each with a connection.
        await sleep(100);
        return right(request, response);
      });
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.allSettled(
          Array.from({ length: 30 }, (_, n) => client.validateAccessToken(`${round} ${n}`)),
        );
        const failed = answers.filter(({ status }) => status !== 'fulfilled');
        assert.deepEqual(
          failed.map(({ reason }) => reason.message),
          [],
          `round ${round}`,
        );
        for (const socket of known) dead.add(socket);
      }
    });

    it(`that the tenant has closed in the meantime over ${kind} cost no failure`, async (t) => {
      const { endpoint, client } = await startPair(t, more);
      for (const end of ['destroy', 'end', 'resetAndDestroy']) {
        for (const pause of [0, 1, 20]) {
          assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
          for (const socket of endpoint.sockets) endSocket(socket, end);
          if (pause > 0) await sleep(pause);
          assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user', `${end} ${pause}`);
        }
      }
    });

    it(`that fail without an answer when they are new over ${kind} are not tried again`, async (t) => {
      const { endpoint, client } = await startPair(t, more);
      for (const end of ['destroy', 'end', 'resetAndDestroy']) {
        const { introspection } = endpoint.requests;
        const sockets = endpoint.sockets.length;
        endpoint.on('introspection', ({ socket }) => endSocket(socket, end));
        const error = await failureOf(() => client.validateAccessToken(TOKEN));
        assert.ok(error instanceof MonoCloudHttpError, error.stack);
        assert.equal(error.reason, 'connection_lost');
        assert.equal(error.status, undefined);
        assertClean(error, [TOKEN, CREDENTIALS.clientSecret]);
        assert.equal(endpoint.requests.introspection, introspection + 1, end);
        assert.equal(endpoint.sockets.length, sockets + 1, end);
      }
    });
  }

  it('that turn out dead are tried again once, and that is all', async (t) => {
    const { endpoint, client } = await startPair(t);
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    endpoint.on('introspection', ({ socket }) => socket.destroy());
    const error = await failureOf(() => client.validateAccessToken(TOKEN));
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'connection_lost');
    assert.equal(endpoint.requests.introspection, 3);
    assert.equal(endpoint.sockets.length, 2);
  });

  it('that are kept and whose answer breaks off are not tried again', async (t) => {
    const { endpoint, right, client } = await startPair(t);
    const breaking = {
      'reset amid its body': (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        const { socket } = response;
        response.write('{"active":true,', () => endSocket(socket, 'resetAndDestroy'));
      },
      'closed after its head': (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.flushHeaders();
        setTimeout(() => response.socket.destroy(), 20);
      },
    };
    for (const [what, fault] of Object.entries(breaking)) {
      endpoint.on('introspection', right);
      assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
      const { introspection } = endpoint.requests;
      const sockets = endpoint.sockets.length;
      endpoint.on('introspection', fault);
      const error = await failureOf(() => client.validateAccessToken(TOKEN));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.equal(error.reason, 'connection_lost', what);
      assert.equal(endpoint.requests.introspection, introspection + 1, what);
      assert.equal(endpoint.sockets.length, sockets, what);
    }
  });

  it('that are kept and answer what is no HTTP are not tried again', async (t) => {
    const { endpoint, client } = await startPair(t);
    assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
    endpoint.on('introspection', ({ socket }) => socket.end('220 smtp.example.com\r\n'));
    const error = await failureOf(() => client.validateAccessToken(TOKEN));
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'connection_lost');
    assert.equal(endpoint.requests.introspection, 2, 'an answer came, if not a good one');
  });

  it('whose answers are refusals or never come are not tried again', async (t) => {
    const { endpoint, right, client } = await startPair(t, { options: { responseTimeout: 1000 } });
    for (const [fault, status, reason] of [
      [answering(500, ''), 500, 'unexpected_status'],
      [answering(503, ''), 503, 'unexpected_status'],
      [answering(408, ''), 408, 'unexpected_status'],
      [answering(429, ''), 429, 'unexpected_status'],
      [answering(200, 'x'), 200, 'unreadable_response'],
      [() => {}, undefined, 'timeout'],
    ]) {
      endpoint.on('introspection', right);
      assert.equal((await client.validateAccessToken(TOKEN)).sub, 'user');
      const { introspection } = endpoint.requests;
      endpoint.on('introspection', fault);
      const error = await failureOf(() => client.validateAccessToken(TOKEN));
      assert.equal(error.reason, reason);
      assert.equal(error.raw?.status, status);
      await sleep(20);
      assert.equal(endpoint.requests.introspection, introspection + 1, reason);
    }
  });

  it('to nobody are a MonoCloudHttpError', async (t) => {
    const { endpoint, client } = await startPair(t);
    await endpoint.close();
    const error = await failureOf(() => client.validateAccessToken(TOKEN));
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'connection_failed');
    endpoint.close = () => {};
  });

  it('that died while the process was frozen cost it no failed request', {
    skip: process.platform === 'win32',
  }, async (t) => {
    const { tenant, endpoint, right } = await startPair(t);
    endpoint.on('introspection', async (request, response) => {
      await sleep(50);
      right(request, response);
    });
    const root = path.join(__dirname, '..', '..');
    const options = JSON.stringify(tenant.options(CREDENTIALS));
    const child = spawn(
      process.execPath,
      [
        '-e',
        `
        const { MonoCloudBackendNodeClient } = require(${JSON.stringify(root)});
        const client = new MonoCloudBackendNodeClient(${options});
        const wave = () => Promise.allSettled(
          Array.from({ length: 20 }, (_, n) => client.validateAccessToken('token ' + n)),
        );
        wave().then(() => console.log('ready'));
        process.stdin.once('data', async () => {
          const answers = await wave();
          console.log(JSON.stringify(answers.map(({ reason }) => reason?.message ?? 'ok')));
          process.exit();
        });
        `,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    t.after(() => child.kill('SIGKILL'));
    const [ready] = await once(child.stdout, 'data');
    assert.equal(String(ready).trim(), 'ready');
    child.kill('SIGSTOP');
    await sleep(100);
    for (const socket of [...endpoint.sockets, ...tenant.sockets]) socket.destroy();
    // It wakes up to a request and to the news of its connections at the same time.
    child.stdin.write('go\n');
    child.kill('SIGCONT');
    const [answers] = await once(child.stdout, 'data');
    assert.deepEqual(JSON.parse(String(answers)), Array(20).fill('ok'));
  });
});

describe('a tenant that is not what it should be', () => {
  it('and trickles one byte a second is given up at the deadline', async (t) => {
    const tenant = await startTenant(t);
    let closed;
    tenant.on('introspection', (request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.flushHeaders();
      const text = '{"active":true}'.padEnd(100);
      let sent = 0;
      const timer = setInterval(() => {
        response.write(text[sent]);
        sent += 1;
      }, 1000);
      closed = once(response, 'close').then(() => clearInterval(timer));
    });
    const client = clientOf(tenant, { responseTimeout: 2500 });
    await client.getMetadata();
    const begun = performance.now();
    const error = await failureOf(() => client.validateAccessToken(TOKEN));
    const took = performance.now() - begun;
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'timeout');
    assert.match(error.message, /2500 ms/);
    assert.ok(took > 2400 && took < 9000, `${took} ms`);
    assert.equal(tenant.requests.introspection, 1);
    // The exchange is over for the tenant too.
    await closed;
  });

  const ca = createCa();
  const impostors = {
    'a certificate for another name': createServerCert(ca, { san: ['DNS:other.example.com'] }),
    'a certificate without a name': createServerCert(ca, { san: [], name: '127.0.0.1' }),
    'an expired certificate': createServerCert(ca, {
      notBefore: new Date(Date.now() - 2 * DAY),
      notAfter: new Date(Date.now() - DAY),
    }),
    'a certificate that is not valid yet': createServerCert(ca, {
      notBefore: new Date(Date.now() + DAY),
    }),
    'a certificate of a CA that nobody knows': createServerCert(createCa()),
    'a certificate that signs itself': createServerCert(),
    'the certificate of a client': createClientCert(ca, { san: ['IP:127.0.0.1'] }),
  };
  for (const [what, identity] of Object.entries(impostors)) {
    it(`and shows ${what} learns neither token nor secret`, async (t) => {
      const tenant = await startTenant(t);
      const endpoint = await startTenant(t, { tls: identity });
      publish(tenant, { introspection_endpoint: `${endpoint.origin}/introspect` });
      const client = clientOf(tenant, { tls: { ca: ca.cert } });
      const error = await failureOf(() => client.validateAccessToken(TOKEN));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.equal(error.reason, 'tls_failed');
      assert.equal(error.status, undefined);
      assert.equal(error.raw, undefined);
      assertClean(error, [TOKEN, CREDENTIALS.clientSecret]);
      assert.equal(endpoint.requests.introspection, 0);
      assert.equal(endpoint.sockets.length, 1, 'and is not asked twice');
    });
  }

  it('and redirects is not followed', async (t) => {
    const tenant = await startTenant(t);
    const other = await startTenant(t);
    for (const status of [301, 302, 303, 307, 308]) {
      const location = `${other.origin}/introspect`;
      tenant.on('introspection', answering(status, '', { location }));
      const error = await failureOf(() => clientOf(tenant).validateAccessToken(TOKEN));
      assert.ok(error instanceof MonoCloudHttpError, error.stack);
      assert.equal(error.status, status);
    }
    assert.equal(other.sockets.length, 0);
  });
});
