'use strict';

// Contract §9: what Express and Fastify answer, one test a row. The same tests for both majors of
// both, over real sockets.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');

const { raw, get } = require('../../support/http.js');
const { assertAnswer, untilWell } = require('../../support/answers.js');
const { sendJson } = require('../../support/faulty-tenant.js');
const { authorized, guarded, ownClient, startTenant } = require('../../support/guarded.js');
const {
  MonoCloudAuthBaseError,
  MonoCloudHttpError,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');

for (const { name, protectApi, start, startOne } of guarded) {
  describe(`the answers of ${name}`, () => {
    it('is 200 with the claims on the request for a token that passes', async (t) => {
      const tenant = await startTenant(t);
      const api = await startOne(t, protectApi(tenant.options()));
      const { status, json } = await get(api.url, tenant.token({ sub: 'somebody' }));
      assert.equal(status, 200);
      assert.equal(json.claims.sub, 'somebody');
      assert.equal(json.claims.iss, tenant.issuer);
    });

    it('is 401, unauthorized, Bearer where there is no token', async (t) => {
      const tenant = await startTenant(t);
      const api = await startOne(t, protectApi(tenant.options()));
      const token = tenant.token();
      assertAnswer(await get(api.url), 'no token');
      const values = [
        '',
        '   ',
        'Bearer',
        'Bearer ',
        'bearer \t ',
        'Bearer a b',
        'Bearer a\tb',
        `Bearer ${token} ${token}`,
        'Bearer  a  b  c',
        'Basic YTpi',
        `Bearers ${token}`,
        `Bearer:${token}`,
        `Bearer,${token}`,
        `"Bearer" ${token}`,
        `x Bearer ${token}`,
        token,
        `${token} Bearer`,
      ];
      for (const value of values) {
        assertAnswer(await raw(api.url, authorized(value)), 'no token', value.slice(0, 40));
      }
      const aside = [
        await get(`${api.url}/?access_token=${token}`),
        await raw(api.url, { headers: [['X-Authorization', `Bearer ${token}`]] }),
        await raw(api.url, { headers: [['Proxy-Authorization', `Bearer ${token}`]] }),
        await raw(api.url, { headers: [['Cookie', `access_token=${token}`]] }),
      ];
      for (const answer of aside) assertAnswer(answer, 'no token', 'a token elsewhere');
      assert.deepEqual(tenant.requests, { discovery: 0, jwks: 0, introspection: 0, other: 0 });
      assert.deepEqual(api.errors, []);
    });

    it('takes the scheme in any case and whatever white space is around the token', async (t) => {
      const tenant = await startTenant(t);
      const api = await startOne(t, protectApi(tenant.options()));
      const token = tenant.token();
      for (const value of [
        `Bearer ${token}`,
        `bearer ${token}`,
        `BEARER ${token}`,
        `bEaReR ${token}`,
        `Bearer    ${token}`,
        `Bearer\t${token}`,
        `Bearer \t ${token}`,
        `  Bearer ${token}`,
        `\tBearer ${token}`,
        `Bearer ${token}   `,
        `Bearer ${token}\t`,
      ]) {
        const { status } = await raw(api.url, authorized(value));
        assert.equal(status, 200, JSON.stringify(value.replace(token, '…')));
      }
      for (const field of ['authorization', 'AUTHORIZATION', 'aUTHORIZATION']) {
        const { status } = await raw(api.url, { headers: [[field, `Bearer ${token}`]] });
        assert.equal(status, 200, field);
      }
    });

    it('is 401, unauthorized, invalid_token for a token error of any other kind', async (t) => {
      const tenant = await startTenant(t);
      const api = await startOne(t, protectApi(tenant.options()), { scopes: ['posts:write'] });
      const past = Math.floor(Date.now() / 1000) - 3600;
      const [head, body] = tenant.token().split('.');
      const tokens = {
        expired: tenant.token({ exp: past }),
        'without exp': tenant.token({ exp: undefined }),
        'for another audience': tenant.token({ aud: 'https://other.example.com' }),
        'of another tenant': tenant.token({ iss: 'https://other.example.com' }),
        'with another signature': `${head}.${body}.${'A'.repeat(86)}`,
        'without a signature': `${head}.${body}.`,
        'of no known key': tenant.sign(tenant.claims(), { kid: 'other' }),
        unsigned: tenant.sign(tenant.claims(), { alg: 'none' }),
        opaque: 'opaque', // and no clientId: a MonoCloudValidationError
        'no token at all': '...',
      };
      for (const [what, token] of Object.entries(tokens)) {
        assertAnswer(await get(api.url, token), 'invalid token', what);
      }
      assert.deepEqual(api.errors, []);
    });

    it('is 401, unauthorized, invalid_token for an inactive token', async (t) => {
      const tenant = await startTenant(t);
      tenant.on('introspection', (_, response) => sendJson(response, { active: false }));
      const api = await startOne(t, protectApi(tenant.options(tenant.credentials)));
      assertAnswer(await get(api.url, 'opaque'), 'invalid token');
    });

    it('is 403, forbidden, insufficient_scope where scopes or groups are missing', async (t) => {
      const tenant = await startTenant(t);
      const api = await start(t, protectApi(tenant.options(tenant.credentials)), [
        { path: '/scope', options: { scopes: ['posts:write'] } },
        { path: '/one-of-two', options: { scopes: ['posts:read', 'posts:write'] } },
        { path: '/group', options: { groups: ['admin'] } },
        { path: '/both', options: { scopes: ['posts:write'], groups: ['admin'] } },
        { path: '/right', options: { scopes: ['posts:read'], groups: ['ops', 'admin'] } },
      ]);
      const token = tenant.token({ groups: ['ops'] });
      const error = 'Bearer error="insufficient_scope"';
      for (const [path, challenge] of [
        ['/scope', `${error}, scope="posts:write"`],
        ['/one-of-two', `${error}, scope="posts:read posts:write"`],
        ['/group', error],
        ['/both', `${error}, scope="posts:write"`],
      ]) {
        for (const each of [token, 'opaque']) {
          const answer = await get(api.url + path, each);
          assertAnswer(answer, 'forbidden', `${path}, ${each.slice(0, 9)}`);
          assert.equal(answer.headers['www-authenticate'], challenge, path);
        }
      }
      assert.equal((await get(`${api.url}/right`, token)).status, 200);
      assert.deepEqual(api.errors, []);
    });

    it('has whole seconds in Retry-After, and no DPoP algorithms, where the client is another object', async (t) => {
      for (const [retryAfter, shown] of [
        [17, '17'],
        [0, '0'],
        [-1, '5'],
        [1.5, '5'],
        ['17', '5'],
        [undefined, '5'],
      ]) {
        const error = Object.assign(new MonoCloudHttpError('down', undefined), { retryAfter });
        const api = await startOne(t, protectApi(ownClient(() => Promise.reject(error))));
        const { status, headers } = await get(api.url, 'token');
        assert.deepEqual([status, headers['retry-after']], [503, shown], String(retryAfter));
      }
      const error = new MonoCloudTokenError('refused', undefined);
      const api = await startOne(t, protectApi(ownClient(() => Promise.reject(error))));
      const { headers } = await raw(api.url, authorized('DPoP token'));
      assert.equal(headers['www-authenticate'], 'DPoP error="invalid_token"');
    });

    it('is 503 with Retry-After where the tenant is out of reach', async (t) => {
      const tenant = await startTenant(t);
      const api = await startOne(t, protectApi(tenant.options()));
      const token = tenant.token();
      await tenant.close();
      assertAnswer(await get(api.url, token), 'unavailable');
      assert.deepEqual(api.errors, []);
    });

    it('answers each documented error of a client of the user’s own', async (t) => {
      class Subclass extends MonoCloudTokenError {}
      const http = (status) => new MonoCloudHttpError('x', { status, statusText: '' });
      const rows = {
        'invalid token': [
          new MonoCloudTokenError('x'),
          new MonoCloudTokenError('x', 'invalid_token'),
          new MonoCloudTokenError('x', 'inactive_token'),
          new MonoCloudTokenError('x', 'a code of somebody’s own'),
          new Subclass('x'),
          new MonoCloudValidationError('x'),
          new MonoCloudAuthBaseError('x'),
          new Error('x'),
          Object.assign(new Error('x'), { status: 503, statusCode: 200, code: 'ECONNREFUSED' }),
          new RangeError('x'),
          'a string',
          42,
          0,
          '',
          null,
          undefined,
          Symbol('s'),
          Object.freeze({ name: 'MonoCloudHttpError', status: 500 }),
          () => {},
        ],
        forbidden: [
          new MonoCloudTokenError('x', 'insufficient_scope'),
          new MonoCloudTokenError('x', 'insufficient_groups'),
          new MonoCloudTokenError('Token is missing required scopes'),
          new MonoCloudTokenError('Token is missing required groups'),
          new Subclass('x', 'insufficient_scope'),
        ],
        refused: [
          new MonoCloudOPError('invalid_client'),
          new MonoCloudOPError('server_error', 'description'),
          http(400),
          http(401),
          http(403),
          http(404),
          http(499),
          http(302),
          http(200),
        ],
        unavailable: [
          new MonoCloudHttpError('x'),
          http(429),
          http(500),
          http(502),
          http(503),
          http(599),
        ],
      };
      let thrown;
      const rejects = ownClient(async () => {
        throw thrown;
      });
      const throws = ownClient(() => {
        throw thrown;
      });
      for (const client of [rejects, throws]) {
        const api = await startOne(t, protectApi(client));
        for (const [row, errors] of Object.entries(rows)) {
          for (const error of errors) {
            thrown = error;
            const what = `${error?.name ?? typeof error} ${error?.code} ${error?.status}`;
            assertAnswer(await get(api.url, 'token'), row, what);
          }
        }
        assert.deepEqual(api.errors, []);
      }
    });
  });

  // Most of the time nothing happens but that a deadline or a pause comes nearer.
  describe(`the answers of ${name} for a tenant in trouble`, { concurrency: 6 }, () => {
    for (const endpoint of ['discovery', 'jwks', 'introspection']) {
      /** The answer to one fault of the endpoint, which goes on to be well again. */
      const answer = async (t, fault, row, what, { retryAfter, ...more } = {}) => {
        // A tenant of its own for each: none is about what the one before left behind.
        const tenant = await startTenant(t);
        const token = endpoint === 'introspection' ? 'opaque' : tenant.token();
        tenant.on(endpoint, fault);
        const options = tenant.options({ ...tenant.credentials, ...more });
        const api = await startOne(t, protectApi(options));
        const response = await get(api.url, token);
        assertAnswer(response, row, what, retryAfter);
        assert.deepEqual(api.errors, []);
        tenant.on(endpoint);
        await untilWell(() => get(api.url, token), row);
        return response;
      };

      it(`is 503 with Retry-After where the tenant's ${endpoint} does not answer in time`, async (t) => {
        await answer(t, () => {}, 'unavailable', 'never', { responseTimeout: 1000 });
      });

      it(`is 503 with Retry-After for 5xx and 429 from the tenant's ${endpoint}`, async (t) => {
        const statuses = [500, 501, 502, 503, 504, 599, 429];
        const fault = (status) => (_, reply) => sendJson(reply, { error: 'x' }, status);
        await Promise.all(
          statuses.map((status) => answer(t, fault(status), 'unavailable', `${status}`)),
        );
      });

      it(`hands on the Retry-After of the tenant's ${endpoint}`, async (t) => {
        const fault = (status, value) => (_, reply) =>
          sendJson(reply, {}, status, { 'retry-after': value });
        // One that is no number of seconds, or more than a day of them, counts as none.
        const odd = ['Wed, 21 Oct 2065 07:28:00 GMT', '-1', 'soon', '1.5', '9'.repeat(30)];
        const answers = await Promise.all([
          answer(t, fault(503, '17'), 'unavailable', '503', { retryAfter: '17' }),
          answer(t, fault(429, '17'), 'unavailable', '429', { retryAfter: '17' }),
          ...odd.map((value) => answer(t, fault(503, value), 'unavailable', value)),
        ]);
        for (const { headers } of answers) assert.ok(Number(headers['retry-after']) <= 86_400);
      });

      it(`is 500 without a challenge for another 4xx from the tenant's ${endpoint}`, async (t) => {
        const statuses = [400, 401, 403, 404, 405, 410, 418, 451];
        const challenge = { 'www-authenticate': 'Basic realm="tenant"' };
        const fault = (status) => (_, reply) =>
          sendJson(reply, { error: 'invalid_client' }, status, challenge);
        await Promise.all(
          statuses.map((status) => answer(t, fault(status), 'refused', `${status}`)),
        );
      });
    }
  });
}
