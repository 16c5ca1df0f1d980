'use strict';

// Certificates for the tests, made afresh and with nothing but Node.js: a machine that has only
// Node.js and Rust has no openssl command. What is written here is the small part of X.509
// (RFC 5280) and DER (X.690) that a CA, a server and a client need.

const crypto = require('node:crypto');
const net = require('node:net');
const { makePair } = require('./tokens.js');

// --- DER ---------------------------------------------------------------------------------------

function tlv(tag, ...contents) {
  const body = Buffer.concat(contents);
  if (body.length < 0x80) {
    return Buffer.concat([Buffer.from([tag, body.length]), body]);
  }
  const length = [];
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) {
    length.unshift(rest % 256);
  }
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body]);
}

const sequence = (...items) => tlv(0x30, ...items);
const set = (...items) => tlv(0x31, ...items);
const octets = (...contents) => tlv(0x04, ...contents);
const bits = (contents, unused = 0) => tlv(0x03, Buffer.from([unused]), contents);
const utf8 = (text) => tlv(0x0c, Buffer.from(text, 'utf8'));
const boolean = (value) => tlv(0x01, Buffer.from([value ? 0xff : 0]));

function integer(bytes) {
  // A leading zero keeps a number with its top bit set from being read as negative.
  return tlv(0x02, bytes[0] & 0x80 ? Buffer.from([0]) : Buffer.alloc(0), bytes);
}

function oid(dotted) {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function time(date) {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  // RFC 5280 §4.1.2.5: two-digit years up to 2049, four digits from 2050 on.
  return date.getUTCFullYear() < 2050
    ? tlv(0x17, Buffer.from(digits.slice(2)))
    : tlv(0x18, Buffer.from(digits));
}

// --- X.509 -------------------------------------------------------------------------------------

const NAME_ATTRIBUTES = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' };

function name(attributes) {
  return sequence(
    ...Object.entries(attributes).map(([key, value]) =>
      set(sequence(oid(NAME_ATTRIBUTES[key]), utf8(value))),
    ),
  );
}

function ipBytes(address) {
  if (net.isIPv4(address)) {
    return Buffer.from(address.split('.').map(Number));
  }
  const [head, tail = ''] = address.split('::');
  const words = (text) => (text ? text.split(':') : []);
  const gap = address.includes('::') ? 8 - words(head).length - words(tail).length : 0;
  const all = [...words(head), ...Array(gap).fill('0'), ...words(tail)];
  return Buffer.from(all.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

/** `DNS:…`, `IP:…`, `URI:…` and `email:…`, as the openssl command writes them. */
function alternativeName(entry) {
  const at = entry.indexOf(':');
  const value = entry.slice(at + 1);
  switch (entry.slice(0, at)) {
    case 'email':
      return tlv(0x81, Buffer.from(value));
    case 'DNS':
      return tlv(0x82, Buffer.from(value));
    case 'URI':
      return tlv(0x86, Buffer.from(value));
    case 'IP':
      return tlv(0x87, ipBytes(value));
    default:
      throw new Error(`not a subject alternative name: ${entry}`);
  }
}

function extension(id, critical, value) {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}

const KEY_USAGE_LEAF = bits(Buffer.from([0x80]), 7); // digitalSignature
const KEY_USAGE_CA = bits(Buffer.from([0x06]), 1); // keyCertSign, cRLSign
const EXTENDED_KEY_USAGE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

const SIGNATURE_ALGORITHMS = {
  ec: sequence(oid('1.2.840.10045.4.3.2')), // ecdsa-with-SHA256
  rsa: sequence(oid('1.2.840.113549.1.1.11'), tlv(0x05)), // sha256WithRSAEncryption, NULL
};

const KEY_KINDS = { ec: 'ES256', rsa: 'RS256' };

function keyIdentifier(spki) {
  // RFC 7093 §2 method 1 in spirit: any stable digest of the public key will do.
  return crypto.createHash('sha256').update(spki).digest().subarray(0, 20);
}

function pem(label, der) {
  const lines = der.toString('base64').match(/.{1,64}/g);
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** What every function below returns. `der` and `privateKey` are for tests that go deeper. */
function identity(der, keys, subject, spki) {
  return {
    cert: pem('CERTIFICATE', der),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    der,
    privateKey: keys.privateKey,
    subject,
    spki,
    /** RFC 8705 §3.1: what `cnf['x5t#S256']` of a token bound to this certificate holds. */
    thumbprint: crypto.createHash('sha256').update(der).digest('base64url'),
    /** A JWK of the public key with the certificate in `x5c`, for self_signed_tls_client_auth. */
    jwk: {
      ...crypto.createPublicKey(keys.privateKey).export({ format: 'jwk' }),
      x5c: [der.toString('base64')],
    },
  };
}

function make({ subject, issuer, keyType = 'ec', keys, notBefore, notAfter, extensions }) {
  const pair = keys ?? makePair(KEY_KINDS[keyType]);
  const spki = crypto.createPublicKey(pair.privateKey).export({ type: 'spki', format: 'der' });
  const signer = issuer ?? { subject, privateKey: pair.privateKey, spki };
  const algorithm = SIGNATURE_ALGORITHMS[signer.privateKey.asymmetricKeyType];
  const day = 24 * 60 * 60 * 1000;
  const serial = crypto.randomBytes(16);
  serial[0] = (serial[0] & 0x7f) | 0x01; // positive, and never shortened by DER

  const tbs = sequence(
    tlv(0xa0, integer(Buffer.from([2]))), // version 3
    integer(serial),
    algorithm,
    name(signer.subject),
    sequence(
      time(notBefore ?? new Date(Date.now() - day)),
      time(notAfter ?? new Date(Date.now() + 30 * day)),
    ),
    name(subject),
    spki,
    tlv(
      0xa3,
      sequence(
        ...extensions,
        extension('2.5.29.14', false, octets(keyIdentifier(spki))),
        extension('2.5.29.35', false, sequence(tlv(0x80, keyIdentifier(signer.spki)))),
      ),
    ),
  );
  const signature = crypto.sign('sha256', tbs, signer.privateKey);
  return identity(sequence(tbs, algorithm, bits(signature)), pair, subject, spki);
}

function leafExtensions(purpose, san) {
  return [
    extension('2.5.29.19', true, sequence()), // basicConstraints: not a CA
    extension('2.5.29.15', true, KEY_USAGE_LEAF),
    extension('2.5.29.37', false, sequence(oid(EXTENDED_KEY_USAGE[purpose]))),
    ...(san.length > 0
      ? [extension('2.5.29.17', false, sequence(...san.map(alternativeName)))]
      : []),
  ];
}

/**
 * A certificate authority. Its `cert` is what `ca` options and NODE_EXTRA_CA_CERTS want.
 * @param {{ name?: string, keyType?: 'ec' | 'rsa', issuer?: object }} [options] `issuer`: the CA
 *   that this one is under; without it, a root
 */
function createCa({ name: commonName = 'Test CA', keyType, issuer } = {}) {
  return make({
    subject: { O: 'monocloud-backend-node tests', CN: commonName },
    keyType,
    issuer,
    extensions: [
      extension('2.5.29.19', true, sequence(boolean(true))),
      extension('2.5.29.15', true, KEY_USAGE_CA),
    ],
  });
}

/**
 * A server's certificate. Valid for the loopback names unless `san` says otherwise.
 * `notBefore` and `notAfter` are Dates: an expired certificate is one with its end in the past.
 * @param {object} ca from `createCa`; without it the certificate signs itself
 */
function createServerCert(ca, options = {}) {
  const san = options.san ?? ['DNS:localhost', 'IP:127.0.0.1', 'IP:::1'];
  return make({
    ...options,
    subject: { CN: options.name ?? 'localhost' },
    issuer: ca,
    extensions: leafExtensions('server', san),
  });
}

/** A client's certificate, under `ca`, or self-signed without one. */
function createClientCert(ca, options = {}) {
  return make({
    ...options,
    subject: { CN: options.name ?? 'client.test' },
    issuer: ca,
    extensions: leafExtensions('client', options.san ?? ['DNS:client.test']),
  });
}

module.exports = { createCa, createServerCert, createClientCert, pem };
