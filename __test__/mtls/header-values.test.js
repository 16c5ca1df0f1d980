'use strict';

// What certificateFromHeader() makes of one header of one peer, without a server.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { adapters } = require('./support.js');
const { HEADER, PEM, escaped, own, resolve } = require('./header-trust-support.js');

describe('one header, by its format', () => {
  const base64 = own.der.toString('base64');

  it('is the certificate, none, or malformed', () => {
    const two = encodeURIComponent(own.cert + own.cert);
    const blanks = own.cert.trim().replaceAll('\n', ' ');
    for (const [format, value, expected] of [
      ['nginx', escaped, PEM],
      ['nginx', '', ''],
      ['nginx', '%', 'malformed'],
      ['nginx', two, 'malformed'],
      ['nginx', `x${escaped}`, 'malformed'],
      ['nginx', `${escaped}x`, 'malformed'],
      ['nginx', escaped.slice(0, -20), 'malformed'],
      ['nginx', encodeURIComponent(PEM.replace(base64, '')), 'malformed'],
      ['nginx', `${'-'.repeat(27)}${encodeURIComponent(PEM.slice(27))}`, 'malformed'],
      ['aws-alb', escaped, PEM],
      ['aws-alb', two, PEM],
      ['aws-alb', '', ''],
      ['aws-alb', '%', 'malformed'],
      ['aws-alb', `${escaped}x`, 'malformed'],
      ['haproxy', base64, PEM],
      ['haproxy', `"${base64}"`, PEM],
      ['haproxy', '""', ''],
      ['haproxy', '"', 'malformed'],
      ['haproxy', `"${base64}`, 'malformed'],
      ['haproxy', `${base64}"`, 'malformed'],
      ['haproxy', `x${base64}"`, 'malformed'],
      ['haproxy', `"${base64}x`, 'malformed'],
      ['apache', blanks, PEM],
      ['apache', '(null)', ''],
      ['apache', 'null', 'malformed'],
      ['apache', `${blanks} ${blanks}`, 'malformed'],
      ['rfc9440', `:${base64}:`, PEM],
      ['rfc9440', ':', 'malformed'],
      ['rfc9440', '::', 'malformed'],
      ['rfc9440', `:${base64}x`, 'malformed'],
      ['rfc9440', `x${base64}:`, 'malformed'],
      ['rfc9440', base64, 'malformed'],
      ['envoy', `Cert="${escaped}"`, PEM],
      ['envoy', `cert=${escaped}`, PEM],
      ['envoy', ` CERT =${escaped}`, PEM],
      ['envoy', `Chain="${two}"`, PEM],
      ['envoy', `Chain="${two}";Cert="${escaped}"`, PEM],
      ['envoy', `Cert="${two}"`, 'malformed'],
      ['envoy', 'Hash=1', ''],
      ['envoy', `Cert="${escaped}",Hash=1`, ''],
      ['envoy', `Chain="${escaped}",Hash=1`, ''],
      ['envoy', `URI=x,Cert="${escaped}"`, 'malformed'],
      ['envoy', `Subject="a\\"b;c,d";Cert="${escaped}"`, PEM],
      ['envoy', `Subject="a\\\\";Cert="${escaped}"`, PEM],
      ['envoy', `Subject="";Cert="${escaped}"`, PEM],
      ['envoy', `Subject="a\\";Cert="${escaped}`, 'malformed'],
      ['envoy', `Subject="a;Cert=${escaped}`, 'malformed'],
      ['envoy', `Cert="${escaped}";`, 'malformed'],
      ['envoy', `Cert="${escaped}",`, 'malformed'],
      ['envoy', `Cert="${escaped}"xHash=1`, 'malformed'],
      ['envoy', `Chain="${escaped}";Chain="${escaped}"`, 'malformed'],
      ['envoy', `Cert="${escaped}";Cert="${escaped}"`, 'malformed'],
      ['envoy', `;Cert="${escaped}"`, 'malformed'],
      ['envoy', 'Cert', 'malformed'],
      ['envoy', `Cert="${escaped}";=x`, 'malformed'],
      ['envoy', `Cert="${escaped}";a1=x`, 'malformed'],
      ['envoy', `Cert="${escaped}";1a=x`, 'malformed'],
      ['envoy', `Cert="${escaped}";${'a'.repeat(16)}=x`, PEM],
      ['envoy', `Cert="${escaped}";${'a'.repeat(17)}=x`, 'malformed'],
    ]) {
      assert.equal(resolve(format, value), expected, `${format}: ${value}`);
    }
  });

  it('is base64 with its padding or without, and nothing else', () => {
    // Lengths that end in none, one and two of `=`.
    for (const length of [3, 2, 1]) {
      const text = Buffer.alloc(length, 255).toString('base64');
      const pem = `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
      const bare = text.replaceAll('=', '');
      assert.equal(resolve('haproxy', text), pem);
      assert.equal(resolve('haproxy', bare), pem);
      assert.equal(resolve('haproxy', `"${text}"`), pem);
      for (const bad of [`${text}===`, ` ${text}`, `${bare}x!`, bare.replaceAll('/', '_')]) {
        assert.equal(resolve('haproxy', bad), 'malformed', bad);
      }
    }
  });

  it('is the only one of its name, in any case', () => {
    const { certificateFromHeader } = adapters.express;
    const ask = (rawHeaders, remoteAddress) =>
      certificateFromHeader({ format: 'nginx', header: 'X-Cert', trustProxy: '10.0.0.1' })({
        rawHeaders,
        socket: { remoteAddress },
      });
    for (const [rawHeaders, expected] of [
      [['x-cert', escaped], PEM],
      [['X-CERT', escaped], PEM],
      [['Host', 'x', 'x-cert', escaped, 'x-ceru', 'x'], PEM],
      [['x-cert', escaped, 'X-Cert', escaped], 'malformed'],
      [['x-cert', '', 'X-Cert', ''], 'malformed'],
      [['x-cert2', escaped, 'x-cer', escaped, 'y-cert', escaped], ''],
      [['Host', 'x-cert', 'Via', 'x-cert'], ''],
      [[], ''],
    ]) {
      assert.equal(ask(rawHeaders, '10.0.0.1'), expected, rawHeaders.join());
      for (const peer of ['10.0.0.2', undefined, '']) assert.equal(ask(rawHeaders, peer), '');
    }
  });

  it('has the name of a field', () => {
    const make = (header) => () =>
      adapters.express.certificateFromHeader({ format: 'nginx', header, trustProxy: '::1' });
    make("!#$%&'*+.^_`|~0-9A-Za-z-")();
    for (const bad of ['', ' ', 'x y', ' x', 'x ', 'x:', 'x\n', '\nx', 'ä', 1, null, {}]) {
      if (bad !== null) assert.throws(make(bad), /"header" must be the name of a header/);
    }
    for (const format of [undefined, null, 1, 'Nginx', '__proto__', 'toString', ['nginx']]) {
      assert.throws(
        () => adapters.express.certificateFromHeader({ format, trustProxy: '::1' }),
        /"format" must be one of nginx, aws-alb, envoy, haproxy, apache, rfc9440/,
      );
    }
  });
});

describe('a peer', () => {
  const isTrusted = (trustProxy, remoteAddress) =>
    resolve('nginx', escaped, { trustProxy, remoteAddress }) === PEM;

  it('is in a range up to its ends, and not beyond', () => {
    for (const [range, inside, outside] of [
      [
        'loopback',
        '127.0.0.0 127.255.255.255 ::1 ::ffff:127.0.0.1',
        '126.255.255.255 128.0.0.0 :: ::2',
      ],
      [
        'linklocal',
        '169.254.0.0 169.254.255.255 fe80:: febf:ffff::',
        '169.253.255.255 169.255.0.0 fe7f:: fec0::',
      ],
      [
        'uniquelocal',
        '10.0.0.0 10.255.255.255 fc00:: fdff:ffff::',
        '9.255.255.255 11.0.0.0 fbff:: fe00::',
      ],
      [
        'uniquelocal',
        '172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255',
        '172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0',
      ],
      ['10.0.0.0', '10.0.0.0 ::ffff:10.0.0.0', '10.0.0.1 9.255.255.255'],
      ['10.0.0.1', '10.0.0.1', '10.0.0.0 10.0.0.2'],
      ['fe80::2', 'fe80::2 fe80::2%eth0', 'fe80::3 fe80::3%eth0 %fe80::2'],
      ['10.0.0.0/31', '10.0.0.0 10.0.0.1', '10.0.0.2'],
      ['10.0.0.0/032', '10.0.0.0', '10.0.0.1'],
      ['10.0.0.0/0', '0.0.0.0 255.255.255.255', '::1'],
      ['::/0', '::1 fe80::1', ''],
      ['::4/128', '::4', '::5'],
      [' 10.0.0.1 , ::1', '10.0.0.1 ::1', '10.0.0.2 ::2'],
      [['10.0.0.1', ' ::1 '], '10.0.0.1 ::1', '10.0.0.2 ::2'],
    ]) {
      for (const peer of inside.split(' ')) assert.ok(isTrusted(range, peer), `${range}: ${peer}`);
      for (const peer of [...outside.split(' '), '', 'x', '10.0.0', '1']) {
        assert.ok(!isTrusted(range, peer), `${range}: ${peer}`);
      }
    }
  });

  it('is trusted for the value true of a function, and for no other', () => {
    const asked = [];
    const trust = (answer) =>
      isTrusted((...args) => {
        asked.push(args);
        return answer;
      }, '10.0.0.1');
    assert.ok(trust(true));
    assert.deepEqual(asked, [['10.0.0.1', 0]]);
    for (const answer of [1, 'true', {}, Promise.resolve(true), undefined, null, false]) {
      assert.ok(!trust(answer), String(answer));
    }
    assert.throws(() => isTrusted(() => assert.fail('mine'), '::1'), /mine/);
  });

  it('is asked about of the framework where the option is true', (t) => {
    const warned = t.mock.method(process, 'emitWarning', () => {});
    const make = (trusts) => {
      const resolver = adapters.express.certificateFromHeader({
        format: 'nginx',
        header: HEADER,
        trustProxy: true,
      });
      const app = trusts === 'no app' ? undefined : { get: () => trusts };
      return (remoteAddress) =>
        resolver({ app, rawHeaders: [HEADER, escaped], socket: { remoteAddress } });
    };
    const trusts = (address, hop) => address === '10.0.0.1' && hop === 0;
    assert.equal(make(trusts)('10.0.0.1'), PEM);
    assert.equal(make(trusts)('10.0.0.2'), '');
    for (const none of [undefined, 'no app', () => 1, async () => true, () => 'true']) {
      assert.equal(make(none)('10.0.0.1'), '', String(none));
    }
    assert.equal(make((address) => address === '')(''), '');
    assert.equal(make((address) => address === '')(undefined), '');
    assert.equal(warned.mock.callCount(), 0);
    const everybody = make(() => true);
    for (const _ of [1, 2]) assert.equal(everybody('10.0.0.1'), '');
    assert.equal(warned.mock.callCount(), 1);
    // A number of hops, as Express compiles it.
    assert.equal(make((_address, hop) => hop < 1)('10.0.0.1'), '');
  });
});
