'use strict';

// The TLS certificate of a tenant: renewed while it runs, expired, of another authority, of another name.

const crypto = require('node:crypto');
const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createCa, createServerCert } = require('../support/certs.js');
const { startTenant } = require('../support/guarded.js');
const { isHttpError, outcomeOf, untilAccepted } = require('./support.js');

const DAY_MS = 24 * 3600 * 1000;

describe('the certificate of a tenant', () => {
  it('may be renewed, is refused where it is wrong, and good again once it is right', async (t) => {
    const [ca, other] = [createCa(), createCa({ name: 'Another CA' })];
    const tenant = await startTenant(t, { tls: createServerCert(ca) });
    const client = new MonoCloudBackendNodeClient(
      tenant.options({ ...tenant.credentials, tls: { ca: ca.cert } }),
    );
    /** New connections get this certificate; those there are end. */
    const present = async ({ cert, key }) => {
      tenant.server.setSecureContext({ cert, key });
      for (const socket of tenant.sockets) socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    const token = tenant.token();
    const opaque = () => `opaque-${crypto.randomUUID()}`;
    const accepted = { value: 'user' };
    assert.deepEqual(await outcomeOf(client, token), accepted);
    assert.deepEqual(await outcomeOf(client, opaque()), accepted);

    await present(createServerCert(ca, { keyType: 'rsa' }));
    assert.deepEqual(await outcomeOf(client, opaque()), accepted);

    const day = (days) => new Date(Date.now() + days * DAY_MS);
    const wrong = {
      expired: createServerCert(ca, { notBefore: day(-2), notAfter: day(-1) }),
      'not valid yet': createServerCert(ca, { notBefore: day(1), notAfter: day(2) }),
      'of another authority': createServerCert(other),
      'its own': createServerCert(),
      'of another name': createServerCert(ca, { san: ['DNS:other.test', 'IP:127.0.0.9'] }),
    };
    for (const [what, certificate] of Object.entries(wrong)) {
      await present(certificate);
      const before = tenant.requests.introspection;
      isHttpError(await outcomeOf(client, opaque()), ['tls_failed'], what);
      assert.equal(tenant.requests.introspection, before, what);
      // Its keys are there.
      assert.deepEqual(await outcomeOf(client, token), accepted, what);
    }

    await present(createServerCert(ca));
    await untilAccepted(client, opaque());
  });
});
