'use strict';

// Contract §9: `tokenResolver` and `certificateResolver`, for both majors of both frameworks.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');

const { raw, get } = require('../../support/http.js');
const { assertAnswer } = require('../../support/answers.js');
const { guarded, ownClient, passes } = require('../../support/guarded.js');

for (const { name, protectApi, start, startOne } of guarded) {
  describe(`the tokenResolver of ${name}`, () => {
    const fromHeader = (request) => request.headers['x-token'];

    it('comes before the header, and may be async or not', async (t) => {
      for (const tokenResolver of [fromHeader, async (request) => fromHeader(request)]) {
        const api = await startOne(t, protectApi(passes, { tokenResolver }));
        const both = {
          headers: [
            ['X-Token', 'mine'],
            ['Authorization', 'Bearer header'],
          ],
        };
        assert.equal((await raw(api.url, both)).json.claims.sub, 'mine');
        const odd = {
          headers: [
            ['X-Token', 'mine'],
            ['Authorization', 'Basic x'],
          ],
        };
        assert.equal((await raw(api.url, odd)).json.claims.sub, 'mine');
      }
    });

    it('gets the framework’s own request', async (t) => {
      const tokenResolver = (request) => request.query.access_token;
      const api = await startOne(t, protectApi(passes, { tokenResolver }));
      const { json } = await get(`${api.url}/?access_token=from-the-query`);
      assert.equal(json.claims.sub, 'from-the-query');
    });

    it('leaves it to the header where it returns nothing', async (t) => {
      for (const nothing of [undefined, null]) {
        for (const tokenResolver of [() => nothing, async () => nothing]) {
          const api = await startOne(t, protectApi(passes, { tokenResolver }));
          assert.equal((await get(api.url, 'header')).json.claims.sub, 'header');
          assertAnswer(await get(api.url), 'no token');
        }
      }
    });

    it('finds no token where it returns an empty string, and does not look at the header', async (t) => {
      for (const empty of ['', ' \t']) {
        const api = await startOne(t, protectApi(passes, { tokenResolver: () => empty }));
        assertAnswer(await get(api.url, 'header'), 'no token');
      }
    });

    it('has its token trimmed', async (t) => {
      const tokenResolver = () => ' \t\r\n token \n';
      const api = await startOne(t, protectApi(passes, { tokenResolver }));
      assert.equal((await get(api.url)).json.claims.sub, 'token');
    });

    it('is 401, unauthorized, invalid_token where it throws or returns no string', async (t) => {
      let calls = 0;
      const counted = ownClient(async () => {
        calls += 1;
      });
      for (const tokenResolver of [
        () => {
          throw new Error('mine');
        },
        async () => {
          throw new Error('mine');
        },
        () => Promise.reject(undefined),
        () => {
          const { proxy, revoke } = Proxy.revocable({}, {});
          revoke();
          throw proxy;
        },
        () => 42,
        () => ({}),
        () => ['token'],
        () => true,
      ]) {
        const api = await startOne(t, protectApi(counted, { tokenResolver }));
        assertAnswer(await get(api.url, 'token'), 'invalid token', String(tokenResolver));
        assert.deepEqual(api.errors, []);
      }
      assert.equal(calls, 0);
    });
  });

  describe(`the certificateResolver of ${name}`, () => {
    it('is called for each request and hands its certificate to the client', async (t) => {
      for (const asynchronous of [false, true]) {
        const seen = [];
        const client = ownClient(async (_, { clientCertificate }) => {
          seen.push(clientCertificate);
          return {};
        });
        const certificate = (request) => request.headers['x-cert'];
        const certificateResolver = asynchronous ? async (r) => certificate(r) : certificate;
        const api = await start(t, protectApi(client, { certificateResolver }), [
          { path: '/bare' },
          { path: '/required', options: { validateCertificateBinding: true } },
        ]);
        for (const [path, value] of [
          ['/bare', 'one'],
          ['/bare', 'two'],
          ['/required', 'three'],
          ['/bare', undefined],
        ]) {
          const headers = [['Authorization', 'Bearer t'], ...(value ? [['X-Cert', value]] : [])];
          assert.equal((await raw(api.url + path, { headers })).status, 200);
        }
        assert.deepEqual(seen, ['one', 'two', 'three', undefined]);
      }
    });

    it('is not called where the route says validateCertificateBinding: false', async (t) => {
      let calls = 0;
      const certificateResolver = () => {
        calls += 1;
        throw new Error('mine');
      };
      const options = { validateCertificateBinding: false };
      const api = await startOne(t, protectApi(passes, { certificateResolver }), options);
      assert.equal((await get(api.url, 'token')).status, 200);
      assert.equal(calls, 0);
    });

    it('is 401, unauthorized, invalid_token where it throws', async (t) => {
      for (const certificateResolver of [
        () => {
          throw new Error('mine');
        },
        async () => {
          throw new Error('mine');
        },
      ]) {
        const api = await startOne(t, protectApi(passes, { certificateResolver }));
        assertAnswer(await get(api.url, 'token'), 'invalid token');
        assert.deepEqual(api.errors, []);
      }
    });
  });
}
