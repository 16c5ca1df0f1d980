'use strict';

// One resolver and one header, without a server.

const assert = require('node:assert/strict');

const { createCa, createClientCert } = require('../support/certs.js');
const { adapters } = require('./support.js');

const LONGEST = 64 * 1024;
const HEADER = 'x-cert';

const ca = createCa();
const own = createClientCert(ca, { name: 'own.client.test' });
const base64 = own.der.toString('base64');
const escaped = encodeURIComponent(own.cert);
const PEM = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;

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

/** What one resolver makes of one header, without a server. */
function resolve(format, value, { trustProxy = 'loopback', remoteAddress = '127.0.0.1' } = {}) {
  const { certificateFromHeader } = adapters.express;
  const resolver = certificateFromHeader({ format, header: HEADER, trustProxy });
  return resolver({ rawHeaders: [HEADER, value], socket: { remoteAddress } });
}

function withBlanks(length, write) {
  const value = write(' '.repeat(length - write('').length));
  assert.equal(value.length, length);
  return value;
}

module.exports = { HEADER, LONGEST, PEM, escaped, own, padded, resolve };
