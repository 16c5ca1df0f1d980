'use strict';

// Certificates in headers: what each proxy sends, what an attacker would, and from whom.

const assert = require('node:assert/strict');
const net = require('node:net');
const { after, before, describe, it } = require('node:test');

const { frameworks, listenExpress, listenFastify, raw } = require('../support/http.js');
const { assertAnswer } = require('../support/answers.js');
const { createCa, createClientCert } = require('../support/certs.js');
const { makePairSync } = require('../../js/testing/pairs.js');
const { ROUTES, adapters, startBinder, withReasons } = require('./support.js');
const { certificate, issuer: intermediate, recorded, thumbprint } = require('./recorded.json');

const { MonoCloudValidationError } = adapters.express;
const FORMATS = ['nginx', 'aws-alb', 'envoy', 'haproxy', 'apache', 'rfc9440'];
const HUGE = { http: { maxHeaderSize: 1 << 20 } };

let issuer;
before(async () => {
  issuer = await startBinder();
});
after(() => issuer?.close());

/** An API that reads its certificates from a header. */
function start({ adapter, create }, header, more) {
  const { certificateFromHeader, protectApi } = adapters[adapter];
  const protect = protectApi({
    ...issuer.options,
    certificateResolver: certificateFromHeader({ trustProxy: 'loopback', ...header }),
  });
  return create(protect, ROUTES, { ...HUGE, ...more });
}

const bearer = (jwt) => ['Authorization', `Bearer ${jwt}`];
const ask = (api, path, jwt, ...headers) =>
  raw(`${api.url}${path}`, { headers: [bearer(jwt), ...headers] });

/** What one resolver makes of one header, without a server. */
function resolve(options, value, remoteAddress = '127.0.0.1') {
  const resolver = adapters.express.certificateFromHeader({ trustProxy: 'loopback', ...options });
  const name = options.header ?? 'x';
  return resolver({ rawHeaders: [name, value], socket: { remoteAddress } });
}

const escaped = (pem) => encodeURIComponent(pem);
const pemOf = (base64) =>
  `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;

/** One character of the certificate's signature changed: still a certificate, but another one. */
function changeOne(value) {
  const at = value.indexOf('IBHda');
  assert.ok(at > 0);
  return `${value.slice(0, at)}IBHdb${value.slice(at + 5)}`;
}

describe('recorded headers', () => {
  for (const framework of frameworks) {
    describe(`through ${framework.name}`, () => {
      for (const { name, format, header, value } of recorded) {
        it(`${name}: the certificate passes, and nothing near it`, async (t) => {
          const api = await start(framework, { format, header });
          t.after(() => api.close());
          const jwt = issuer.boundTo(thumbprint);
          for (const path of ['/bound', '/any']) {
            assert.equal((await ask(api, path, jwt, [header, value])).status, 200);
            assert.equal((await ask(api, path, jwt, [header.toLowerCase(), value])).status, 200);
          }
          const cases = [
            ['certificate_mismatch', [header, changeOne(value)]],
            ['certificate_malformed', [header, value.slice(0, value.lastIndexOf('IBHda'))]],
            ['certificate_malformed', [header, value.replaceAll('MIIB', 'MI*B')]],
            ['certificate_malformed', [header, value], [header, value]],
            ['certificate_malformed', [header, value], [header.toUpperCase(), '']],
            ['certificate_malformed', [header, `${value},${value}x`]],
            ['certificate_missing', [header, '']],
            ['certificate_missing', [`${header}s`, value]],
            ['certificate_missing', [header.replace(/[-_]/, '.'), value]],
          ];
          for (const path of ['/bound', '/any']) {
            for (const [reason, ...headers] of cases) {
              const { result, reasons } = await withReasons(() => ask(api, path, jwt, ...headers));
              assertAnswer(result, 'invalid token', `${reason} ${headers[0][1].slice(0, 40)}`);
              assert.deepEqual(reasons, [reason], headers[0][1].slice(0, 40));
            }
          }
          // Nobody asks for a certificate here.
          const free = issuer.token();
          assert.equal((await ask(api, '/any', free, [header, 'x'], [header, 'y'])).status, 200);
          assert.equal((await ask(api, '/off', jwt, [header, 'x'])).status, 200);
        });
      }
    });
  }

  it('have a usual name in each format', () => {
    for (const { format, header, value } of recorded) {
      if (header === 'X-Amzn-Mtls-Clientcert') continue;
      const { certificateFromHeader } = adapters.express;
      const resolver = certificateFromHeader({ format, trustProxy: 'loopback' });
      const socket = { remoteAddress: '127.0.0.1' };
      assert.equal(resolver({ rawHeaders: ['A', 'b', header, value], socket }), toPem(certificate));
    }
  });
});

/** As the resolvers write it: the base64 on one line. */
const toPem = (base64) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;

describe('Envoy', () => {
  const cert = (base64) => `Cert="${escaped(pemOf(base64))}"`;
  const read = (value) => resolve({ format: 'envoy', header: 'x' }, value);
  const mine = toPem(certificate);

  it('is read by the last element, whatever those before it say', () => {
    for (const first of [
      cert(intermediate),
      'By=x;Hash=y',
      `Hash=1;Subject="a,b;c=\\"d\\"";${cert(intermediate)}`.replace(';Cert', ',Cert'),
      'URI="x,Cert=y"',
      'Subject="CN=x\\\\"',
    ]) {
      assert.equal(read(`${first},Hash=2;${cert(certificate)}`), mine, first);
      assert.equal(read(`${first}, By=;Hash=2;${cert(certificate)};Subject=""`), mine, first);
      assert.equal(read(`${cert(certificate)},Hash=2`), '', 'the last has no certificate');
    }
  });

  it('is read by its keys, in any case', () => {
    assert.equal(read(cert(certificate).replace('Cert', 'cERT')), mine);
    assert.equal(read(`Chain="${escaped(pemOf(certificate) + pemOf(intermediate))}"`), mine);
    assert.equal(read(`Chain="${escaped(pemOf(intermediate))}";${cert(certificate)}`), mine);
    assert.equal(read(cert(certificate).replaceAll('"', '')), mine, 'without its quotes');
    assert.equal(read('By=http://frontend;Hash=468ed3;URI=http://client'), '');
  });

  it('is refused where a name in the certificate could have written it', () => {
    // Envoy does not quote URI and DNS: a certificate for the URI `x,Hash=y;Cert="…"`.
    const forged = cert(certificate);
    for (const value of [
      `Hash=1;${cert(intermediate)};Subject="";URI=x,Hash=y;${forged}`,
      `Hash=1;${cert(intermediate)};DNS=x,${forged};DNS=y`,
      `Hash=1;Chain="${escaped(pemOf(intermediate))}";URI=x;${forged}`,
      `Hash=1;${cert(intermediate)};${forged}`,
      `Hash=1;URI=x;${forged}`,
    ]) {
      assert.equal(read(value), 'malformed', value);
    }
  });

  it('is refused where a quote of the client could reach into the element of the proxy', () => {
    const added = `,By=http://x;Hash=1;${cert(certificate)};Subject="CN=y"`;
    for (const sent of [
      'A="',
      'A="x\\',
      'A="\\"',
      'A=x"y',
      '"',
      'A="b"c',
      'A',
      '=',
      ';',
      ',',
      'A=b;',
    ]) {
      const value = read(sent + added);
      assert.ok(value === 'malformed' || value === mine, `${sent}: ${value}`);
    }
    assert.equal(read(`A="${added}`), 'malformed');
    assert.equal(read(`A=b${added},`), 'malformed');
    assert.equal(read(`A=b${added};`), 'malformed');
  });
});

describe('peers', () => {
  const MINE = toPem(certificate);
  const from = (trustProxy, address) =>
    resolve({ format: 'haproxy', header: 'x', trustProxy }, certificate, address) === MINE;

  it('are believed by address and by range, IPv4 and IPv6', () => {
    for (const [trustProxy, yes, no] of [
      ['10.1.2.3', ['10.1.2.3', '::ffff:10.1.2.3', '::ffff:0a01:0203'], ['10.1.2.4', '::1', '']],
      ['10.0.0.0/8', ['10.255.0.1', '::ffff:10.0.0.1'], ['11.0.0.0', '::ffff:11.0.0.0', '::a00:1']],
      [['192.0.2.0/25'], ['192.0.2.127'], ['192.0.2.128']],
      ['10.0.0.1/32', ['10.0.0.1'], ['10.0.0.2']],
      [
        ['::1', '10.0.0.1'],
        ['::1', '10.0.0.1', '0:0:0:0:0:0:0:1'],
        ['127.0.0.1', '::2'],
      ],
      ['2001:db8::/32', ['2001:db8:ffff::1', '2001:db8::1%eth0'], ['2001:db9::1', '10.0.0.1']],
      ['::ffff:10.0.0.0/104', ['10.0.0.1', '::ffff:10.9.9.9'], ['11.0.0.1']],
      [' 10.0.0.1 , ::1', ['10.0.0.1', '::1'], ['10.0.0.2']],
      [
        'loopback',
        ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'],
        ['128.0.0.1', '10.0.0.1'],
      ],
      [
        'uniquelocal',
        ['10.1.1.1', '172.31.0.1', '192.168.0.1', 'fd00::1'],
        ['172.32.0.1', '127.0.0.1'],
      ],
      ['linklocal', ['169.254.0.1', 'fe80::1'], ['fec0::1', '10.0.0.1']],
      [(address, hop) => address === 'x' && hop === 0, ['x'], ['y', '']],
      [(address) => address === '', [null], ['10.0.0.1']],
      [async () => true, [], ['10.0.0.1']],
      [() => 'yes', [], ['10.0.0.1']],
      ['0.0.0.0/0', ['10.0.0.1'], ['nonsense', '', null]],
    ]) {
      for (const address of yes) assert.ok(from(trustProxy, address), `${trustProxy} ${address}`);
      for (const address of no) assert.ok(!from(trustProxy, address), `${trustProxy} ${address}`);
    }
  });

  it('are nobody where nobody is named', () => {
    const { certificateFromHeader } = adapters.express;
    for (const [options, message] of [
      [undefined, /^"format" must be one of nginx, aws-alb, envoy, haproxy, apache, rfc9440$/],
      [{}, /^"format" must/],
      [[], /^"options" must be an object$/],
      ['nginx', /^"options" must be an object$/],
      [{ format: 'toString', trustProxy: '::1' }, /^"format" must/],
      [{ format: ['nginx'], trustProxy: '::1' }, /^"format" must/],
      [{ format: 'nginx' }, /^"trustProxy" is required/],
      ...[false, null, 1, {}, []].map((trustProxy) => [
        { format: 'nginx', trustProxy },
        /^"trustProxy" is required/,
      ]),
      ...[
        '',
        ',',
        'proxy',
        'localhost',
        '10.0.0.0/33',
        '10.0.0/8',
        '::1/129',
        '10.0.0.1/',
        '/8',
      ].map((trustProxy) => [{ format: 'nginx', trustProxy }, /^"trustProxy" must name addresses/]),
      ...['10.0.0.1/8/8', '10.0.0.1/-1', '10.0.0.1/0x8', '10.0.0.1/1e1', 'constructor'].map(
        (trustProxy) => [{ format: 'nginx', trustProxy }, /^"trustProxy" must name addresses/],
      ),
      [{ format: 'nginx', trustProxy: ['::1', 1] }, /^"trustProxy" must name addresses/],
      ...['', 'a b', 'a:', 'é', 1, {}].map((header) => [
        { format: 'nginx', trustProxy: '::1', header },
        /^"header" must be the name of a header$/,
      ]),
    ]) {
      for (const { certificateFromHeader: make } of [adapters.express, adapters.fastify]) {
        assert.throws(
          () => make(options),
          (error) => {
            assert.ok(error instanceof MonoCloudValidationError);
            assert.match(error.message, message);
            return true;
          },
        );
      }
    }
    assert.equal(
      typeof certificateFromHeader({ format: 'nginx', trustProxy: ['::1'] }),
      'function',
    );
  });

  for (const framework of frameworks) {
    const { format, header, value } = recorded[0];

    it(`that are not named count as having sent no certificate, through ${framework.name}`, async (t) => {
      for (const trustProxy of ['192.0.2.1', ['10.0.0.0/8', '2001:db8::/32'], () => false]) {
        const api = await start(framework, { format, header, trustProxy });
        t.after(() => api.close());
        const forged = [
          [header, value],
          ['X-Forwarded-For', '192.0.2.1, 10.0.0.1'],
        ];
        const { result, reasons } = await withReasons(() =>
          ask(api, '/bound', issuer.boundTo(thumbprint), ...forged),
        );
        assertAnswer(result, 'invalid token');
        assert.deepEqual(reasons, ['certificate_missing']);
        assertAnswer(
          await ask(api, '/any', issuer.boundTo(thumbprint), ...forged),
          'invalid token',
        );
        assert.equal((await ask(api, '/any', issuer.token(), ...forged)).status, 200);
      }
    });

    it(`that an IPv6 socket shows as ::ffff:127.0.0.1 are the same, through ${framework.name}`, async (t) => {
      const api = await start(framework, { format, header, trustProxy: '127.0.0.1' });
      t.after(() => api.close());
      // A second socket of the same server, on all addresses of both kinds.
      const both = net.createServer((socket) => api.server.emit('connection', socket));
      const listening = new Promise((resolved, rejected) => {
        both.once('error', rejected).listen({ port: 0, host: '::' }, resolved);
      });
      if (
        !(await listening.then(
          () => true,
          () => false,
        ))
      )
        return t.skip('there is no IPv6');
      t.after(() => both.close());
      const { port } = both.address();
      const seen = [];
      both.on('connection', (socket) => seen.push(socket.remoteAddress));
      const api4 = { url: `http://127.0.0.1:${port}` };
      assert.equal(
        (await ask(api4, '/bound', issuer.boundTo(thumbprint), [header, value])).status,
        200,
      );
      assert.deepEqual(seen, ['::ffff:127.0.0.1']);
    });
  }
});

describe('the setting of the framework', () => {
  const { format, header, value } = recorded[0];
  const handler = (request) => ({ sub: request.claims.sub });

  const makers = {
    express: (module) => async (protect, setting) => {
      const app = require(module)();
      if (setting !== undefined) app.set('trust proxy', setting);
      app.get('/bound', protect(ROUTES[0].options), (request, response) => {
        response.json(handler(request));
      });
      return listenExpress(app);
    },
    fastify: (module) => async (protect, setting) => {
      const app = require(module)({ ...(setting !== undefined && { trustProxy: setting }) });
      app.get('/bound', { onRequest: protect(ROUTES[0].options) }, async (request) =>
        handler(request),
      );
      return listenFastify(app);
    },
  };

  const modules = {
    'Express 4': 'express4',
    'Express 5': 'express',
    'Fastify 4': 'fastify4',
    'Fastify 5': 'fastify',
  };

  for (const { name, adapter } of frameworks) {
    const create = makers[adapter](modules[name]);

    const statusWith = async (t, setting, trustProxy = true) => {
      const { certificateFromHeader, protectApi } = adapters[adapter];
      const protect = protectApi({
        ...issuer.options,
        certificateResolver: certificateFromHeader({ format, header, trustProxy }),
      });
      const api = await create(protect, setting);
      t.after(() => api.close());
      const jwt = issuer.boundTo(thumbprint);
      for (const forwarded of ['127.0.0.1', '10.0.0.1, 192.0.2.1']) {
        // What is said in a header changes nothing.
        const more = [header, value];
        const answer = await ask(api, '/bound', jwt, more, ['X-Forwarded-For', forwarded]);
        assert.equal(answer.status, (await ask(api, '/bound', jwt, more)).status);
      }
      return (await ask(api, '/bound', jwt, [header, value])).status;
    };

    it(`is asked about the peer where "trustProxy" is true, through ${name}`, async (t) => {
      for (const setting of [
        'loopback',
        '10.0.0.0/8, 127.0.0.1',
        ['192.0.2.1', '127.0.0.0/8'],
        (address, hop) => address === '127.0.0.1' && hop === 0,
      ]) {
        assert.equal(await statusWith(t, setting), 200, String(setting));
      }
      for (const setting of [undefined, false, '192.0.2.1', ['10.0.0.0/8'], () => false]) {
        assert.equal(await statusWith(t, setting), 401, String(setting));
      }
    });

    it(`is not believed where it trusts everybody, and that is said once, through ${name}`, async (t) => {
      const warnings = [];
      const listen = ({ message }) => warnings.push(message);
      process.on('warning', listen);
      t.after(() => process.off('warning', listen));
      assert.equal(await statusWith(t, true), 401);
      await new Promise(setImmediate);
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0],
        /^certificateFromHeader\(\).*"trustProxy": true.*trusts every peer/,
      );
      // A number of hops says nothing of who the first one is.
      assert.equal(await statusWith(t, 1), 401);
      assert.equal(await statusWith(t, () => true), 401);
    });

    it(`does not matter where "trustProxy" names proxies, through ${name}`, async (t) => {
      assert.equal(await statusWith(t, true, '192.0.2.1'), 401);
      assert.equal(await statusWith(t, false, '127.0.0.1'), 200);
    });
  }

  it('may be handed over as the function that Express made of it', async (t) => {
    const { certificateFromHeader, protectApi } = adapters.express;
    for (const [setting, status] of [
      ['loopback', 200],
      ['10.0.0.0/8', 401],
    ]) {
      const app = require('express')();
      app.set('trust proxy', setting);
      const trustProxy = app.get('trust proxy fn');
      const protect = protectApi({
        ...issuer.options,
        certificateResolver: certificateFromHeader({ format, header, trustProxy }),
      });
      app.get('/bound', protect(ROUTES[0].options), (_request, response) => response.json({}));
      const api = await listenExpress(app);
      t.after(() => api.close());
      assert.equal(
        (await ask(api, '/bound', issuer.boundTo(thumbprint), [header, value])).status,
        status,
      );
    }
  });
});

describe('bad input', () => {
  const ca = createCa();
  const own = createClientCert(ca, { name: 'own.client.test' });
  const others = Array.from({ length: 9 }, (_, n) => createClientCert(ca, { name: `c${n}` }));
  const base64 = own.der.toString('base64');
  const privateKey = makePairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const keyAsCertificate = keyPem.replaceAll('PRIVATE KEY', 'CERTIFICATE');
  const emptyPem = '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n';
  const TEN = [...others.map(({ cert }) => cert), own.cert].join('');
  const long = 64 * 1024;

  /** How each proxy would write a PEM text. */
  const writers = {
    nginx: escaped,
    'aws-alb': (pem) => escaped(pem).replaceAll('%2B', '+').replaceAll('%2F', '/'),
    envoy: (pem) => `Hash=1;Cert="${escaped(pem)}";Subject="CN=x"`,
    haproxy: (pem) => pem.replace(/-----[^-]+-----|\n/g, ''),
    apache: (pem) => pem.replaceAll('\n', ' ').trim(),
    rfc9440: (pem) => `:${pem.replace(/-----[^-]+-----|\n/g, '')}:`,
  };

  function rubbish(format) {
    const write = writers[format];
    const good = write(own.cert);
    const values = {
      '64 KiB of one letter': 'A'.repeat(long),
      '64 KiB and one': 'A'.repeat(long + 1),
      '512 KiB': 'A'.repeat(8 * long),
      '64 KiB of percent signs': '%'.repeat(long),
      '64 KiB of spaces between dots': `.${' '.repeat(long - 2)}.`,
      '64 KiB of equals signs': '='.repeat(long),
      '64 KiB of begin lines': '-----BEGIN CERTIFICATE-----'.repeat(long / 27),
      '64 KiB of quotes': '"'.repeat(long),
      '64 KiB of backslashes in a quote': `Cert="${'\\'.repeat(long - 6)}`,
      '64 KiB of elements': `${'a=b,'.repeat(long / 4 - 2)}Cert=x`,
      '64 KiB of a certificate': write(pemOf('A'.repeat(40_000))),
      'half of a percent-encoding': `${good.slice(0, 120)}%4`,
      'no percent-encoding': `%ZZ${good}`,
      'an encoding that is no UTF-8': `%C3%28${good}`,
      'a byte that is no ASCII': `${good.slice(0, 200)}\u00e9${good.slice(201)}`,
      'base64 with rubbish': good.replace(base64.slice(64, 80), '!@^()!@^()!@^()!'),
      'base64 with a cut': good.replace(base64.slice(64, 80), ''),
      'another alphabet': good.replace(base64.slice(64, 68), '-_-_'),
      'a key': write(keyPem),
      'a key that says it is a certificate': write(keyAsCertificate),
      'ten certificates, the last of them the right one': write(TEN),
      'an empty certificate': write(emptyPem) || '""x',
      'no PEM': write('hello'),
      'no certificate but DER': write(pemOf('MAMCAQE=')),
      'a certificate with something after it': write(
        pemOf(Buffer.concat([own.der, Buffer.from([0])]).toString('base64')),
      ),
      'its thumbprint': own.thumbprint,
    };
    return Object.entries(values);
  }

  for (const framework of frameworks) {
    it(`in headers is 401 and logged nowhere, through ${framework.name}`, async (t) => {
      const written = [];
      for (const stream of [process.stdout, process.stderr]) {
        const { write } = stream;
        stream.write = function (chunk, ...rest) {
          written.push(String(chunk));
          return write.call(this, chunk, ...rest);
        };
        t.after(() => {
          stream.write = write;
        });
      }
      const jwt = issuer.boundTo(own.thumbprint);
      for (const format of FORMATS) {
        const api = await start(framework, { format, header: 'x-cert' });
        t.after(() => api.close());
        const good = await ask(api, '/bound', jwt, ['x-cert', writers[format](own.cert)]);
        assert.equal(good.status, 200, format);
        for (const [what, value] of rubbish(format)) {
          const { result, messages } = await withReasons(() =>
            ask(api, '/bound', jwt, ['x-cert', value]),
          );
          assertAnswer(result, 'invalid token', `${format}, ${what}`);
          assert.equal(messages.length, 1, `${format}, ${what}`);
          const reason =
            /ten certificates/.test(what) && format === 'aws-alb' ? 'mismatch' : 'malformed';
          assert.equal(messages[0].reason, `certificate_${reason}`, `${format}, ${what}`);
          written.push(JSON.stringify(messages), result.text, JSON.stringify(result.headers));
        }
      }
      const everything = written.join('\n');
      for (const at of [0, 100, 200, 300]) {
        assert.ok(!everything.includes(base64.slice(at, at + 24)));
      }
      assert.ok(!everything.includes('own.client.test'));
    });

    it(`in "cnf" is 401, through ${framework.name}`, async (t) => {
      const api = await start(framework, { format: 'nginx', header: 'x-cert' });
      t.after(() => api.close());
      const sent = ['x-cert', escaped(own.cert)];
      const x5t = own.thumbprint;
      const inBase64 = Buffer.from(x5t, 'base64url').toString('base64');
      const good = JSON.stringify({ 'x5t#S256': x5t });
      for (const cnf of [
        ...[1, 0, true, false, [], [x5t], [{ 'x5t#S256': x5t }], {}, ''],
        ...['1', '[]', `[${good}]`, JSON.stringify(good), 'rubbish', '{', x5t, `${good}}`],
        ...['', `${x5t}A`, x5t.slice(1), x5t.slice(0, -1), x5t.repeat(2), 'A'.repeat(10_000)].map(
          (value) => ({ 'x5t#S256': value }),
        ),
        ...[`${x5t}=`, `${x5t}==`, ` ${x5t}`, `${x5t} `, inBase64, inBase64.replace('=', '')]
          .filter((value) => value !== x5t)
          .map((value) => ({ 'x5t#S256': value })),
        ...[null, 1, true, [x5t], { x5t }].map((value) => ({ 'x5t#S256': value })),
        { 'x5t#s256': x5t },
        { 'x5t#S512': x5t },
        { jkt: x5t },
        { 'x5t#S256': x5t, jkt: x5t },
        JSON.stringify({ 'x5t#S256': others[0].thumbprint }),
        `{"x5t#S256":"${x5t}","x5t#S256":"${x5t}"}`,
      ]) {
        const { result, reasons } = await withReasons(() =>
          ask(api, '/bound', issuer.token(cnf), sent),
        );
        assertAnswer(result, 'invalid token', JSON.stringify(cnf).slice(0, 80));
        const known = [
          'unsupported_confirmation',
          'dpop_required',
          'certificate_mismatch',
          'malformed_payload',
        ];
        assert.ok(known.includes(reasons[0]), `${reasons[0]} ${JSON.stringify(cnf)}`);
        const says = typeof cnf === 'object' && cnf?.['x5t#S256'] !== undefined;
        if (says) assertAnswer(await ask(api, '/any', issuer.token(cnf), sent), 'invalid token');
      }
      // Contract §7: the object itself, or the object as a JSON string.
      assert.equal((await ask(api, '/bound', issuer.token({ 'x5t#S256': x5t }), sent)).status, 200);
      assert.equal((await ask(api, '/bound', issuer.token(good), sent)).status, 200);
    });
  }

  it('takes no time', () => {
    for (const format of FORMATS) {
      for (const [what, value] of rubbish(format)) {
        const options = { format, header: 'x' };
        let best = Number.POSITIVE_INFINITY;
        for (let round = 0; round < 5; round += 1) {
          const start = performance.now();
          const pem = resolve(options, value);
          best = Math.min(best, performance.now() - start);
          assert.equal(typeof pem, 'string');
        }
        // Microseconds for a megabyte's hundredth; a pattern that backtracks would take seconds.
        assert.ok(best < 250, `${format}, ${what}: ${best} ms`);
      }
    }
  });

  it('of a few thousand kinds is never taken for the certificate', () => {
    const other = writers.envoy(others[0].cert);
    let seed = 1;
    const random = (below) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    const pieces = [
      '"',
      '\\',
      ',',
      ';',
      '=',
      '%',
      ':',
      ' ',
      '%0A',
      'Cert=',
      'Chain="',
      '-----',
      '\u00ff',
    ];
    for (let round = 0; round < 5000; round += 1) {
      const format = FORMATS[round % FORMATS.length];
      let value = format === 'envoy' ? other : writers[format](others[0].cert);
      for (let changes = 1 + random(3); changes > 0; changes -= 1) {
        const at = random(value.length);
        const piece = pieces[random(pieces.length)];
        value = value.slice(0, at) + piece + value.slice(at + random(3));
      }
      const pem = resolve({ format, header: 'x' }, value);
      assert.equal(typeof pem, 'string');
      assert.ok(!pem.includes(base64.slice(-40)), value);
    }
  });
});
