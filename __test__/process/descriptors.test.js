'use strict';

// A process that is out of file descriptors: tokens whose keys are known are still judged, others fail
// as MonoCloudHttpError, and all is well again once there are descriptors.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createCa, createServerCert } = require('../support/certs.js');
const { runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');

const LIMIT = 128;
const skip = process.platform === 'win32' && 'no such limit';

async function run(name, input, env) {
  const options = { input: { name, ...input }, env, descriptors: LIMIT };
  const result = await runScript('process/programs/descriptors.js', options);
  assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
  return result.said;
}

describe('without a file descriptor', { skip }, () => {
  const isHttpError = ({ name, message, status }) => {
    assert.equal(name, 'MonoCloudHttpError');
    assert.match(message, /^Error while fetching /);
    assert.equal(status, undefined);
  };

  it('the first request fails, and another one does not', async (t) => {
    const tenant = await startTenant(t);
    const input = { options: tenant.options(tenant.credentials), token: tenant.token() };
    const said = await run('first requests', input);
    assert.equal(said.length, 22);
    for (const failure of said.slice(0, 20)) isHttpError(failure);
    assert.deepEqual(said.slice(20), ['user', 'user']);
  });

  it('known keys serve on, and bad tokens stay bad', async (t) => {
    const tenant = await startTenant(t);
    const input = {
      options: tenant.options(),
      token: tenant.token(),
      expired: tenant.token({ exp: 1 }),
      unknown: tenant.sign(tenant.claims(), { kid: 'another' }),
    };
    const said = await run('known keys', input);
    const [before, amid, expired, unknown, after] = said;
    assert.deepEqual([before, amid, after], [{ value: 'user' }, { value: 'user' }, 'user']);
    assert.equal(expired.reason, 'expired');
    assert.ok(['unknown_key', 'client_failed', 'connection_failed'].includes(unknown.reason));
  });

  it('the roots of the system are not given up for good', async (t) => {
    const ca = createCa();
    const tls = createServerCert(ca);
    const tenant = await startTenant(t, { tls: { cert: tls.cert, key: tls.key } });
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-roots-'));
    t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
    const file = path.join(directory, 'ca.pem');
    fs.writeFileSync(file, ca.cert);
    const other = await startTenant(t);
    const input = {
      options: tenant.options(),
      other: other.options(other.credentials),
      token: tenant.token(),
    };
    const [first, second] = await run('roots of the system', input, { SSL_CERT_FILE: file });
    isHttpError(first);
    assert.equal(second, 'user');
  });
});
