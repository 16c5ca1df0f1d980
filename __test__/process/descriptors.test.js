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

// Takes every descriptor there is, and gives them back.
const PRELUDE = `
  const fs = require('node:fs');
  const { MonoCloudBackendNodeClient } = load('js/index.js');
  const held = [];
  const takeAll = () => {
    try {
      for (;;) held.push(fs.openSync('/dev/null'));
    } catch ({ code }) {
      if (code !== 'EMFILE') throw new Error(code);
    }
  };
  const giveBack = () => {
    for (const descriptor of held.splice(0)) fs.closeSync(descriptor);
  };
  const judge = (client, token) => outcome(async () => (await client.validateAccessToken(token)).sub);
  /** After a failure the tenant is left alone for a moment. */
  const untilWell = async (client, token) => {
    for (const deadline = Date.now() + 15_000; ; ) {
      const { value, ...failure } = await judge(client, token);
      if (value !== undefined || Date.now() > deadline) return value ?? failure;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };`;

async function run(source, input, env) {
  const result = await runScript(`${PRELUDE}${source}`, { input, env, descriptors: LIMIT });
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
    const source = `
      const client = new MonoCloudBackendNodeClient(input.options);
      takeAll();
      for (let i = 0; i < 20; i += 1) say(await judge(client, i % 2 ? 'opaque' : input.token));
      giveBack();
      say(await untilWell(client, input.token));
      say(await untilWell(client, 'opaque'));`;
    const input = { options: tenant.options(tenant.credentials), token: tenant.token() };
    const said = await run(source, input);
    assert.equal(said.length, 22);
    for (const failure of said.slice(0, 20)) isHttpError(failure);
    assert.deepEqual(said.slice(20), ['user', 'user']);
  });

  it('known keys serve on, and bad tokens stay bad', async (t) => {
    const tenant = await startTenant(t);
    const source = `
      const client = new MonoCloudBackendNodeClient(input.options);
      say(await judge(client, input.token));
      takeAll();
      say(await judge(client, input.token));
      say(await judge(client, input.expired));
      // One whose kept connection is there: it may be used, or a new one may be needed.
      say(await judge(client, input.unknown));
      giveBack();
      say(await untilWell(client, input.token));`;
    const input = {
      options: tenant.options(),
      token: tenant.token(),
      expired: tenant.token({ exp: 1 }),
      unknown: tenant.sign(tenant.claims(), { kid: 'another' }),
    };
    const [before, amid, expired, unknown, after] = await run(source, input);
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
    // The system's own roots can't be had at the first request, which is when they are read.
    const source = `
      const client = new MonoCloudBackendNodeClient(input.options);
      // So that the threads are there already, and what fails is the reading.
      const other = new MonoCloudBackendNodeClient(input.other);
      await judge(other, 'opaque');
      takeAll();
      say(await judge(client, input.token));
      giveBack();
      say(await untilWell(client, input.token));`;
    const other = await startTenant(t);
    const input = {
      options: tenant.options(),
      other: other.options(other.credentials),
      token: tenant.token(),
    };
    const [first, second] = await run(source, input, { SSL_CERT_FILE: file });
    isHttpError(first);
    assert.equal(second, 'user');
  });
});
