'use strict';

// Certificates in headers: what each proxy sends, and from which peers.

const assert = require('node:assert/strict');
const net = require('node:net');
const { after, before, describe, it } = require('node:test');

const { frameworks } = require('../support/http.js');
const { assertAnswer } = require('../support/answers.js');
const { adapters, startBinder, withReasons } = require('./support.js');
const { certificate, issuer: intermediate, recorded, thumbprint } = require('./recorded.json');
const { ask, escaped, pemOf, resolve, start } = require('./headers-support.js');

const { MonoCloudValidationError } = adapters.express;

let issuer;
before(async () => {
  issuer = await startBinder();
});

after(() => issuer?.close());

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
          const api = await start(issuer, framework, { format, header });
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
    // Envoy does not quote URI and DNS: a certificate for the URI `x,Hash=y;Cert="…"`, or `"x",Hash=y;Cert="…"`.
    const forged = cert(certificate);
    for (const value of [
      `Hash=1;${cert(intermediate)};Subject="";URI=x,Hash=y;${forged}`,
      `Hash=1;${cert(intermediate)};DNS=x,${forged};DNS=y`,
      `Hash=1;Chain="${escaped(pemOf(intermediate))}";URI=x;${forged}`,
      `Hash=1;${cert(intermediate)};${forged}`,
      `Hash=1;URI=x;${forged}`,
      `Hash=1;${cert(intermediate)};Subject="";URI="x",Hash=y;${forged}`,
      `Hash=1;${cert(intermediate)};DNS="x",${forged};DNS=y`,
      `Hash=1;URI="x";${forged}`,
      `Hash=1;${cert(intermediate)};Other="x",Hash=y;${forged}`,
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
        const api = await start(issuer, framework, { format, header, trustProxy });
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
      const api = await start(issuer, framework, { format, header, trustProxy: '127.0.0.1' });
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
