'use strict';

// DPoP through both majors of both frameworks, over real sockets: the scheme and the headers, the answers to the byte,
// the URL behind routers, prefixes and proxies, and replay.

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');

const { guarded } = require('../support/guarded.js');
const { frameworks, raw } = require('../support/http.js');
const { createCa, createServerCert } = require('../support/certs.js');
const { withReasons } = require('../mtls/support.js');
const { holderOf, proofOf, startBinder } = require('./support.js');

const ALGS = 'algs="ES256 ES384 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519"';
const holder = holderOf('ES256');

let issuer;
before(async () => {
  issuer = await startBinder();
});
after(() => issuer?.close());

const proofFor = (token, htu, claims) =>
  proofOf(holder, token, { claims: { htm: 'GET', htu, ...claims } });

/** The headers of a good request for that URL. */
function good(htu, { token = issuer.boundTo(holder), scheme = 'DPoP', claims } = {}) {
  return [
    ['Authorization', `${scheme} ${token}`],
    ['DPoP', proofFor(token, htu, claims)],
  ];
}

const challengesOf = ({ rawHeaders }) =>
  rawHeaders.filter(([name]) => name === 'www-authenticate').map(([, value]) => value);

function assertChallenges(response, status, ...challenges) {
  assert.equal(response.status, status, response.text);
  assert.deepEqual(challengesOf(response), challenges);
  const message = status === 403 ? 'forbidden' : 'unauthorized';
  assert.equal(response.text, JSON.stringify({ message }));
}

const ROUTES = [
  { path: '/' },
  { path: '/admin', options: { scopes: ['admin'] } },
  { path: '/bound', options: { dpop: true } },
  { path: '/any', options: { dpop: false } },
  { path: '/optional', options: { optional: true }, handler: ({ claims }) => ({ claims }) },
];

for (const framework of guarded) {
  const { name, protectApi, start } = framework;
  const startWith = (t, options, more) =>
    start(t, protectApi({ ...issuer.options, ...options }), more?.routes ?? ROUTES, more);

  describe(name, () => {
    it('lets a token in with its proof, whatever the case of the scheme', async (t) => {
      const api = await startWith(t);
      for (const scheme of ['DPoP', 'dpop', 'DPOP', 'dPoP', ' DPoP', 'DPoP ', 'DPoP\t']) {
        const { status, json } = await raw(api.url, { headers: good(`${api.url}/`, { scheme }) });
        assert.equal(status, 200, scheme);
        assert.equal(json.claims.sub, 'client');
      }
      assert.deepEqual(api.errors, []);
    });

    it('answers as RFC 9449 §7.1 has it, to the byte', async (t) => {
      const bearer = (token) => [['Authorization', `Bearer ${token}`]];
      const bound = issuer.boundTo(holder);
      const unbound = issuer.token();
      const expired = issuer.boundTo(holder, { exp: 1 });
      const plain = await startWith(t);
      const configured = await startWith(t, { dpop: 'when_present' });
      const required = await startWith(t, { dpop: 'required' });
      const es256 = await startWith(t, { dpop: { algorithms: ['ES256'] } });

      // No token.
      assertChallenges(await raw(plain.url), 401, 'Bearer');
      assertChallenges(await raw(configured.url), 401, 'Bearer', `DPoP ${ALGS}`);
      assertChallenges(await raw(required.url), 401, `DPoP ${ALGS}`);
      assertChallenges(await raw(es256.url), 401, 'Bearer', 'DPoP algs="ES256"');
      // A route's own word, which a profile does not take.
      const fapi2 = await startWith(t, { dpop: 'required', profile: 'fapi2' });
      const algs = 'algs="ES256 PS256 EdDSA Ed25519"';
      for (const api of [plain, configured, required]) {
        assertChallenges(await raw(`${api.url}/bound`), 401, `DPoP ${ALGS}`);
      }
      assertChallenges(await raw(`${required.url}/any`), 401, 'Bearer', `DPoP ${ALGS}`);
      assertChallenges(await raw(`${fapi2.url}/any`), 401, `DPoP ${algs}`);
      const old = { headers: bearer(issuer.token({}, { exp: 1 })) };
      const bad = 'error="invalid_token"';
      assertChallenges(await raw(`${required.url}/any`, old), 401, `Bearer ${bad}`);
      assertChallenges(await raw(`${fapi2.url}/any`, old), 401, `DPoP ${bad}, ${algs}`);

      for (const api of [plain, configured, required]) {
        const url = `${api.url}/`;
        const ask = (headers, path = '') => raw(api.url + path, { headers });
        // A proof that is none, and a good one of the wrong request.
        const proof = `DPoP error="invalid_dpop_proof", ${ALGS}`;
        const [authorization] = good(url);
        assertChallenges(await ask([authorization]), 401, proof);
        assertChallenges(await ask([authorization, ['DPoP', 'x']]), 401, proof);
        assertChallenges(await ask(good(`${url}other`)), 401, proof);
        // A token that is bad by itself, in the scheme of the request.
        const token = `DPoP error="invalid_token", ${ALGS}`;
        assertChallenges(await ask(good(url, { token: expired })), 401, token);
        assertChallenges(await ask(good(url, { token: unbound })), 401, token);
        assertChallenges(
          await ask(good(`${url}admin`), '/admin'),
          403,
          `DPoP error="insufficient_scope", scope="admin", ${ALGS}`,
        );
      }
      for (const api of [plain, configured]) {
        const url = `${api.url}/admin`;
        const token = 'Bearer error="invalid_token"';
        assertChallenges(
          await raw(url, { headers: bearer(issuer.token({}, { exp: 1 })) }),
          401,
          token,
        );
        assertChallenges(
          await raw(url, { headers: bearer(unbound) }),
          403,
          'Bearer error="insufficient_scope", scope="admin"',
        );
      }
      // A bound token as a bearer token, and any bearer token where DPoP is required.
      assertChallenges(
        await raw(required.url, { headers: bearer(unbound) }),
        401,
        `DPoP error="invalid_token", ${ALGS}`,
      );
      assertChallenges(
        await raw(required.url, { headers: bearer(bound) }),
        401,
        `DPoP error="invalid_token", ${ALGS}`,
      );
      for (const api of [plain, configured]) {
        const response = await raw(api.url, { headers: bearer(bound) });
        assert.equal(response.status, 401);
        assert.match(challengesOf(response)[0], /^(Bearer|DPoP) error="invalid_token"/);
      }
    });

    it('refuses each for its reason', async (t) => {
      const api = await startWith(t, { dpop: 'when_present' });
      const url = `${api.url}/`;
      const token = issuer.boundTo(holder);
      const dpop = ['Authorization', `DPoP ${token}`];
      const proof = () => ['DPoP', proofFor(token, url)];
      for (const [reason, headers, path = ''] of [
        ['dpop_proof_missing', [dpop]],
        ['dpop_proof_missing', [dpop, ['DPoP', '']]],
        ['dpop_proof_repeated', [dpop, proof(), proof()]],
        ['dpop_proof_repeated', [dpop, proof(), ['dpop', 'x']]],
        ['dpop_proof_repeated', [dpop, ['DPoP', `${proof()[1]}, ${proof()[1]}`]]],
        ['dpop_proof_malformed', [dpop, ['DPoP', `${proof()[1]} ${proof()[1]}`]]],
        ['dpop_scheme_mismatch', [['Authorization', `Bearer ${token}`], proof()]],
        ['dpop_scheme_mismatch', [['Authorization', `Bearer ${issuer.token()}`], proof()]],
        ['dpop_required', [['Authorization', `Bearer ${token}`]]],
        ['dpop_token_not_bound', good(url, { token: issuer.token() })],
        ['dpop_token_not_bound', [['Authorization', `Bearer ${issuer.token()}`]], '/bound'],
        ['dpop_required', [['Authorization', `Bearer ${token}`]], '/bound'],
        ['dpop_method_mismatch', good(url, { claims: { htm: 'POST' } })],
        ['dpop_url_mismatch', good(`${url}?a=b#c`, { claims: { htu: `${url}a` } })],
      ]) {
        const { result, reasons } = await withReasons(() => raw(api.url + path, { headers }));
        assert.equal(result.status, 401, reason);
        assert.deepEqual(reasons, [reason]);
      }
      for (const headers of [
        [['Authorization', `DPoP ${token} ${token}`], proof()],
        [['Authorization', 'DPoP'], proof()],
        [['Authorization', `DPoP, ${token}`], proof()],
        [['Authorization', `DPoP=${token}`], proof()],
        [['Authorization', token], proof()],
        [proof()],
      ]) {
        assert.equal((await raw(api.url, { headers })).status, 401);
      }
      assert.equal(
        (await raw(`${url}any`, { headers: [['Authorization', `Bearer ${token}`]] })).status,
        200,
      );
      assert.deepEqual(api.errors, []);
    });

    it('a proof in other places than its header is none', async (t) => {
      const api = await startWith(t);
      const token = issuer.boundTo(holder);
      const url = `${api.url}/`;
      const dpop = ['Authorization', `DPoP ${token}`];
      const proof = proofFor(token, url);
      Object.defineProperty(Object.prototype, 'dpop', { value: proof, configurable: true });
      try {
        assert.equal((await raw(api.url, { headers: [dpop] })).status, 401);
      } finally {
        delete Object.prototype.dpop;
      }
      for (const headers of [
        [dpop, ['X-DPoP', proof]],
        [dpop, ['Cookie', `DPoP=${proof}`]],
      ]) {
        assert.equal((await raw(`${url}?dpop=${proof}`, { headers })).status, 401);
      }
      assert.equal((await raw(api.url, { headers: [dpop, ['DPOP', proof]] })).status, 200);
    });

    it('a proof passes once, and what was refused before may come again', async (t) => {
      const api = await startWith(t);
      const headers = good(`${api.url}/`);
      assert.equal((await raw(`${api.url}/admin`, { headers })).status, 401);
      assert.equal((await raw(api.url, { headers })).status, 200);
      const { result, reasons } = await withReasons(() => raw(api.url, { headers }));
      assertChallenges(result, 401, `DPoP error="invalid_dpop_proof", ${ALGS}`);
      assert.deepEqual(reasons, ['dpop_proof_replayed']);
      // At another API of this process neither: with `origin`, both may be one.
      const both = { dpop: { origin: api.url } };
      const other = await startWith(t, both);
      assert.equal((await raw(other.url, { headers })).status, 401);
      const many = good(`${api.url}/`);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => raw(api.url, { headers: many })),
      );
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal(answers.filter(({ status }) => status === 401).length, 19);
    });

    it('an optional route lets requests without a token in, and no bad ones', async (t) => {
      const api = await startWith(t);
      const url = `${api.url}/optional`;
      const token = issuer.boundTo(holder);
      assert.equal((await raw(url)).status, 200);
      assert.equal((await raw(url, { headers: good(url) })).status, 200);
      for (const headers of [
        [['Authorization', `DPoP ${token}`]],
        [['Authorization', `Bearer ${token}`]],
        [['Authorization', 'DPoP a b']],
        good(`${url}/other`),
      ]) {
        assert.equal((await raw(url, { headers })).status, 401);
      }
    });

    it('methods and URLs are those of the request', async (t) => {
      const routes = ['get', 'post', 'put', 'delete'].map((method) => ({ path: '/a', method }));
      const api = await startWith(t, {}, { routes });
      const url = `${api.url}/a`;
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const passing = good(url, { claims: { htm: method } });
        assert.equal((await raw(`${url}?x=y`, { method, headers: passing })).status, 200);
        const failing = good(url, { claims: { htm: method === 'GET' ? 'POST' : 'GET' } });
        assert.equal((await raw(url, { method, headers: failing })).status, 401);
      }
      // What overrides a method elsewhere does not here.
      const overridden = [
        ...good(url, { claims: { htm: 'POST' } }),
        ['X-HTTP-Method-Override', 'POST'],
      ];
      assert.equal((await raw(url, { headers: overridden })).status, 401);
    });

    it('behind a proxy the URL is the client’s, if the framework trusts the proxy', async (t) => {
      const create = frameworks.find((one) => one.name === name).create;
      const forwarded = [
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'api.example.com'],
      ];
      const outside = 'https://api.example.com/';
      const protect = protectApi(issuer.options);
      const untrusting = await create(protect, ROUTES);
      t.after(() => untrusting.close());
      const ask = (api, htu, more = forwarded) =>
        raw(api.url, { headers: [...good(htu), ...more] });
      assert.equal((await ask(untrusting, outside)).status, 401);
      assert.equal((await ask(untrusting, `${untrusting.url}/`)).status, 200);

      const fixed = await startWith(t, { dpop: { origin: 'https://api.example.com' } });
      assert.equal((await ask(fixed, outside, [])).status, 200);
      assert.equal((await ask(fixed, outside)).status, 200);
      assert.equal((await ask(fixed, `${fixed.url}/`)).status, 401);
      const spoofed = [
        ['X-Forwarded-Host', 'evil.example'],
        ['Forwarded', 'host=evil.example'],
      ];
      assert.equal((await ask(fixed, 'https://evil.example/', spoofed)).status, 401);
      assert.equal((await ask(fixed, outside, spoofed)).status, 200);

      if (framework.adapter !== 'express') return;
      const trusting = await startWith(t, {}, { setup: (app) => app.set('trust proxy', true) });
      assert.equal((await ask(trusting, outside)).status, 200);
      assert.equal((await ask(trusting, `${trusting.url}/`)).status, 401);
      assert.equal((await ask(trusting, `${trusting.url}/`, [])).status, 200);
    });

    it('mounted routers and prefixes do not shorten the URL', async (t) => {
      const protect = protectApi(issuer.options);
      const api = await startWith(
        t,
        {},
        {
          routes: [],
          async setup(app) {
            if (framework.adapter === 'fastify') {
              await app.register(
                async (scope) => scope.get('/deep', { onRequest: protect() }, async () => ({})),
                { prefix: '/v1/posts' },
              );
              return;
            }
            const { Router } = require(name === 'Express 4' ? 'express4' : 'express');
            const inner = Router().get('/deep', protect(), (_request, response) =>
              response.json({}),
            );
            app.use('/v1', Router().use('/posts', inner));
          },
        },
      );
      const url = `${api.url}/v1/posts/deep`;
      assert.equal((await raw(`${url}?a=b`, { headers: good(url) })).status, 200);
      for (const htu of [`${api.url}/deep`, `${api.url}/posts/deep`, `${url}/`]) {
        assert.equal((await raw(url, { headers: good(htu) })).status, 401, htu);
      }
    });
  });
}

for (const { name, module } of [
  { name: 'Fastify 4', module: 'fastify4' },
  { name: 'Fastify 5', module: 'fastify' },
]) {
  describe(`${name} over HTTP/2`, () => {
    const ca = createCa();

    it('takes :authority for the host', async (t) => {
      const { protectApi } = guarded.find((one) => one.name === name);
      const { cert, key } = createServerCert(ca);
      const app = require(module)({ http2: true, https: { cert, key } });
      app.get('/a', { onRequest: protectApi(issuer.options)() }, async () => ({ passed: true }));
      await app.listen({ port: 0, host: '127.0.0.1' });
      const origin = `https://localhost:${app.server.address().port}`;
      const session = http2.connect(origin, {
        ca: ca.cert,
        lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
      });
      t.after(() => {
        session.destroy();
        return app.close();
      });
      const ask = async (htu) => {
        const headers = Object.fromEntries(good(htu));
        const stream = session.request({ ':path': '/a?b=c', ...headers });
        const [{ ':status': status }] = await once(stream, 'response');
        stream.resume();
        return status;
      };
      assert.equal(await ask(`${origin}/a`), 200);
      assert.equal(await ask(`${origin.replace('localhost', '127.0.0.1')}/a`), 401);
      assert.equal(await ask(`${origin.replace('https', 'http')}/a`), 401);
      assert.equal(await ask(`${origin}/b`), 401);
    });
  });
}
