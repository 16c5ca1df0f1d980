'use strict';

// The URL of a request as each adapter gives it to the guard, over real servers: what the client asked for,
// with a proxy's headers only where the framework's own setting trusts the peer (contract §7b).

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { listenExpress, listenFastify, raw } = require('../support/http.js');
const { adapter: expressAdapter } = require('../../js/express/adapter.js');
const { adapter: fastifyAdapter } = require('../../js/fastify/adapter.js');

const read = ({ authorization, proof, method, url }, request) => ({
  authorization: authorization(request),
  proof: proof(request),
  method: method(request),
  url: url(request),
});

async function express(module, trust) {
  const make = require(module);
  const app = make();
  if (trust !== undefined) app.set('trust proxy', trust);
  const router = make.Router();
  const answer = (request, response) => response.json(read(expressAdapter, request));
  router.all('/in', answer);
  app.use('/mounted', make.Router().use('/deeper', router));
  app.use(answer);
  return listenExpress(app);
}

async function fastify(module, trustProxy) {
  const rewriteUrl = ({ url }) => url.replace('/before', '/after');
  const app = require(module)({ trustProxy, rewriteUrl, forceCloseConnections: true });
  const answer = async (request) => read(fastifyAdapter, request);
  await app.register(async (scope) => scope.all('/deeper/in', answer), { prefix: '/mounted' });
  app.all('/*', answer);
  return listenFastify(app);
}

const FRAMEWORKS = {
  'Express 4': (trust) => express('express4', trust),
  'Express 5': (trust) => express('express', trust),
  'Fastify 4': (trust) => fastify('fastify4', trust),
  'Fastify 5': (trust) => fastify('fastify', trust),
};

const FORWARDED = [
  ['X-Forwarded-Host', 'api.example.com:8443'],
  ['X-Forwarded-Proto', 'https'],
];

for (const [name, start] of Object.entries(FRAMEWORKS)) {
  describe(`a request of ${name}`, () => {
    async function started(t, trust) {
      const api = await start(trust);
      t.after(() => api.close());
      return api.url;
    }

    it('has its URL, method and headers', async (t) => {
      const url = await started(t);
      const headers = [
        ['Authorization', 'DPoP token'],
        ['DPoP', 'proof'],
      ];
      const expected = { authorization: 'DPoP token', proof: 'proof', method: 'GET' };
      for (const path of ['/', '/a/b?c=d&e', '/mounted/deeper/in?x=%2F', '/%E2%82%AC/%2f']) {
        assert.deepEqual((await raw(url + path, { headers })).json, {
          ...expected,
          url: url + path,
        });
      }
      const { json } = await raw(`${url}/mounted/deeper/in`, { method: 'POST' });
      assert.deepEqual(json, { method: 'POST', url: `${url}/mounted/deeper/in` });
      const twice = [...headers, ['dpop', 'other']];
      assert.equal((await raw(url, { headers: twice })).json.proof, 'proof, other');
      if (name.startsWith('Fastify')) {
        assert.equal((await raw(`${url}/before`)).json.url, `${url}/before`);
      }
    });

    it('has no header that is on Object.prototype', async (t) => {
      const url = await started(t);
      t.after(() => {
        delete Object.prototype.dpop;
        delete Object.prototype.authorization;
      });
      for (const header of ['dpop', 'authorization']) {
        const property = { value: 'theirs', configurable: true, enumerable: false };
        Object.defineProperty(Object.prototype, header, property);
      }
      const { json } = await raw(url);
      assert.deepEqual(Object.keys(json), ['method', 'url']);
    });

    it("has a proxy's host and scheme only where the peer is trusted", async (t) => {
      for (const [trust, isTrusted] of [
        [undefined, false],
        [['10.0.0.0/8'], false],
        [['127.0.0.1'], true],
        [true, true],
        // The peer is hop 0.
        [(address, hop) => address === '127.0.0.1' && hop === 0, true],
      ]) {
        // Fastify 4 believes every peer once there is a `trustProxy`.
        if (name === 'Fastify 4' && trust !== undefined && !isTrusted) continue;
        const url = await started(t, trust);
        const { json } = await raw(`${url}/mounted/deeper/in`, { headers: FORWARDED });
        const base = isTrusted ? 'https://api.example.com:8443' : url;
        assert.equal(json.url, `${base}/mounted/deeper/in`, String(trust));
      }
    });

    it('has no URL where the host is none', async (t) => {
      const url = await started(t, ['127.0.0.1']);
      const hosts = ['api.example.com/admin?', 'a b', 'me@api.example.com', 'a#', 'a\\b', '[::1'];
      for (const host of hosts) {
        const { json } = await raw(`${url}/x`, { headers: [['X-Forwarded-Host', host]] });
        assert.equal(json.url, undefined, host);
      }
      const headers = [['X-Forwarded-Proto', 'javascript']];
      assert.equal((await raw(`${url}/x`, { headers })).json.url, undefined);
    });
  });
}

it('a request over HTTP/2 has the host of :authority', async (t) => {
  const app = require('fastify')({ http2: true });
  app.all('/*', async (request) => read(fastifyAdapter, request));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const session = http2.connect(url);
  t.after(() => {
    // Fastify's `close` waits for the session, 72 seconds at most.
    session.destroy();
    return app.close();
  });
  const stream = session.request({ ':path': '/a?b', dpop: 'proof' });
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  await once(stream, 'end');
  assert.deepEqual(JSON.parse(text), { proof: 'proof', method: 'GET', url: `${url}/a?b` });
});

it('a request of Express without an application or its setting has the host of its own header', () => {
  const request = {
    headers: { host: 'api.example', 'x-forwarded-host': 'other.example' },
    socket: { remoteAddress: '127.0.0.1' },
    protocol: 'https',
    originalUrl: '/a',
  };
  for (const app of [undefined, { get: () => undefined }]) {
    assert.equal(expressAdapter.url({ ...request, app }), 'https://api.example/a');
  }
});

it('a request target in absolute form counts by its path', () => {
  const { absoluteUrl } = require('../../js/http/url.js');
  for (const [target, path] of [
    ['http://other.example/a?b', '/a?b'],
    ['http://other.example', '/'],
    ['https://other.example?b', '/?b'],
    ['*', '/*'],
  ]) {
    assert.equal(absoluteUrl('https', 'api.example', target), `https://api.example${path}`);
  }
});
