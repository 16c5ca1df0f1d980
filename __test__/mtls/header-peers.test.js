'use strict';

// Which peers are believed about a certificate: each layer for itself, over real sockets.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');

const { frameworks, raw } = require('../support/http.js');
const { ROUTES, adapters, startBinder, withReasons } = require('./support.js');
const { HEADER, LONGEST, PEM, escaped, own, padded } = require('./header-trust-support.js');

const TIMEOUT_MS = 20_000;

let issuer;

before(async () => {
  issuer = await startBinder();
});

after(() => issuer?.close());

/** An application whose own trust setting is `setting`, with a guard that goes by it. */
const makers = {
  express: (module, setting) => {
    const app = require(module)();
    if (setting !== undefined) app.set('trust proxy', setting);
    return app;
  },
  fastify: (module, setting) =>
    require(module)(setting === undefined ? {} : { trustProxy: setting }),
};

const MODULES = {
  'Express 4': 'express4',
  'Express 5': 'express',
  'Fastify 4': 'fastify4',
  'Fastify 5': 'fastify',
};

/** Starts it on `where`, what `listen` of a server takes, until the test is over. */
async function start(t, { name, adapter }, setting, where) {
  const { certificateFromHeader, protectApi } = adapters[adapter];
  const protect = protectApi({
    ...issuer.options,
    certificateResolver: certificateFromHeader({
      format: 'nginx',
      header: HEADER,
      trustProxy: true,
    }),
  });
  const app = makers[adapter](MODULES[name], setting);
  const { options } = ROUTES[0];
  if (adapter === 'fastify') {
    app.get('/', { onRequest: protect(options) }, async () => ({}));
    t.after(() => app.close());
    await app.listen(where);
    return app.server;
  }
  app.get('/', protect(options), (_request, response) => response.json({}));
  const server = http.createServer(app).listen(where);
  t.after(() => server.close());
  await once(server, 'listening');
  return server;
}

/** The answer's status to a request with the certificate in its header. */
async function statusOf(where) {
  const headers = {
    connection: 'close',
    authorization: `Bearer ${issuer.boundTo(own.thumbprint)}`,
    [HEADER]: escaped,
  };
  const request = http.get({ ...where, headers, agent: false, timeout: TIMEOUT_MS });
  request.on('timeout', () => request.destroy(new Error('no answer')));
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

const onLoopback = { host: '127.0.0.1', port: 0 };

for (const framework of frameworks) {
  describe(`the trust setting of ${framework.name}`, () => {
    const silence = (t) => {
      // That nobody is believed is also said, once for each guard.
      const listen = () => {};
      process.on('warning', listen);
      t.after(() => process.off('warning', listen));
    };

    /** Functions that say neither `true` nor `false` of the peer, or only when it is too late. */
    const UNDECIDED = {
      'an async function': async (address) => address === '127.0.0.1',
      'one that promises false': async () => false,
      'one with a promise for the peer alone': (address) =>
        address === '127.0.0.1' ? Promise.resolve(false) : false,
      'one with an object': (address) => (address === '127.0.0.1' ? {} : false),
      'one with a number': (address) => (address === '127.0.0.1' ? 1 : 0),
    };

    for (const [what, setting] of Object.entries(UNDECIDED)) {
      // Fastify itself trusts a peer for any truthy answer, and its setting is seen by that alone.
      if (framework.adapter === 'fastify' && /peer alone|object|number/.test(what)) continue;
      it(`trusts nobody where it is ${what}`, async (t) => {
        silence(t);
        const { port } = (await start(t, framework, setting, onLoopback)).address();
        assert.equal(await statusOf({ host: '127.0.0.1', port }), 401);
      });
    }

    it('trusts a peer of which it says true', async (t) => {
      const setting = (address) => address === '127.0.0.1';
      const { port } = (await start(t, framework, setting, onLoopback)).address();
      assert.equal(await statusOf({ host: '127.0.0.1', port }), 200);
    });

    it('trusts nobody on a Unix socket, which has no address', async (t) => {
      if (process.platform === 'win32') return t.skip('there are no Unix sockets');
      silence(t);
      const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'socket-'));
      t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
      for (const [at, setting] of [
        (address) => !address || address === '127.0.0.1',
        (address) => address !== '0.0.0.0',
        'loopback',
        undefined,
      ].entries()) {
        const socketPath = path.join(directory, `${at}`);
        const where = framework.adapter === 'fastify' ? { path: socketPath } : socketPath;
        await start(t, framework, setting, where);
        assert.equal(await statusOf({ socketPath }), 401, String(setting));
      }
    });
  });

  it(`a header of 64 KiB is read, of one byte more it is malformed, through ${framework.name}`, async (t) => {
    const { certificateFromHeader, protectApi } = adapters[framework.adapter];
    const format = 'apache';
    const protect = protectApi({
      ...issuer.options,
      certificateResolver: certificateFromHeader({
        format,
        header: HEADER,
        trustProxy: 'loopback',
      }),
    });
    const api = await framework.create(protect, ROUTES, { http: { maxHeaderSize: 1 << 20 } });
    t.after(() => api.close());
    const ask = (length) => {
      const jwt = issuer.boundTo(own.thumbprint);
      const headers = [
        ['Authorization', `Bearer ${jwt}`],
        [HEADER, padded[format](length)],
      ];
      return withReasons(() => raw(`${api.url}/bound`, { headers }));
    };
    assert.equal((await ask(LONGEST)).result.status, 200);
    const { result, reasons } = await ask(LONGEST + 1);
    assert.equal(result.status, 401);
    assert.deepEqual(reasons, ['certificate_malformed']);
  });
}

describe('one connection after another', () => {
  it('is asked about its own peer each time', async (t) => {
    const seen = [];
    const { certificateFromHeader } = adapters.express;
    const resolver = certificateFromHeader({
      format: 'nginx',
      header: HEADER,
      trustProxy: (address, hop) => {
        seen.push([address, hop]);
        return seen.length % 2 === 1;
      },
    });
    const server = http.createServer((request, response) => {
      response.end(resolver(request) === PEM ? 'believed' : 'not');
    });
    server.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    const answers = [];
    for (let time = 0; time < 4; time += 1) {
      answers.push((await raw(url, { headers: [[HEADER, escaped]] })).text);
    }
    assert.deepEqual(answers, ['believed', 'not', 'believed', 'not']);
    assert.deepEqual(seen, Array(4).fill(['127.0.0.1', 0]));
  });
});
