'use strict';

// A script that is done ends by itself, and one that is told to end does so at once, whatever is under
// way then.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');
const { AMID } = require('./programs/exiting.js');

// Far above what it needs, and far below what would hold it: ten seconds of a request, 65 of a kept
// connection.
const PROMPTLY_MS = 4000;

const CLIENT = `
  const { MonoCloudBackendNodeClient } = load('js/index.js');
  const client = new MonoCloudBackendNodeClient(input.options);`;

async function ends(source, input, code = 0) {
  const result = await runScript(source, { input });
  assert.deepEqual([result.code, result.signal], [code, null], result.stderr);
  if (code === 0) {
    assert.ok(result.lingered < PROMPTLY_MS, `lingered for ${result.lingered} ms`);
  }
  return result.said;
}

describe('a script ends by itself', () => {
  it('that never validated, whatever it has made', async (t) => {
    const tenant = await startTenant(t);
    await ends('process/programs/made-for-nothing.js', { options: tenant.options() });
    assert.equal(tenant.requests.discovery, 0);
  });

  it('whose keys are being refreshed for nobody', async (t) => {
    const tenant = await startTenant(t);
    // Any age is past its time: the second token is served from what is there, and the keys are asked
    // for behind it, of a tenant that never answers again.
    const options = tenant.options({ jwksCacheDuration: 0.05, responseTimeout: 60_000 });
    let first = true;
    tenant.on('jwks', (request, response, right) => {
      if (first) right(request, response);
      first = false;
    });
    const source = `${CLIENT}
      say((await client.validateAccessToken(input.token)).sub);
      while (client.stats().jwksRequests < 2) {
        say((await client.validateAccessToken(input.token)).sub);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }`;
    const said = await ends(source, { options, token: tenant.token() });
    assert.deepEqual([...new Set(said)], ['user']);
  });

  it('that has let go of a client amid its own refresh', async (t) => {
    const tenant = await startTenant(t);
    const source = `
      const { MonoCloudBackendNodeClient } = load('js/index.js');
      for (let i = 0; i < 50; i += 1) {
        const client = new MonoCloudBackendNodeClient({ ...input.options, audience: 'urn:' + i });
        say((await client.validateAccessToken(input.token).catch(({ reason }) => reason)));
      }
      globalThis.gc();`;
    const input = { options: tenant.options(), token: tenant.token() };
    const { code, said, stderr } = await runScript(source, { input, flags: ['--expose-gc'] });
    assert.equal(code, 0, stderr);
    assert.deepEqual([...new Set(said)], ['audience_mismatch']);
  });
});

describe('process.exit() ends a process at once', () => {
  for (const what of AMID) {
    it(`amid ${what}`, async (t) => {
      const tenant = await startTenant(t);
      const half = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"active":');
      };
      tenant.on('introspection', half);
      tenant.on('jwks', () => {});
      const options = tenant.options(tenant.credentials);
      const input = { amid: what, options, token: tenant.token() };
      const begun = Date.now();
      await ends('process/programs/exiting.js', input, 7);
      // The requests' own time would have been ten seconds.
      assert.ok(Date.now() - begun < 9000, `took ${Date.now() - begun} ms`);
    });
  }

  it('called by an answer itself, a hundred others being due', async (t) => {
    const tenant = await startTenant(t);
    const source = `${CLIENT}
      for (let i = 0; i < 100; i += 1) {
        const token = i % 2 ? input.token : 'opaque-' + i;
        client.validateAccessToken(token).then(() => i === 42 && process.exit(7));
      }`;
    const input = { options: tenant.options(tenant.credentials), token: tenant.token() };
    for (let round = 0; round < 5; round += 1) await ends(source, input, 7);
  });
});
