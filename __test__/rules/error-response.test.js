'use strict';

// Contract §9: `errorResponse`, an answer of the application's own to a request that is refused. It never
// lets a request in.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { assertAnswer } = require('../support/answers.js');
const { guarded, ownClient, startTenant } = require('../support/guarded.js');
const { get } = require('../support/http.js');
const {
  MonoCloudHttpError,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');

const HTTP_503 = { status: 503, statusText: '', headers: {}, body: '' };

/** What a client of the user's own throws, by token; and the answer that the guard would give. */
const ERRORS = {
  bad: [new MonoCloudTokenError('no'), 401, 'unauthorized', 'invalid_token'],
  poor: [
    new MonoCloudTokenError('Token is missing required groups'),
    403,
    'forbidden',
    'insufficient_scope',
  ],
  away: [new MonoCloudHttpError('no', HTTP_503), 503, 'service unavailable'],
  refused: [new MonoCloudOPError('invalid_client'), 500, 'internal server error'],
};

const client = ownClient(async (token) => {
  if (ERRORS[token]) throw ERRORS[token][0];
  return { sub: token };
});

/** The values of a header, each as it was sent. */
const values = ({ rawHeaders }, name) =>
  rawHeaders.filter(([known]) => known === name).map(([, value]) => value);

/** What the tests' own error handler answers. */
const BROKEN = { message: 'from the error handler' };

for (const { name, adapter, protectApi, start } of guarded) {
  describe(`errorResponse, with ${name}`, () => {
    /** An API with one guarded route; `handled` counts the requests that got to its handler. */
    async function serve(t, errorResponse, { options, guard = client } = {}) {
      const state = { handled: 0 };
      const handler = () => {
        state.handled += 1;
        return { in: true };
      };
      const routes = [{ path: '/', options, handler }];
      return Object.assign(state, await start(t, protectApi(guard, { errorResponse }), routes));
    }

    it('may answer any status from 400 to 599', async (t) => {
      for (const status of [400, 599]) {
        const api = await serve(t, () => ({ status, body: {} }));
        assert.equal((await get(api.url)).status, status);
      }
    });

    it('gets what a getter of the client throws', async (t) => {
      const [away] = ERRORS.away;
      let isAway = false;
      const guard = {
        get validateAccessToken() {
          if (isAway) throw away;
          return client.validateAccessToken;
        },
      };
      const seen = [];
      const api = await serve(t, (_answer, error) => void seen.push(error), { guard });
      isAway = true;
      assert.equal((await get(api.url, 'ada')).status, 503);
      assert.deepEqual(seen, [away]);
    });

    it('gets the answer, the error and the request', async (t) => {
      const seen = [];
      const api = await serve(t, (...args) => void seen.push(args));
      assertAnswer(await get(api.url), 'no token');
      const [answer, error, request, ...more] = seen.pop();
      assert.deepEqual(answer, {
        status: 401,
        body: { message: 'unauthorized' },
        headers: { 'WWW-Authenticate': 'Bearer' },
      });
      assert.deepEqual([error, more], [undefined, []]);
      assert.equal((request.raw ?? request).url, '/');
      for (const [token, [thrown, status, message, code]] of Object.entries(ERRORS)) {
        assert.equal((await get(api.url, token)).status, status);
        const [given, cause] = seen.pop();
        const { 'Retry-After': retryAfter, ...headers } = given.headers;
        assert.equal(cause, thrown);
        assert.deepEqual([given.status, given.body], [status, { message }]);
        const challenge = code && { 'WWW-Authenticate': `Bearer error="${code}"` };
        assert.deepEqual(headers, challenge ?? {});
        assert.equal(retryAfter, status === 503 ? '5' : undefined);
      }
      assert.equal((await get(api.url, 'ada')).status, 200);
      assert.deepEqual([api.handled, api.errors, seen], [1, [], []]);
    });

    it('gets the documented error of a token, with its reason', async (t) => {
      const tenant = await startTenant(t);
      const seen = [];
      const errorResponse = (_answer, error) => void seen.push(error);
      const guard = protectApi(tenant.options({ errorResponse }));
      const routes = [
        { path: '/', options: { groups: ['admin'] } },
        { path: '/rule', options: { authorize: () => false } },
      ];
      const api = await start(t, guard, routes);
      await get(api.url, tenant.token({ aud: 'https://other.example.com' }));
      await get(api.url, tenant.token());
      await get(`${api.url}/rule`, tenant.token());
      assert.ok(seen.every((error) => error instanceof MonoCloudTokenError));
      assert.deepEqual(
        seen.map(({ code, reason }) => [code, reason]),
        [
          ['invalid_token', 'audience_mismatch'],
          ['insufficient_groups', 'missing_groups'],
          ['access_denied', 'not_authorized'],
        ],
      );
    });

    it('that returns nothing, now or later, leaves the answer as it is', async (t) => {
      const nothing = [
        () => {},
        () => null,
        async () => {},
        async () => null,
        // What it does to what it was given changes nothing.
        (answer) => {
          answer.status = 200;
          answer.body.message = 'come in';
          answer.headers['WWW-Authenticate'] = 'Basic';
          answer.headers['X-More'] = '1';
        },
      ];
      for (const errorResponse of nothing) {
        const api = await serve(t, errorResponse);
        assertAnswer(await get(api.url), 'no token');
        assertAnswer(await get(api.url, 'bad'), 'invalid token');
        assertAnswer(await get(api.url, 'poor'), 'forbidden');
        assertAnswer(await get(api.url, 'away'), 'unavailable', undefined, '5');
        assertAnswer(await get(api.url, 'refused'), 'refused');
        assert.deepEqual([api.handled, api.errors], [0, []]);
      }
    });

    it('that returns an answer has it sent, now or later', async (t) => {
      const make = (answer, _error, request) => ({
        status: answer.status === 403 ? 404 : answer.status,
        body: { problem: answer.body.message, at: (request.raw ?? request).url },
        headers: { ...answer.headers, 'X-Trace': 7 },
      });
      for (const errorResponse of [make, async (...args) => make(...args)]) {
        const api = await serve(t, errorResponse);
        const none = await get(api.url);
        assert.deepEqual(
          [none.status, none.json, values(none, 'x-trace'), values(none, 'www-authenticate')],
          [401, { problem: 'unauthorized', at: '/' }, ['7'], ['Bearer']],
        );
        const poor = await get(api.url, 'poor');
        assert.deepEqual([poor.status, poor.json.problem], [404, 'forbidden']);
        assert.deepEqual(values(poor, 'www-authenticate'), ['Bearer error="insufficient_scope"']);
        const away = await get(api.url, 'away');
        assert.deepEqual([away.status, values(away, 'retry-after')], [503, ['5']]);
        assert.deepEqual([api.handled, api.errors], [0, []]);
      }
    });

    it('that names no headers keeps the challenge, and one that names others replaces them', async (t) => {
      const body = { no: true };
      const keeping = await serve(t, ({ status }) => ({ status, body }));
      const kept = await get(keeping.url, 'bad');
      assert.deepEqual([kept.status, kept.json], [401, body]);
      assert.deepEqual(values(kept, 'www-authenticate'), ['Bearer error="invalid_token"']);
      const replacing = await serve(t, () => ({ status: 404, body, headers: {} }));
      const replaced = await get(replacing.url, 'bad');
      assert.deepEqual([replaced.status, replaced.json], [404, body]);
      assert.deepEqual(values(replaced, 'www-authenticate'), []);
    });

    it('that returns no refusal is an error of the application, and lets nobody in', async (t) => {
      const rubbish = [
        ...[200, 204, 302, 101, 399, 600, 0, -1, 401.5, Number.NaN, '401', null, undefined].map(
          (status) => ({ status, body: {} }),
        ),
        true,
        1,
        'unauthorized',
        [],
        () => {},
        { status: 401, headers: 'WWW-Authenticate: Bearer' },
        { status: 401, headers: ['WWW-Authenticate', 'Bearer'] },
      ];
      let answer;
      const api = await serve(t, () => answer);
      for (answer of rubbish) {
        for (const token of [undefined, 'bad', 'poor', 'away']) {
          const { status, json } = await get(api.url, token);
          assert.deepEqual([status, json], [500, BROKEN], JSON.stringify(answer));
          assert.ok(api.errors.pop() instanceof MonoCloudValidationError);
        }
      }
      assert.deepEqual([api.handled, api.errors], [0, []]);
    });

    it('that throws or rejects is an error of the application, and lets nobody in', async (t) => {
      const error = new Error('no template');
      const thrown = {
        throws: [
          () => {
            throw error;
          },
        ],
        rejects: [() => Promise.reject(error)],
        'rejects with the name of the way on': [() => Promise.reject('route'), 'another'],
        'throws nothing at all': [() => Promise.reject(undefined), 'another'],
        'has a status that throws': [
          () => ({
            get status() {
              throw error;
            },
          }),
        ],
        'has a then that throws': [
          () =>
            Object.defineProperty({}, 'then', {
              get() {
                throw error;
              },
            }),
        ],
      };
      for (const [what, [errorResponse, another]] of Object.entries(thrown)) {
        const api = await serve(t, errorResponse);
        const { status, json } = await get(api.url, 'bad');
        assert.deepEqual([status, json], [500, BROKEN], what);
        const [told, ...more] = api.errors;
        if (another) assert.ok(told instanceof Error && told !== error, what);
        else assert.equal(told, error, what);
        assert.deepEqual([api.handled, more], [0, []], what);
        assert.equal((await get(api.url, 'ada')).status, 200);
      }
    });

    it('that returns what is no header is a 500, and splits no answer', async (t) => {
      const api = await serve(t, () => ({ status: 401, headers: { 'X-A': 'a\r\nb: c' } }));
      const { status, headers } = await get(api.url, 'bad');
      // Fastify answers such an error by itself.
      assert.deepEqual([status, headers.b, api.handled], [500, undefined, 0]);
    });

    it('that never answers keeps the request until its own time limit', async (t) => {
      const api = await serve(t, () => new Promise(() => {}));
      api.server.setTimeout(200);
      await assert.rejects(get(api.url, 'bad'), /no complete response/);
      assert.equal((await get(api.url, 'ada')).status, 200);
      assert.deepEqual([api.handled, api.errors], [1, []]);
    });

    it('is not called for a request that passes, one without a token among them', async (t) => {
      let called = 0;
      const errorResponse = () => {
        called += 1;
      };
      const api = await serve(t, errorResponse, { options: { optional: true } });
      assert.equal((await get(api.url)).status, 200);
      assert.equal((await get(api.url, 'ada')).status, 200);
      assert.deepEqual([called, api.handled], [0, 2]);
    });

    it('must be a function, of the client’s options or beside a client', async () => {
      const tenant = { tenantDomain: 'https://a.example.com', audience: 'https://b.example.com' };
      for (const errorResponse of [true, 'no', {}, { status: 401 }]) {
        for (const make of [
          () => protectApi(client, { errorResponse }),
          () => protectApi({ ...tenant, errorResponse }),
        ]) {
          assert.throws(make, {
            name: 'MonoCloudValidationError',
            message: '"errorResponse" must be a function',
          });
        }
      }
    });
  });

  describe(`problemDetails, with ${name}`, () => {
    const { problemDetails } = require(`@monocloud/backend-node/${adapter}`);
    const routes = [{ path: '/', options: { scopes: ['posts:write'] } }];
    const TITLES = {
      401: 'Unauthorized',
      403: 'Forbidden',
      500: 'Internal Server Error',
      503: 'Service Unavailable',
    };

    function assertProblem(response, status, challenge, type = 'about:blank') {
      assert.equal(response.status, status);
      assert.match(
        response.headers['content-type'],
        /^application\/problem\+json(?:; charset=utf-8)?$/,
      );
      assert.deepEqual(response.json, { type, title: TITLES[status], status });
      const challenges = challenge === undefined ? [] : [challenge];
      assert.deepEqual(values(response, 'www-authenticate'), challenges);
    }

    it('answers with problem details, and the challenge is still there', async (t) => {
      const api = await start(t, protectApi(client, { errorResponse: problemDetails() }), routes);
      assertProblem(await get(api.url), 401, 'Bearer');
      assertProblem(await get(api.url, 'bad'), 401, 'Bearer error="invalid_token"');
      assertProblem(await get(api.url, 'poor'), 403, 'Bearer error="insufficient_scope"');
      assertProblem(await get(api.url, 'refused'), 500);
      const away = await get(api.url, 'away');
      assertProblem(away, 503);
      assert.deepEqual(values(away, 'retry-after'), ['5']);
      assert.deepEqual(api.errors, []);
    });

    it('answers for a real token, with the scopes that the route asks for', async (t) => {
      const tenant = await startTenant(t);
      const options = tenant.options({
        errorResponse: problemDetails({ typeBase: 'urn:problem:' }),
      });
      const api = await start(t, protectApi(options), routes);
      const challenge = 'Bearer error="insufficient_scope", scope="posts:write"';
      assertProblem(
        await get(api.url, tenant.token()),
        403,
        challenge,
        'urn:problem:insufficient_scope',
      );
      // No error, so no code.
      assertProblem(await get(api.url), 401, 'Bearer');
      const write = tenant.token({ scope: 'posts:write' });
      assert.equal((await get(api.url, write)).status, 200);
    });

    it('refuses options that there are not', () => {
      assert.throws(() => problemDetails({ typebase: 'urn:problem:' }), MonoCloudValidationError);
      for (const typeBase of [1, {}, true, new URL('https://example.com')]) {
        assert.throws(() => problemDetails({ typeBase }), {
          name: 'MonoCloudValidationError',
          message: '"typeBase" must be a string',
        });
      }
      for (const nothing of [undefined, null, {}, { typeBase: undefined }]) {
        assert.equal(typeof problemDetails(nothing), 'function');
      }
    });
  });
}

it('an answer of the tenant that can’t be used is a 500, whether it has a status or not', async () => {
  const { protectApi } = require('@monocloud/backend-node/web');
  const request = new Request('http://api/', { headers: { authorization: 'Bearer x' } });
  for (const [reason, status] of [
    ['unexpected_status', 500],
    ['unreadable_response', 500],
    ['response_too_large', 500],
    ['forbidden_url', 500],
    ['timeout', 503],
    [undefined, 503],
  ]) {
    const error = Object.assign(new MonoCloudHttpError('no'), { reason });
    const guard = protectApi(ownClient(() => Promise.reject(error)))();
    assert.equal((await guard(request)).status, status, reason);
  }
});
