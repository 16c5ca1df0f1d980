'use strict';

// Contract §8: the error classes, as users construct them and as they come out of everything that can
// fail; and what must never be in one.

const assert = require('node:assert/strict');
const util = require('node:util');
const { describe, it } = require('node:test');

const root = require('@monocloud/backend-node');
const express = require('@monocloud/backend-node/express');
const fastify = require('@monocloud/backend-node/fastify');
const { at, makeKey, setOf, sign, startServer } = require('../support/tokens.js');

const {
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = root;

const CLASSES = {
  MonoCloudAuthBaseError,
  MonoCloudValidationError,
  MonoCloudTokenError,
  MonoCloudOPError,
  MonoCloudHttpError,
};

const CODES = [
  'invalid_token',
  'insufficient_scope',
  'insufficient_groups',
  'inactive_token',
  'access_denied',
  'insufficient_user_authentication',
  'invalid_dpop_proof',
  'use_dpop_nonce',
];

/** All that any way of showing an error could show, `raw` on demand. */
function everythingIn(error, { withRaw = false } = {}) {
  const more = withRaw
    ? [JSON.stringify(error.raw), util.inspect(error, { showHidden: true })]
    : [];
  return [
    error.message,
    error.stack,
    String(error),
    JSON.stringify(error),
    JSON.stringify({ ...error }),
    util.inspect(error, { depth: 20 }),
    util.format('%s %O', error.name, { error }),
    ...more,
  ].join('\n');
}

describe('§8 the classes', () => {
  for (const [name, type] of Object.entries(CLASSES)) {
    it(`${name} extends MonoCloudAuthBaseError extends Error, and is named so`, () => {
      const error = new type('why');
      assert.ok(error instanceof Error);
      assert.ok(error instanceof MonoCloudAuthBaseError);
      for (const other of Object.values(CLASSES)) {
        const expected = other === type || other === MonoCloudAuthBaseError;
        assert.equal(error instanceof other, expected, other.name);
      }
      assert.equal(type.name, name);
      assert.equal(error.name, name);
      assert.equal(error.message, 'why');
      assert.equal(String(error), `${name}: why`);
      assert.ok(util.types.isNativeError(error));
      assert.match(error.stack, new RegExp(`^(${name}|Error): why\n`));
      assert.ok(!Object.keys(error).includes('name'));
    });

    it(`${name} can be extended, and its subclass named otherwise`, () => {
      class Mine extends type {
        constructor(...args) {
          super(...args);
          this.name = 'Mine';
          this.extra = 1;
        }
      }
      const error = new Mine('why');
      assert.ok(error instanceof type && error instanceof Mine);
      assert.equal(String(error), 'Mine: why');
      assert.equal(new type('x').name, name);
    });

    it(`${name} without a message has an empty one`, () => {
      assert.equal(new type().message, '');
    });
  }

  it('are not the same class under two names', () => {
    assert.equal(new Set(Object.values(CLASSES)).size, 5);
  });
});

describe('§8 one copy of every class', () => {
  it('import and require give the same classes, from every entry point', async () => {
    const imported = await Promise.all([
      import('@monocloud/backend-node'),
      import('@monocloud/backend-node/express'),
      import('@monocloud/backend-node/fastify'),
    ]);
    const clients = { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient };
    for (const entry of [root, express, fastify, ...imported]) {
      for (const [name, type] of Object.entries({ ...CLASSES, ...clients })) {
        assert.equal(entry[name], type, name);
      }
    }
  });

  it('what an importer’s client throws is an instance of what a requirer knows', async () => {
    const imported = await import('@monocloud/backend-node');
    assert.throws(
      () => new imported.MonoCloudBackendNodeClient({ clockSkew: -1 }),
      (error) => {
        assert.ok(error instanceof MonoCloudValidationError);
        return true;
      },
    );
    const client = new MonoCloudBackendNodeClient({
      tenantDomain: 'https://tenant.example',
      audience: 'https://api.example',
    });
    await assert.rejects(client.validateAccessToken('..'), imported.MonoCloudTokenError);
  });

  it('the root has no protectApi, the adapters have', () => {
    assert.equal(root.protectApi, undefined);
    assert.equal(typeof express.protectApi, 'function');
    assert.equal(typeof fastify.protectApi, 'function');
  });
});

describe('§8 MonoCloudTokenError', () => {
  it('has the code that it is given', () => {
    for (const code of CODES) assert.equal(new MonoCloudTokenError('why', code).code, code);
  });

  it('without a code is invalid_token', () => {
    assert.equal(new MonoCloudTokenError('why').code, 'invalid_token');
    assert.equal(new MonoCloudTokenError('why', undefined).code, 'invalid_token');
    assert.equal(new MonoCloudTokenError().code, 'invalid_token');
  });

  it('with one of the two messages and no code gets the code that belongs to it', () => {
    const scopes = new MonoCloudTokenError('Token is missing required scopes');
    assert.equal(scopes.code, 'insufficient_scope');
    const groups = new MonoCloudTokenError('Token is missing required groups');
    assert.equal(groups.code, 'insufficient_groups');
    for (const near of ['token is missing required scopes', 'Token is missing required scopes.']) {
      assert.equal(new MonoCloudTokenError(near).code, 'invalid_token');
    }
  });

  it('with one of the two messages and a code keeps the code', () => {
    for (const code of CODES) {
      for (const what of ['scopes', 'groups']) {
        const error = new MonoCloudTokenError(`Token is missing required ${what}`, code);
        assert.equal(error.code, code);
      }
    }
  });

  it('a subclass with one of the two messages gets the code, too', () => {
    class Mine extends MonoCloudTokenError {}
    assert.equal(new Mine('Token is missing required scopes').code, 'insufficient_scope');
  });

  it('takes a reason or the answer as its third parameter', () => {
    const withReason = new MonoCloudTokenError('why', 'inactive_token', 'inactive');
    assert.equal(withReason.reason, 'inactive');
    assert.equal(withReason.raw, undefined);
    const withRaw = new MonoCloudTokenError('why', 'inactive_token', RAW);
    assert.equal(withRaw.reason, undefined);
    assert.equal(withRaw.raw, RAW);
    assert.deepEqual(Object.keys(withRaw), ['code', 'reason']);
    for (const none of [undefined, null]) {
      const { raw, reason } = new MonoCloudTokenError('why', 'invalid_token', none);
      assert.deepEqual([raw, reason], [undefined, undefined]);
    }
    // What the message implies stays.
    const implied = new MonoCloudTokenError('Token is missing required scopes', undefined, RAW);
    assert.deepEqual([implied.code, implied.reason], ['insufficient_scope', 'missing_scopes']);
  });

  it('is what it is, whatever stands on Object.prototype', () => {
    const names = ['get', 'set', 'code', 'reason', 'raw', 'error', 'status', 'statusText'];
    const polluted = { __proto__: null, value: () => 'polluted', configurable: true };
    let made;
    try {
      for (const name of names) Object.defineProperty(Object.prototype, name, polluted);
      made = [
        new MonoCloudTokenError('why', 'inactive_token', 'inactive'),
        new MonoCloudOPError('invalid_client', 'no', RAW),
        new MonoCloudHttpError('why', RAW),
        new MonoCloudValidationError('why'),
      ];
    } finally {
      for (const name of names) delete Object.prototype[name];
    }
    const [token, op, http, validation] = made;
    assert.deepEqual({ ...token }, { code: 'inactive_token', reason: 'inactive' });
    assert.deepEqual({ ...op }, { error: 'invalid_client', errorDescription: 'no' });
    assert.deepEqual({ ...http }, { status: 503, statusText: 'Down' });
    assert.deepEqual({ ...validation }, {});
    assert.deepEqual([token.raw, op.raw, http.raw], [undefined, RAW, RAW]);
  });

  it('shows its code and its reason', () => {
    const error = new MonoCloudTokenError('why', 'inactive_token', 'inactive');
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      code: 'inactive_token',
      reason: 'inactive',
    });
  });
});

describe('§8 MonoCloudOPError', () => {
  it('has error and errorDescription, and error for a message', () => {
    const error = new MonoCloudOPError('invalid_client', 'Who are you?');
    assert.equal(error.error, 'invalid_client');
    assert.equal(error.errorDescription, 'Who are you?');
    assert.equal(error.message, 'invalid_client');
    assert.equal(error.raw, undefined);
    assert.equal(new MonoCloudOPError('invalid_client').errorDescription, undefined);
  });
});

const RAW = { status: 503, statusText: 'Down', headers: { via: 'RAW-HEADER' }, body: 'RAW-BODY' };

describe('§8 raw', () => {
  for (const error of [
    new MonoCloudHttpError('why', RAW),
    new MonoCloudTokenError('why', 'invalid_token', RAW),
    new MonoCloudOPError('invalid_client', 'why', RAW),
    new MonoCloudAuthBaseError('why', RAW),
  ]) {
    it(`of a ${error.name} is there, and does not show in console.log, JSON or a copy`, () => {
      assert.equal(error.raw, RAW);
      assert.ok(!everythingIn(error).includes('RAW-'), everythingIn(error));
      assert.ok(!Object.keys(error).includes('raw'));
      assert.ok(!('raw' in { ...error }));
      assert.doesNotMatch(JSON.stringify(structuredClone({ ...error })), /RAW-/);
    });

    it(`of a ${error.name} may be replaced and stays out of sight`, () => {
      const copy = new error.constructor('why');
      copy.raw = { body: 'RAW-TOO' };
      assert.ok(!everythingIn(copy).includes('RAW-TOO'));
    });
  }

  it('gives a MonoCloudHttpError its status', () => {
    const error = new MonoCloudHttpError('why', RAW);
    assert.equal(error.status, 503);
    assert.equal(error.statusText, 'Down');
    assert.equal(new MonoCloudHttpError('why').status, undefined);
    assert.equal(new MonoCloudHttpError('why').statusText, undefined);
  });
});

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

function inactive(error) {
  assert.ok(error instanceof MonoCloudTokenError, error.stack);
  assert.equal(error.code, 'inactive_token');
  assert.equal(error.message, 'Token is not active');
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

async function failureOf(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing failed' });
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
