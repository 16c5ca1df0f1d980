'use strict';

// Contract §8: the errors of everything that can fail, their messages, and what must never be in one.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOPError,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
} = require('@monocloud/backend-node');
const { at, makeKey, setOf, sign, startServer } = require('../../support/tokens.js');
const { everythingIn, failureOf } = require('../../support/introspection.js');
const { CODES } = require('./support.js');

// ---------------------------------------------------------------------------------------------
// What comes out of everything that can fail, and what must never be in it.

const SECRET = 'SECRET-hunter2';

const CLAIM = 'CLAIM-ada-lovelace';
const OPAQUE = 'OPAQUE-token-of-ada';
const NOW = 1_800_000_000;
const AUDIENCE = 'https://api.example.com';
const key = makeKey('ES256');
const stranger = makeKey('ES256', { kid: `KID-${CLAIM}` });

/**
 * A tenant that fails as it is told: `metadata`, `jwks` and `introspection` are each the answer to
 * its request, `{ status, headers, body }`.
 */
async function startFailing({ metadata, jwks, introspection }) {
  const server = await startServer((request, response) => {
    const { url } = server;
    const good = {
      issuer: url,
      jwks_uri: `${url}/jwks`,
      introspection_endpoint: `${url}/introspection`,
    };
    const answers = {
      '/.well-known/openid-configuration': metadata ?? { body: JSON.stringify(good) },
      '/jwks': jwks ?? { body: JSON.stringify(setOf(key)) },
      '/introspection': introspection ?? { body: '{"active":false}' },
    };
    const { status = 200, headers = {}, body = '', destroy } = answers[request.url];
    if (destroy) {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, headers);
    response.end(body);
  });
  return server;
}

const credentials = { clientId: 'CLIENT', clientSecret: SECRET };

/** Name, the tenant's answers, and what the error is. */
const FAILURES = [
  ['metadata with 404', { metadata: { status: 404, body: CLAIM } }, http(404)],
  ['metadata with 500', { metadata: { status: 500, body: CLAIM } }, http(500)],
  ['metadata with 204', { metadata: { status: 204 } }, http(204)],
  [
    'metadata with a redirect',
    { metadata: { status: 302, headers: { location: `http://127.0.0.1:9/${CLAIM}` } } },
    http(302),
  ],
  ['metadata as HTML', { metadata: { body: `<html>${CLAIM}` } }, http(200)],
  ['metadata that is empty', { metadata: { body: '' } }, http(200)],
  [
    'metadata of another issuer',
    { metadata: { body: '{"issuer":"https://CLAIM-ada"}' } },
    http(200),
  ],
  [
    'metadata in another encoding',
    { metadata: { body: Buffer.from([0x7b, 0xff, 0x7d]) } },
    http(200),
  ],
  ['metadata without end', { metadata: { body: Buffer.alloc(600 * 1024, 'x') } }, http(200)],
  ['metadata that breaks off', { metadata: { destroy: true } }, http()],
  ['JWKS with 403', { jwks: { status: 403, body: CLAIM } }, http(403)],
  ['JWKS with 429', { jwks: { status: 429, headers: { 'retry-after': '7' } } }, http(429)],
  ['JWKS as HTML', { jwks: { body: `<html>${CLAIM}` } }, http(200)],
  ['JWKS without keys', { jwks: { body: '{}' } }, http(200)],
  ['JWKS with a text for keys', { jwks: { body: '{"keys":"x"}' } }, http(200)],
];

const INTROSPECTIONS = [
  [
    '400 with a reason',
    {
      status: 400,
      headers: { 'x-secret': CLAIM },
      body: JSON.stringify({ error: 'invalid_request', error_description: 'No.', more: CLAIM }),
    },
    op('invalid_request', 'No.'),
  ],
  [
    '400 without',
    { status: 400, body: CLAIM },
    op('introspection_failed', 'Token introspection failed'),
  ],
  ['401 with a reason', { status: 401, body: '{"error":"invalid_client"}' }, op('invalid_client')],
  ['a bare 401', { status: 401 }, op('invalid_client')],
  ['403', { status: 403, body: CLAIM }, http(403)],
  ['500', { status: 500, body: `{"sub":"${CLAIM}"}` }, http(500)],
  ['HTML', { body: `<html>${CLAIM}` }, http(200)],
  ['cut off JSON', { body: `{"active":true,"sub":"${CLAIM}"` }, http(200)],
  ['a list', { body: `["${CLAIM}"]` }, http(200)],
  ['inactive', { body: `{"active":false,"sub":"${CLAIM}"}` }, inactive],
  ['active in words', { body: `{"active":"true","sub":"${CLAIM}"}` }, inactive],
  ['another issuer', { body: `{"active":true,"iss":"https://${CLAIM}"}` }, token],
  ['no issuer', { body: `{"active":true,"sub":"${CLAIM}"}` }, token],
];

function inactive(error) {
  assert.ok(error instanceof MonoCloudTokenError, error.stack);
  assert.equal(error.code, 'inactive_token');
  assert.equal(error.message, 'Token is not active');
}

function http(status) {
  return (error) => {
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.status, status);
    assert.equal(typeof error.reason, 'string');
  };
}

function op(code, description) {
  return (error) => {
    assert.ok(error instanceof MonoCloudOPError, error.stack);
    assert.deepEqual([error.error, error.errorDescription], [code, description]);
    assert.equal(error.message, code);
  };
}

function token(error) {
  assert.ok(error instanceof MonoCloudTokenError, error.stack);
  assert.equal(error.code, 'invalid_token');
  assert.equal(typeof error.reason, 'string');
}

const forbidden = [SECRET, 'CLAIM-ada', 'OPAQUE-token', encodeURIComponent(SECRET)];

function assertClean(error, tokens = []) {
  const everything = everythingIn(error);
  const parts = tokens.flatMap((text) => text.split('.')).filter((part) => part.length > 8);
  for (const secret of [...forbidden, ...parts]) {
    assert.ok(!everything.includes(secret), `${secret.slice(0, 12)}… is in\n${everything}`);
  }
}

describe('§8 what comes out of a failing tenant', () => {
  for (const [name, answers, check] of FAILURES) {
    it(`${name} is a MonoCloudHttpError without a word of it`, async () => {
      const server = await startFailing(answers);
      const client = new MonoCloudBackendNodeClient({
        tenantDomain: server.url,
        audience: AUDIENCE,
        ...credentials,
      });
      const jwt = sign(key, { claims: { iss: server.url, aud: AUDIENCE, sub: CLAIM } });
      const error = await failureOf(() => client.validateAccessToken(jwt));
      await server.close();
      check(error);
      assert.match(error.message, /^Error while fetching (metadata|JWKS)\. /);
      if (error.raw) assert.equal(error.raw.status, error.status);
      assertClean(error, [jwt]);
    });
  }

  it('a tenant that is not there is a MonoCloudHttpError without status', async () => {
    const server = await startFailing({});
    await server.close();
    const client = new MonoCloudBackendNodeClient({
      tenantDomain: server.url,
      audience: AUDIENCE,
      ...credentials,
    });
    for (const text of [OPAQUE, sign(key, { claims: { sub: CLAIM } })]) {
      const error = await failureOf(() => client.validateAccessToken(text));
      http(undefined)(error);
      assert.equal(error.reason, 'connection_failed');
      assert.equal(error.raw, undefined);
      assertClean(error, [text]);
    }
  });

  for (const [name, introspection, check] of INTROSPECTIONS) {
    it(`introspection that answers ${name} gives the documented error without a claim`, async () => {
      const server = await startFailing({ introspection });
      for (const clientAuthMethod of ['client_secret_post', 'client_secret_basic']) {
        const client = new MonoCloudBackendNodeClient({
          tenantDomain: server.url,
          audience: AUDIENCE,
          clientAuthMethod,
          ...credentials,
        });
        const error = await failureOf(() => client.validateAccessToken(OPAQUE));
        check(error);
        assertClean(error, [OPAQUE]);
      }
      await server.close();
    });
  }
});

describe('§8 no token, claim or secret in any error of a token', () => {
  const client = new MonoCloudBackendNodeClient({
    tenantDomain: 'https://tenant.example',
    audience: AUDIENCE,
    ...credentials,
  });
  const claims = {
    iss: 'https://tenant.example',
    sub: CLAIM,
    aud: AUDIENCE,
    exp: NOW + 60,
    scope: CLAIM,
    groups: [CLAIM],
  };
  const signed = (more, header) => sign(key, { header, claims: { ...claims, ...more } });
  const tokens = {
    'no JWT': `${OPAQUE}.${OPAQUE}`,
    'a header that is none': `${CLAIM}.x.y`,
    crit: signed({}, { crit: [CLAIM] }),
    'an alg': sign(key, { header: { alg: CLAIM }, alg: 'ES256', claims }),
    'a typ': signed({}, { typ: CLAIM }),
    'a kid': sign(stranger, { claims }),
    'a signature': sign({ ...stranger, jwk: key.jwk }, { claims }),
    'a payload': sign(key, { claims: `{"sub":"${CLAIM}"` }),
    iss: signed({ iss: CLAIM }),
    sub: signed({ sub: [CLAIM] }),
    aud: signed({ aud: [CLAIM] }),
    'no exp': signed({ exp: undefined }),
    'an exp of text': signed({ exp: CLAIM }),
    exp: signed({ exp: 1 }),
    'an nbf of text': signed({ nbf: CLAIM }),
    nbf: signed({ nbf: NOW + 9999 }),
    scopes: [signed({}), { scopes: [`CLAIM-ada-scope`] }],
    groups: [signed({}), { groups: ['CLAIM-ada-group'] }],
    cnf: signed({ cnf: { 'x5t#S256': CLAIM } }),
    'a malformed certificate': [
      signed({ cnf: { 'x5t#S256': CLAIM } }),
      { clientCertificate: CLAIM },
    ],
    'no binding': [signed({}), { validateCertificateBinding: true, clientCertificate: 'AAAA' }],
    'too long': `${OPAQUE}${'x'.repeat(20_000)}.x.y`,
  };

  for (const [name, entry] of Object.entries(tokens)) {
    it(`refused for ${name}`, async () => {
      const [text, route] = [entry].flat();
      const call = () => client.validateJwtAccessToken(text, { jwks: setOf(key), ...route });
      const error = await failureOf(() => at(NOW, call));
      assert.ok(error instanceof MonoCloudTokenError, error.stack);
      assert.ok(CODES.includes(error.code));
      assert.match(error.reason, /^[a-z_]+$/);
      assert.deepEqual(Object.keys(error).sort(), ['code', 'reason']);
      assert.equal(error.stack.split('\n')[0], `MonoCloudTokenError: ${error.message}`);
      assertClean(error, [text]);
      // Not even in what has to be asked for.
      const hidden = everythingIn(error, { withRaw: true });
      assert.ok(!hidden.includes(CLAIM), hidden);
    });
  }

  it('by decodeJwt', async () => {
    for (const text of [OPAQUE, `${OPAQUE}.${OPAQUE}`, `a.${CLAIM}.b`, `a.${Buffer.from(CLAIM)}`]) {
      const error = await failureOf(() => MonoCloudOidcBackendClient.decodeJwt(text));
      assert.ok(error instanceof MonoCloudTokenError, error.stack);
      assertClean(error, [text]);
    }
  });

  it('by a caller’s own functions that fail with secrets in their errors', async () => {
    class Mine extends Error {
      code = 'E_MINE';
    }
    const fail = () => {
      throw Object.assign(new Mine(`${SECRET} ${CLAIM}`), { cause: new Error(SECRET) });
    };
    for (const name of ['fetcher', 'metadataResolver', 'jwksResolver']) {
      for (const thrower of [fail, async () => fail(), () => Promise.reject(SECRET)]) {
        const failing = new MonoCloudBackendNodeClient({
          tenantDomain: 'https://tenant.example',
          audience: AUDIENCE,
          ...credentials,
          [name]: thrower,
        });
        const call = name === 'metadataResolver' ? 'getMetadata' : 'getJwks';
        const error = await failureOf(() => failing[call]());
        assert.ok(error instanceof MonoCloudHttpError, error.stack);
        assert.equal(error.reason, 'fetcher_failed');
        // What the caller's own function threw is the cause, and stands nowhere else.
        assert.ok([SECRET, `${SECRET} ${CLAIM}`].includes(error.cause.message ?? error.cause));
        assert.ok(!Object.keys(error).includes('cause'));
        delete error.cause;
        assertClean(error);
      }
    }
  });

  it('by a fetcher’s answer with claims in its body and cookies in its head', async () => {
    const failing = new MonoCloudBackendNodeClient({
      tenantDomain: 'https://tenant.example',
      audience: AUDIENCE,
      fetcher: async () => new Response(CLAIM, { status: 502, headers: { 'Set-Cookie': SECRET } }),
    });
    const error = await failureOf(() => failing.getMetadata());
    http(502)(error);
    assertClean(error);
    assert.equal(error.raw.headers['set-cookie'], undefined);
    assert.equal(error.raw.body, CLAIM);
  });
});

describe('§8 messages that programs match on', () => {
  const client = new MonoCloudBackendNodeClient({
    tenantDomain: 'https://tenant.example',
    audience: AUDIENCE,
  });
  const claims = { iss: 'https://tenant.example', aud: AUDIENCE, exp: NOW + 60 };
  const bound = { ...claims, cnf: { 'x5t#S256': 'x' } };
  const t = (parts) => sign(key, { claims, ...parts });

  for (const [message, text, route] of [
    ['Token is missing required scopes', t(), { scopes: ['a'] }],
    ['Token is missing required groups', t(), { groups: ['a'] }],
    ['Access token must be a valid non-empty string', ''],
    ['Invalid Issuer', t({ claims: { ...claims, iss: 'x' } })],
    ['Invalid audience claim', t({ claims: { ...claims, aud: 'x' } })],
    ['Invalid subject', t({ claims: { ...claims, sub: 1 } })],
    ['JWT signature verification failed', `${t()}A`],
    ['Failed to parse JWT Header', 'a.b.c'],
    ['JWT Header must be a top level object', t({ header: '[]' })],
    ['Failed to parse JWT Payload', t({ claims: '{' })],
    ['JWT Payload must be a top level object', t({ claims: '[]' })],
    ['Unexpected JWT "crit" header parameter', t({ header: { crit: ['x'] } })],
    ['Client certificate is not present', t(), { validateCertificateBinding: true }],
    ['Client certificate is malformed', t({ claims: bound }), { clientCertificate: '?' }],
  ]) {
    it(message, async () => {
      const call = () => client.validateJwtAccessToken(text, { jwks: setOf(key), ...route });
      assert.equal((await failureOf(() => at(NOW, call))).message, message);
    });
  }

  it('Token is not active', async () => {
    const server = await startFailing({});
    const asking = new MonoCloudBackendNodeClient({
      tenantDomain: server.url,
      audience: AUDIENCE,
      ...credentials,
    });
    const error = await failureOf(() => asking.validateAccessToken(OPAQUE));
    await server.close();
    assert.equal(error.message, 'Token is not active');
  });
});
