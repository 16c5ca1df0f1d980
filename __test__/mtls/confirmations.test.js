'use strict';

// The confirmation of a token (RFC 7800), member by member: what can't be checked beside a certificate's
// thumbprint, what is no thumbprint at all, and the bound of what is read as a certificate.

const assert = require('node:assert/strict');
const { X509Certificate } = require('node:crypto');
const { after, before, describe, it } = require('node:test');

const { createCa, createClientCert } = require('../support/certs.js');
const { adapters, startBinder } = require('./support.js');

const { MonoCloudBackendNodeClient, MonoCloudTokenError } = adapters.express;

const { cert, thumbprint } = createClientCert(createCa());
const CHECKED = ['required', 'when_present'];
const LONGEST = 64 * 1024;

let issuer;
before(async () => {
  issuer = await startBinder();
});
after(() => issuer?.close());

/** The reason of the refusal, or `undefined` where a token with this `cnf` passes. */
async function reasonFor(cnf, mode, clientCertificate) {
  const binding = { validateCertificateBinding: mode };
  const ways = [
    [new MonoCloudBackendNodeClient({ ...issuer.options, ...binding }), {}],
    [new MonoCloudBackendNodeClient(issuer.options), binding],
  ];
  const token = issuer.token(cnf);
  const reasons = new Set();
  // The first time it is read, later it is remembered.
  for (const [client, option] of [...ways, ...ways, ...ways]) {
    try {
      await client.validateAccessToken(token, { clientCertificate, ...option });
      reasons.add(undefined);
    } catch (error) {
      assert.ok(error instanceof MonoCloudTokenError, error.stack);
      reasons.add(error.reason);
    }
  }
  assert.equal(reasons.size, 1);
  return [...reasons][0];
}

describe('a confirmation', () => {
  /** The members of RFC 7800 that need a proof of their own; RFC 9449's `jkt` has tests of its own. */
  for (const [member, value] of Object.entries({
    jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
    jku: 'https://keys.example/jwks',
    jwe: 'a.b.c.d.e',
  })) {
    it(`by ${member} beside a thumbprint is not answered for by the certificate`, async () => {
      const both = { 'x5t#S256': thumbprint, [member]: value };
      for (const cnf of [both, JSON.stringify(both), { ...both, [member]: null }]) {
        for (const mode of CHECKED) {
          assert.equal(await reasonFor(cnf, mode, cert), 'unsupported_confirmation', mode);
          const without = mode === 'required' ? 'certificate_missing' : 'unsupported_confirmation';
          assert.equal(await reasonFor(cnf, mode), without, mode);
        }
        assert.equal(await reasonFor(cnf, 'dangerously_ignore', cert), undefined);
      }
      assert.equal(await reasonFor({ 'x5t#S256': thumbprint }, 'required', cert), undefined);
    });
  }

  it('that names no thumbprint passes under when_present, and not where one is required', async () => {
    for (const cnf of [
      {},
      { kid: 'a' },
      { x5t: thumbprint },
      { 'x5t#S512': thumbprint },
      { 'x5t#s256': thumbprint },
      { jwk: { kty: 'oct' } },
      { jku: 'https://keys.example/jwks' },
      { jwe: 'a.b.c.d.e' },
      JSON.stringify({ kid: 'a' }),
    ]) {
      const what = JSON.stringify(cnf);
      for (const certificate of [cert, undefined, 'rubbish']) {
        assert.equal(await reasonFor(cnf, 'when_present', certificate), undefined, what);
      }
      assert.equal(await reasonFor(cnf, 'required', cert), 'unsupported_confirmation', what);
      assert.equal(await reasonFor(cnf, 'required'), 'certificate_missing', what);
    }
  });

  it('that is absent passes under when_present, and not where one is required', async () => {
    for (const cnf of [undefined, null]) {
      for (const certificate of [cert, undefined, 'rubbish']) {
        assert.equal(await reasonFor(cnf, 'when_present', certificate), undefined);
      }
      assert.equal(await reasonFor(cnf, 'required', cert), 'token_not_bound');
    }
  });
});

describe('a certificate', () => {
  const bound = () => ({ 'x5t#S256': thumbprint });
  /** Blanks within the PEM: those around it are cut off before it is measured. */
  const padded = (length) => {
    const [begin, ...rest] = cert.trim().split('\n');
    const text = (blanks) => [begin, ' '.repeat(blanks), ...rest].join('\n');
    return text(length - text(0).length);
  };

  it('of 64 KiB is read, of one byte more is not', async () => {
    assert.equal(padded(LONGEST).length, LONGEST);
    for (const mode of CHECKED) {
      for (const length of [LONGEST - 1, LONGEST]) {
        assert.equal(await reasonFor(bound(), mode, padded(length)), undefined, `${length}`);
      }
      for (const length of [LONGEST + 1, 2 * LONGEST]) {
        const reason = await reasonFor(bound(), mode, padded(length));
        assert.equal(reason, 'certificate_malformed', `${length}`);
      }
    }
  });

  it('that is another one is described by the error, where it is asked for it', async () => {
    const client = new MonoCloudBackendNodeClient(issuer.options);
    const token = issuer.token(bound());
    const errorWith = (clientCertificate) =>
      client.validateAccessToken(token, { clientCertificate }).catch((error) => error);
    const other = createClientCert().cert;
    const error = await errorWith(other);
    assert.equal(error.reason, 'certificate_mismatch');
    const { notBefore, notAfter } = error.certificate;
    const { validFrom, validTo } = new X509Certificate(other);
    const dates = [validFrom, validTo].map((text) => Date.parse(text) / 1000);
    assert.deepEqual([notBefore, notAfter], dates);
    const { enumerable, configurable } = Object.getOwnPropertyDescriptor(error, 'certificate');
    assert.deepEqual([enumerable, configurable], [false, true]);
    assert.equal('certificate' in (await errorWith('rubbish')), false);
  });

  it('that is missing has a reason of its own in a resumed session', async () => {
    // What certificateFromSocket hands over for one.
    const resumed = ' ';
    const reasons = [[resumed, 'certificate_missing_resumed_session']];
    for (const missing of [undefined, null, '', '  ', '\n', '\t', ' \n']) {
      reasons.push([missing, 'certificate_missing']);
    }
    for (const [certificate, reason] of reasons) {
      for (const mode of CHECKED) assert.equal(await reasonFor(bound(), mode, certificate), reason);
      assert.equal(await reasonFor(undefined, 'required', certificate), reason);
      assert.equal(await reasonFor(undefined, 'when_present', certificate), undefined);
      assert.equal(await reasonFor(bound(), 'dangerously_ignore', certificate), undefined);
    }
  });
});
