'use strict';

// Who is believed about a certificate, and how much of a header is read: each layer for itself, both
// sides of each bound, and with what a program can replace.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');

const { createCa, createClientCert } = require('../support/certs.js');
const { frameworks, raw } = require('../support/http.js');
const { runScript } = require('../support/child.js');
const { ROUTES, adapters, startBinder, withReasons } = require('./support.js');

const { MonoCloudValidationError } = adapters.express;
const LONGEST = 64 * 1024;
const HEADER = 'x-cert';
const TIMEOUT_MS = 20_000;

const ca = createCa();
const own = createClientCert(ca, { name: 'own.client.test' });
const base64 = own.der.toString('base64');
const escaped = encodeURIComponent(own.cert);
const PEM = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;

let issuer;
before(async () => {
  issuer = await startBinder();
});
after(() => issuer?.close());

/** What one resolver makes of one header, without a server. */
function resolve(format, value, { trustProxy = 'loopback', remoteAddress = '127.0.0.1' } = {}) {
  const { certificateFromHeader } = adapters.express;
  const resolver = certificateFromHeader({ format, header: HEADER, trustProxy });
  return resolver({ rawHeaders: [HEADER, value], socket: { remoteAddress } });
}

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

/** The certificate in a value of this length, in each format that allows for it. */
const padded = {
  nginx: (length) => withBlanks(length, (blanks) => escaped.replace('%0A', `%0A${blanks}`)),
  'aws-alb': (length) => withBlanks(length, (blanks) => escaped.replace('%0A', `%0A${blanks}`)),
  envoy: (length) => withBlanks(length, (blanks) => `Subject="${blanks}";Cert="${escaped}"`),
  apache: (length) => {
    const text = own.cert.trim().replaceAll('\n', ' ');
    return withBlanks(length, (blanks) => text.replace('----- ', `----- ${blanks}`));
  },
};

function withBlanks(length, write) {
  const value = write(' '.repeat(length - write('').length));
  assert.equal(value.length, length);
  return value;
}

describe('the bound of a header', () => {
  for (const [format, write] of Object.entries(padded)) {
    it(`is 64 KiB: ${format}`, () => {
      assert.equal(resolve(format, write(LONGEST - 1)), PEM);
      assert.equal(resolve(format, write(LONGEST)), PEM);
      assert.equal(resolve(format, write(LONGEST + 1)), 'malformed');
      assert.equal(resolve(format, write(4 * LONGEST)), 'malformed');
    });
  }
});

describe('Envoy’s header', () => {
  const cert = `Cert="${escaped}"`;

  it('ends a quoted value with a separator, whatever else is there', () => {
    for (const separator of [';', ',']) {
      assert.equal(resolve('envoy', `Hash="1"${separator}${cert}`), PEM);
    }
    for (const between of ['x', ' ', ' ;', '"', '""', '=', '\\', '\\"', '\t', 'é', '%3B', '\0']) {
      for (const value of [
        `Hash="1"${between}${cert}`,
        `Hash="1"${between}URI=y;${cert}`,
        `${cert}${between}URI=y`,
        `${cert}${between}${cert}`,
        `${cert}${between}`,
        `Chain="${escaped}"${between}Hash=1`,
      ]) {
        assert.equal(resolve('envoy', value), 'malformed', value.slice(0, 40) + between);
      }
    }
  });

  it('is refused for each name that Envoy does not quote, before each of the two it does', () => {
    for (const name of ['URI', 'DNS', 'uri', 'Dns']) {
      for (const value of [cert, `Chain="${escaped}"`]) {
        assert.equal(resolve('envoy', `${name}=x;${value}`), 'malformed');
        assert.equal(resolve('envoy', `Hash=1;${name}=x,${value}`), 'malformed');
        assert.equal(resolve('envoy', `${name}="x";${value}`), PEM, 'quoted');
        assert.equal(resolve('envoy', `${value};${name}=x`), PEM, 'after it');
      }
    }
    for (const name of ['By', 'Hash', 'Subject']) {
      assert.equal(resolve('envoy', `${name}=x;${cert}`), PEM);
    }
    for (const twice of ['Cert', 'Chain']) {
      const pair = `${twice}="${escaped}"`;
      assert.equal(resolve('envoy', `${pair};${pair}`), 'malformed');
      assert.equal(resolve('envoy', `${pair};Hash=1;${pair}`), 'malformed');
      assert.equal(resolve('envoy', `${pair},${pair}`), PEM, 'in elements of their own');
    }
  });
});

describe('a list of proxies', () => {
  const make = (trustProxy) =>
    adapters.express.certificateFromHeader({ format: 'nginx', trustProxy });
  const refused = (trustProxy, message = /^"trustProxy" is required/) =>
    assert.throws(
      () => make(trustProxy),
      (error) => {
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
        assert.match(error.message, message);
        return true;
      },
    );

  it('has 10,000 entries at the most, as an array and as text', () => {
    const list = (length) => Array.from({ length }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    for (const write of [(entries) => entries, (entries) => entries.join(',')]) {
      make(write(list(10_000)));
      refused(write(list(10_001)));
    }
    refused([]);
    refused(new Array(2 ** 32 - 1));
    // The last one counts as well as the first.
    for (const remoteAddress of ['10.0.0.0', '10.0.39.15']) {
      const trustProxy = list(10_000);
      assert.equal(resolve('nginx', escaped, { trustProxy, remoteAddress }), PEM);
    }
    const trustProxy = list(10_000);
    assert.equal(resolve('nginx', escaped, { trustProxy, remoteAddress: '10.0.39.16' }), '');
  });

  it('is refused for each entry that is no address', () => {
    for (const bad of [undefined, null, 1, {}, [], ['10.0.0.1'], '10.0.0', 'x/8']) {
      for (const list of [[bad], ['::1', bad], [bad, '::1']]) {
        refused(list, /^"trustProxy" must name addresses/);
      }
    }
    // A hole.
    // biome-ignore lint/suspicious/noSparseArray: that is what is tested
    refused(['::1', , '::1'], /^"trustProxy" must name addresses/);
  });

  it('that is a proxy is read once', () => {
    let asked = 0;
    const growing = new Proxy(['::1'], {
      get(target, name, receiver) {
        if (name !== 'length') return Reflect.get(target, name, receiver);
        asked += 1;
        return asked;
      },
    });
    make(growing);
    assert.equal(asked, 1);
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    refused(proxy, /^"trustProxy" can't be read$/);
  });
});

describe('options of certificateFromHeader', () => {
  const good = { format: 'nginx', trustProxy: '::1' };

  for (const adapter of ['express', 'fastify']) {
    const { certificateFromHeader } = adapters[adapter];

    it(`that do not exist are refused with the nearest that does: ${adapter}`, () => {
      for (const [wrong, meant] of [
        ['trustproxy', 'trustProxy'],
        ['trustProxies', 'trustProxy'],
        ['headers', 'header'],
        ['formats', 'format'],
      ]) {
        for (const value of ['x', undefined]) {
          assert.throws(() => certificateFromHeader({ ...good, [wrong]: value }), {
            name: 'MonoCloudValidationError',
            message: `certificateFromHeader() has no option "${wrong}"; did you mean "${meant}"?`,
          });
        }
      }
      assert.throws(() => certificateFromHeader({ ...good, peers: [] }), {
        name: 'MonoCloudValidationError',
        message: 'certificateFromHeader() has no option "peers"; it has format, header, trustProxy',
      });
    });

    it(`are read once, and a getter that throws is refused: ${adapter}`, () => {
      const counts = {};
      const counted = {};
      for (const [name, value] of Object.entries({ ...good, header: HEADER })) {
        Object.defineProperty(counted, name, {
          enumerable: true,
          get() {
            counts[name] = (counts[name] ?? 0) + 1;
            return value;
          },
        });
      }
      certificateFromHeader(counted);
      assert.deepEqual(counts, { format: 1, trustProxy: 1, header: 1 });
      for (const name of Object.keys(good)) {
        const options = {
          ...good,
          get [name]() {
            throw new Error('mine');
          },
        };
        assert.throws(() => certificateFromHeader(options), {
          name: 'MonoCloudValidationError',
          message: `"${name}" can't be read`,
        });
      }
    });
  }
});

describe('what a program can replace', () => {
  /** Runs in a process of its own: this one still needs what is replaced. */
  const script = (polluted) => `
    const { certificateFromHeader } = load('js/express/index.js');
    const fastify = load('js/fastify/index.js');
    const [own, twice] = [input.escaped, input.escaped + input.escaped];
    const resolvers = () => [certificateFromHeader, fastify.certificateFromHeader].map((make) =>
      make({ format: 'nginx', header: 'x-cert', trustProxy: '10.0.0.1' }));
    const before = resolvers();
    ${polluted}
    const ask = (resolver, value, remoteAddress) => {
      const raw = { rawHeaders: ['x-cert', value], socket: { remoteAddress } };
      return resolver(Object.assign(Object.create(null), raw, { raw }));
    };
    const answers = [...before, ...resolvers()].map((resolver) => [
      ask(resolver, own, '10.0.0.1') === input.pem,
      ask(resolver, own, '10.0.0.2'),
      ask(resolver, own, 'x'),
      ask(resolver, twice, '10.0.0.1'),
    ]);
    let without = 'made';
    try { certificateFromHeader({ format: 'nginx' }); } catch ({ name }) { without = name; }
    say({ answers, without });`;

  const REPLACED = {
    nothing: '',
    'Object.prototype, by every option': `
      for (const [name, value] of Object.entries({ trustProxy: '0.0.0.0/0', header: 'other',
        format: 'envoy', chain: true, 0: 'ipv4', named: false })) {
        Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
      }`,
    'Object.prototype, by what can be enumerated': `
      Object.prototype.trustProxy = ['0.0.0.0/0'];
      Object.prototype.chain = true;`,
    'methods of objects': `
      Object.hasOwn = () => true;
      Object.keys = () => [];`,
    decodeURIComponent: 'globalThis.decodeURIComponent = () => input.pem;',
    'Array.isArray': 'Array.isArray = () => true;',
    Buffer: 'globalThis.Buffer = { from: () => input.pem };',
    'the check of an address': `
      const { BlockList } = require('node:net');
      BlockList.prototype.check = () => true;`,
    'net.isIP': "require('node:net').isIP = () => 4;",
    'the methods of maps and sets': `
      Map.prototype.has = () => true;
      Set.prototype.has = () => true;`,
    'the iterator of arrays': `
      const { next } = [][Symbol.iterator]();
      const prototype = Object.getPrototypeOf([][Symbol.iterator]());
      const real = prototype.next;
      prototype.next = function () {
        const step = real.call(this);
        return step.value === '10.0.0.2' ? { done: false, value: '10.0.0.1' } : step;
      };`,
  };

  for (const [name, polluted] of Object.entries(REPLACED)) {
    it(`changes no answer: ${name}`, async () => {
      const input = { escaped, pem: PEM };
      const { said, stderr } = await runScript(script(polluted), { input });
      const expected = [true, '', '', 'malformed'];
      assert.deepEqual(
        said,
        [
          {
            answers: [expected, expected, expected, expected],
            without: 'MonoCloudValidationError',
          },
        ],
        stderr,
      );
    });
  }
});

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
