'use strict';

// Certificates in headers: what an attacker would send.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { frameworks } = require('../support/http.js');
const { assertAnswer } = require('../support/answers.js');
const { randomOf, seedOf } = require('../support/random.js');
const { createCa, createClientCert } = require('../support/certs.js');
const { makePairSync } = require('../../js/testing/pairs.js');
const { startBinder, withReasons } = require('./support.js');
const { ask, escaped, pemOf, resolve, start } = require('./headers-support.js');

const FORMATS = ['nginx', 'aws-alb', 'envoy', 'haproxy', 'apache', 'rfc9440'];

let issuer;
before(async () => {
  issuer = await startBinder();
});

after(() => issuer?.close());

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
        const api = await start(issuer, framework, { format, header: 'x-cert' });
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
      const api = await start(issuer, framework, { format: 'nginx', header: 'x-cert' });
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
    const { below: random, pick } = randomOf(seedOf());
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
        const piece = pick(pieces);
        value = value.slice(0, at) + piece + value.slice(at + random(3));
      }
      const pem = resolve({ format, header: 'x' }, value);
      assert.equal(typeof pem, 'string');
      assert.ok(!pem.includes(base64.slice(-40)), value);
    }
  });
});
