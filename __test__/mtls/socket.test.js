'use strict';

// Tokens that oidc-provider itself has bound to a client certificate, in a token request over mutual
// TLS, shown to APIs that terminate TLS themselves.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const { frameworks, listenFastify } = require('../support/http.js');
const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const { startOidcProvider } = require('../support/oidc/index.js');
const { ROUTES, adapters, decode, request, withReasons } = require('./support.js');

const { MonoCloudBackendNodeClient } = adapters.express;
const VARIABLE = 'MONOCLOUD_BACKEND_VALIDATE_CERTIFICATE_BINDING';
const DAY = 24 * 60 * 60 * 1000;

const ca = createCa();
const clientCa = createCa({ name: 'Client CA' });
const server = createServerCert(ca);
const own = createClientCert(clientCa, { san: ['DNS:own.client.test'] });
const other = createClientCert(clientCa, { san: ['DNS:other.client.test'] });
const stranger = createClientCert();
const expired = createClientCert(undefined, {
  notBefore: new Date(Date.now() - 3 * DAY),
  notAfter: new Date(Date.now() - DAY),
});

const present = (identity) => identity && { cert: identity.cert, key: identity.key };
const only = (version) => ({ minVersion: version, maxVersion: version });

const mtlsClient = (id, more) => ({
  client_id: id,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  tls_client_certificate_bound_access_tokens: true,
  ...more,
});

let provider;
let tokens;
before(async () => {
  provider = await startOidcProvider({
    algorithms: ['RS256', 'ES256'],
    tls: { ...server, ca: ca.cert },
    mtls: { ca: clientCa.cert },
    clients: [
      mtlsClient('own', {
        token_endpoint_auth_method: 'tls_client_auth',
        tls_client_auth_san_dns: 'own.client.test',
      }),
      mtlsClient('expired', {
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        jwks: { keys: [expired.jwk] },
      }),
    ],
  });
  const jwt = { alg: 'ES256' };
  tokens = {
    'a JWT': await provider.token({ ...jwt, clientId: 'own', certificate: own }),
    'an opaque token': await provider.opaqueToken({ clientId: 'own', certificate: own }),
    expired: await provider.token({ ...jwt, clientId: 'expired', certificate: expired }),
    free: await provider.token(jwt),
    'free opaque': await provider.opaqueToken(),
  };
});
after(() => provider?.close());

const KINDS = ['a JWT', 'an opaque token'];

const optionsWith = (more) => ({
  tenantDomain: provider.issuer,
  audience: provider.audience,
  ...provider.clients.post,
  tls: { ca: ca.cert },
  ...more,
});

const httpsOptions = (more) => ({
  key: server.key,
  cert: server.cert,
  ca: clientCa.cert,
  requestCert: true,
  rejectUnauthorized: false,
  ...more,
});

/** HTTP/2, with Fastify only: Express has none. */
const overHttp2 =
  (module) =>
  async (protect, routes, { https }) => {
    const app = require(module)({ http2: true, https });
    for (const { path, options } of routes) {
      app.get(path, { onRequest: protect(options) }, async ({ claims }) => ({ claims }));
    }
    return listenFastify(app);
  };

const TRANSPORTS = [
  ...frameworks.map((framework) => ({ ...framework, name: `${framework.name} over HTTP/1.1` })),
  {
    name: 'Fastify 4 over HTTP/2',
    adapter: 'fastify',
    create: overHttp2('fastify4'),
    h2: true,
  },
  { name: 'Fastify 5 over HTTP/2', adapter: 'fastify', create: overHttp2('fastify'), h2: true },
];

/** An API that looks at its own sockets. `ask(path, token, tls)` sends it one request. */
async function start(t, { adapter, create, h2 }, options, https) {
  const { certificateFromSocket, protectApi } = adapters[adapter];
  const reading = { certificateResolver: certificateFromSocket() };
  const protect =
    options instanceof MonoCloudBackendNodeClient
      ? protectApi(options, reading)
      : protectApi({ ...optionsWith(options), ...reading });
  const api = await create(protect, ROUTES, { https: httpsOptions(https) });
  t.after(() => api.close());
  return (path, token, tls) =>
    request(`${api.url}${path}`, { token, h2, tls: { ca: ca.cert, ...tls } });
}

async function assertRefused(answering, reason) {
  const { result, reasons } = await withReasons(() => answering);
  assert.equal(result.status, 401);
  assert.deepEqual(result.json, { message: 'unauthorized' });
  assert.equal(result.headers['www-authenticate'], 'Bearer error="invalid_token"');
  if (reason !== undefined) assert.deepEqual(reasons, [reason]);
  return { ...result, reasons };
}

/** A refusal for want of a certificate where a session without one was resumed. */
const MISSING = /^certificate_missing_resumed_session$/;

for (const transport of TRANSPORTS) {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    describe(`a bound token, through ${transport.name} and ${version}`, () => {
      it('passes with its certificate alone', async (t) => {
        const ask = await start(t, transport, {}, only(version));
        for (const kind of KINDS) {
          const token = tokens[kind];
          for (const path of ['/bound', '/any']) {
            const { status, json } = await ask(path, token, present(own));
            assert.equal(status, 200, `${kind}, ${path}`);
            assert.deepEqual(json.claims.cnf, { 'x5t#S256': own.thumbprint });
            if (kind === 'a JWT') assert.deepEqual(json.claims, decode(token));
            for (const wrong of [other, stranger, expired]) {
              await assertRefused(ask(path, token, present(wrong)), 'certificate_mismatch');
            }
            await assertRefused(ask(path, token), 'certificate_missing');
          }
          // Said by the route: anybody may use it here.
          assert.equal((await ask('/off', token)).status, 200);
          assert.equal((await ask('/off', token, present(other))).status, 200);
        }
      });

      it('is asked for by one route, and another token will do for the others', async (t) => {
        const ask = await start(t, transport, {}, only(version));
        for (const token of [tokens.free, tokens['free opaque']]) {
          for (const identity of [undefined, own, other]) {
            const reason = identity ? 'token_not_bound' : 'certificate_missing';
            await assertRefused(ask('/bound', token, present(identity)), reason);
            assert.equal((await ask('/any', token, present(identity))).status, 200);
            assert.equal((await ask('/off', token, present(identity))).status, 200);
          }
        }
      });

      it('passes with an expired certificate only where the server lets that in', async (t) => {
        // What binds is the key. Whose certificate it is, and until when, is the server's to judge.
        const lenient = await start(t, transport, {}, only(version));
        assert.equal((await lenient('/bound', tokens.expired, present(expired))).status, 200);
        await assertRefused(lenient('/bound', tokens.expired, present(own)));
        await assertRefused(lenient('/bound', tokens['a JWT'], present(expired)));
        const strict = await start(
          t,
          transport,
          {},
          { ...only(version), rejectUnauthorized: true },
        );
        assert.equal((await strict('/bound', tokens['a JWT'], present(own))).status, 200);
        for (const identity of [expired, stranger, undefined]) {
          await assert.rejects(strict('/bound', tokens.expired, present(identity)));
        }
      });

      it('passes in a resumed session with the certificate that it began with', async (t) => {
        const ask = await start(t, transport, {}, only(version));
        const token = tokens['a JWT'];
        const first = await ask('/bound', token, present(own));
        assert.equal(first.reused, false);
        for (const identity of [own, undefined]) {
          const tls = { ...present(identity), session: first.session };
          const again = await ask('/bound', token, tls);
          assert.equal(again.reused, true);
          assert.equal(again.status, 200);
        }
        // The session is another's, whatever certificate its thief has.
        const theirs = await ask('/any', tokens.free, present(other));
        const tls = { ...present(own), session: theirs.session };
        const { reused } = await assertRefused(ask('/bound', token, tls), 'certificate_mismatch');
        assert.equal(reused, true);
      });

      it('is refused in a resumed session that began without a certificate', async (t) => {
        const ask = await start(t, transport, {}, only(version));
        const token = tokens['a JWT'];
        const without = await ask('/any', tokens.free);
        const tls = { ...present(own), session: without.session };
        for (const path of ['/bound', '/any']) {
          const { reused, reasons } = await assertRefused(ask(path, token, tls));
          assert.equal(reused, true);
          assert.match(reasons.join(), MISSING);
        }
        // Where no certificate is needed, none is missed.
        const free = await ask('/any', tokens.free, tls);
        assert.equal(free.reused, true);
        assert.equal(free.status, 200);
        assert.equal((await ask('/off', token, tls)).status, 200);
      });

      it('is refused in a session of a server that asks for no certificate', async (t) => {
        const more = { ...only(version), ticketKeys: crypto.randomBytes(48) };
        const open = await start(t, transport, {}, { ...more, requestCert: false });
        const strict = await start(t, transport, {}, { ...more, rejectUnauthorized: true });
        const { session } = await open('/any', tokens.free, present(own));
        const asking = strict('/bound', tokens['a JWT'], { ...present(own), session });
        if (version === 'TLSv1.2') {
          await assert.rejects(asking);
        } else {
          // Node.js says that this connection is authorized.
          const { reused, reasons } = await assertRefused(asking);
          assert.equal(reused, true);
          assert.match(reasons.join(), MISSING);
        }
      });
    });
  }
}

for (const framework of frameworks) {
  describe(`validateCertificateBinding, through ${framework.name}`, () => {
    const MODES = ['when_present', 'required', 'dangerously_ignore'];

    /** What §7 says of one request. */
    const passes = (path, mode, bound, identity) => {
      if (path === '/off' || (path === '/any' && mode === 'dangerously_ignore')) return true;
      if (path === '/bound' || mode === 'required') return bound && identity === own;
      return !bound || identity === own;
    };

    const check = async (ask, mode) => {
      for (const { path } of ROUTES) {
        for (const bound of [true, false]) {
          for (const identity of [own, other, undefined]) {
            const { status } = await ask(
              path,
              bound ? tokens['a JWT'] : tokens.free,
              present(identity),
            );
            const what = `${mode}, ${path}, ${bound}, ${identity?.subject.CN}`;
            assert.equal(status, passes(path, mode, bound, identity) ? 200 : 401, what);
          }
        }
      }
    };

    it('lets nobody use a bound token over plain HTTP, or without a socket', async (t) => {
      const { certificateFromSocket, protectApi } = adapters[framework.adapter];
      const certificateResolver = certificateFromSocket();
      const withoutSocket = { raw: {} };
      const bare = () => certificateResolver(withoutSocket);
      for (const resolver of [certificateResolver, bare]) {
        const protect = protectApi(optionsWith({ certificateResolver: resolver }));
        const api = await framework.create(protect, ROUTES);
        t.after(() => api.close());
        const ask = async (path, token) => {
          const headers = { authorization: `Bearer ${token}` };
          const { result, reasons } = await withReasons(() => fetch(api.url + path, { headers }));
          return [result.status, ...reasons];
        };
        assert.deepEqual(await ask('/any', tokens['a JWT']), [401, 'certificate_missing']);
        assert.deepEqual(await ask('/bound', tokens.free), [401, 'certificate_missing']);
        assert.deepEqual(await ask('/any', tokens.free), [200]);
      }
    });

    it('is when_present where nobody says otherwise', async (t) => {
      await check(await start(t, framework), 'when_present');
    });

    for (const mode of MODES) {
      it(`may be ${mode} by option or by variable`, async (t) => {
        await check(await start(t, framework, { validateCertificateBinding: mode }), mode);
        t.after(() => delete process.env[VARIABLE]);
        process.env[VARIABLE] = mode;
        await check(await start(t, framework), mode);
        // The option wins.
        process.env[VARIABLE] = MODES[(MODES.indexOf(mode) + 1) % MODES.length];
        await check(await start(t, framework, { validateCertificateBinding: mode }), mode);
      });
    }

    it('is nothing else', (t) => {
      const { protectApi } = adapters[framework.adapter];
      t.after(() => delete process.env[VARIABLE]);
      const build = (more) => () => protectApi(optionsWith(more));
      for (const bad of ['always', 'Required', true, 1, {}]) {
        assert.throws(build({ validateCertificateBinding: bad }), /validateCertificateBinding/);
      }
      process.env[VARIABLE] = 'true';
      assert.throws(build(), { message: new RegExp(VARIABLE) });
    });
  });

  describe(`claims out of a cache, through ${framework.name}`, () => {
    for (const kind of KINDS) {
      it(`are bound like those of ${kind} that is fresh`, async (t) => {
        const entries = new Map();
        const calls = { get: 0, set: 0, delete: 0 };
        const cache = {
          async get(token) {
            calls.get += 1;
            return entries.get(token);
          },
          async set(token, claims) {
            calls.set += 1;
            entries.set(token, claims);
          },
          async delete(token) {
            calls.delete += 1;
            entries.delete(token);
          },
        };
        const client = new MonoCloudBackendNodeClient(optionsWith({ cache }));
        const ask = await start(t, framework, client);
        const token = tokens[kind];
        // A refusal for the route's sake does not keep the token out of the cache.
        await assertRefused(ask('/bound', token, present(other)), 'certificate_mismatch');
        assert.deepEqual(entries.get(token)?.cnf, { 'x5t#S256': own.thumbprint });
        for (let round = 0; round < 2; round += 1) {
          for (const path of ['/bound', '/any']) {
            assert.equal((await ask(path, token, present(own))).status, 200);
            await assertRefused(ask(path, token, present(other)), 'certificate_mismatch');
            await assertRefused(ask(path, token), 'certificate_missing');
          }
          assert.equal((await ask('/off', token)).status, 200);
        }
        assert.deepEqual(calls, { get: 15, set: 1, delete: 0 });
      });
    }

    it('are not believed where the cache has another binding for a JWT', async (t) => {
      const token = tokens['a JWT'];
      const forged = { ...decode(token), cnf: { 'x5t#S256': other.thumbprint } };
      const { cnf: _, ...without } = decode(token);
      for (const claims of [forged, without]) {
        const cache = { get: async () => claims, set: async () => {}, delete: async () => {} };
        const client = new MonoCloudBackendNodeClient(optionsWith({ cache }));
        const ask = await start(t, framework, client);
        await assertRefused(ask('/any', token, present(other)), 'certificate_mismatch');
        assert.equal((await ask('/bound', token, present(own))).status, 200);
      }
    });
  });

  describe(`certificateFromSocket, through ${framework.name}`, () => {
    it('finds nothing where there is no TLS', async (t) => {
      const { certificateFromSocket, protectApi } = adapters[framework.adapter];
      const protect = protectApi({
        ...optionsWith(),
        certificateResolver: certificateFromSocket(),
      });
      const api = await framework.create(protect, ROUTES);
      t.after(() => api.close());
      const get = (path, token) =>
        fetch(api.url + path, { headers: { authorization: `Bearer ${token}` } });
      assert.equal((await get('/any', tokens.free)).status, 200);
      for (const path of ['/bound', '/any']) {
        const { reasons } = await withReasons(async () => {
          assert.equal((await get(path, tokens['a JWT'])).status, 401);
        });
        assert.deepEqual(reasons, ['certificate_missing']);
      }
    });

    if (framework.adapter === 'fastify') {
      it('finds nothing in a request that was injected', async (t) => {
        const { certificateFromHeader, certificateFromSocket, protectApi } = adapters.fastify;
        const header = { format: 'nginx', trustProxy: 'loopback' };
        for (const certificateResolver of [
          certificateFromSocket(),
          certificateFromHeader(header),
        ]) {
          const protect = protectApi({ ...optionsWith(), certificateResolver });
          const { app, close } = await framework.create(protect, ROUTES);
          t.after(close);
          const inject = (url, token) =>
            app.inject({ url, headers: { authorization: `Bearer ${token}` } });
          assert.equal((await inject('/any', tokens.free)).statusCode, 200);
          assert.equal((await inject('/bound', tokens['a JWT'])).statusCode, 401);
        }
      });
    }
  });
}
