'use strict';

// Contract §5: OAuth errors, HTTP errors and unreadable answers of the introspection endpoint.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { once } = require('node:events');

const { MonoCloudHttpError, MonoCloudOPError } = require('@monocloud/backend-node');
const { assertAnswer } = require('../support/answers.js');
const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { frameworks, get } = require('../support/http.js');
const { assertClean, failureOf } = require('../support/introspection.js');
const {
  CREDENTIALS,
  TOKEN,
  answering,
  answeringJson,
  clientOf,
  outcomeOf,
  publish,
  startTenant,
} = require('./support.js');

const adapters = {
  express: require('@monocloud/backend-node/express'),
  fastify: require('@monocloud/backend-node/fastify'),
};

const DAY = 24 * 60 * 60 * 1000;

describe('an answer to an introspection', () => {
  let tenant;

  before(async () => {
    tenant = await startFaultyTenant();
  });

  after(() => tenant?.close());

  const outcome = (answer, more) => outcomeOf(tenant, answer, more);

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
});
