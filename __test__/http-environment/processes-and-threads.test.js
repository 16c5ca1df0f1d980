'use strict';

// The native HTTP client at the end of its process, and in workers that are terminated.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');

const { runScript } = require('../support/child.js');
const { start } = require('./support.js');

describe('a process', () => {
  const PROMPTLY = 2000;

  const ends = (result) => {
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.signal, null);
    assert.ok(result.lingered < PROMPTLY, `lingered for ${result.lingered} ms`);
    return result.said;
  };

  const client = `
    const { MonoCloudBackendNodeClient } = load('js/index.js');
    const client = new MonoCloudBackendNodeClient(input.options);`;

  it('that loads the package ends', async () => {
    const files = ['js/index.js', 'js/express/index.js', 'js/fastify/index.js'];
    ends(await runScript(files.map((file) => `load('${file}');`).join('\n')));
  });

  it('that validates a token waits for it, and ends', async (t) => {
    const tenant = await start(t);
    tenant.on('discovery', (request, response, right) => {
      setTimeout(right, 300, request, response);
    });
    // Nobody awaits: only the validation itself holds the process.
    const source = `${client}
      client.validateAccessToken(input.token).then(({ sub }) => say(sub));`;
    const input = { options: tenant.options(), token: tenant.token() };
    const result = await runScript(source, { input });
    assert.deepEqual([result.code, result.said], [0, ['user']], result.stderr);
    assert.ok(result.lingered < 300 + PROMPTLY, `lingered for ${result.lingered} ms`);
  });

  it('ends after its last validation, of a JWT and of an opaque token', async (t) => {
    const tenant = await start(t);
    const source = `${client}
      for (const token of input.tokens) say((await client.validateAccessToken(token)).sub);`;
    const input = {
      options: tenant.options(tenant.credentials),
      tokens: [tenant.token(), 'opaque', tenant.token(), 'another'],
    };
    assert.deepEqual(ends(await runScript(source, { input })), Array(4).fill('user'));
    assert.ok(tenant.sockets.length > 0);
  });

  it('ends after a validation that failed', async (t) => {
    const tenant = await start(t);
    tenant.on('jwks', () => {});
    const source = `${client} say(await outcome(() => client.validateAccessToken(input.token)));`;
    const options = tenant.options({ responseTimeout: 1000 });
    const said = ends(await runScript(source, { input: { options, token: tenant.token() } }));
    assert.equal(said[0].reason, 'timeout');
  });

  it('ends after a validation over its own fetcher', async (t) => {
    const tenant = await start(t);
    const source = `
      const { MonoCloudBackendNodeClient } = load('js/index.js');
      const fetcher = (url, init) => fetch(url, init);
      const client = new MonoCloudBackendNodeClient({ ...input.options, fetcher });
      say((await client.validateAccessToken(input.token)).sub);`;
    const input = { options: tenant.options(), token: tenant.token() };
    const result = await runScript(source, { input });
    assert.deepEqual([result.code, result.said], [0, ['user']], result.stderr);
    // The connection that fetch keeps is fetch's.
    assert.ok(result.lingered < 6000, `lingered for ${result.lingered} ms`);
  });

  it('that serves ends once its server is closed', async (t) => {
    const tenant = await start(t);
    const input = { options: tenant.options(), token: tenant.token() };
    const result = await runScript('http-environment/programs/serving.js', { input });
    assert.deepEqual([result.code, result.said], [0, [200]], result.stderr);
    assert.ok(result.lingered < 6000, `lingered for ${result.lingered} ms`);
  });
});

describe('worker threads', () => {
  // In a process of its own: what is looked for is a crash.
  const PROGRAM = 'http-environment/programs/workers.js';

  const alive = (result) => {
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    assert.ok(result.lingered < 3000, `lingered for ${result.lingered} ms`);
    return result.said;
  };

  it('validate side by side, and end by themselves', async (t) => {
    const tenant = await start(t);
    const options = tenant.options(tenant.credentials);
    const input = { name: 'side by side', options, token: tenant.token() };
    const said = alive(await runScript(PROGRAM, { input }));
    assert.deepEqual(said, [Array(4).fill([100, 0]), 'user']);
  });

  for (const [what, delay] of [
    ['never answers', undefined],
    ['answers just then', 10],
    ['answers later', 200],
  ]) {
    it(`may be terminated amid a fetch of a tenant that ${what}`, async (t) => {
      const tenant = await start(t);
      const well = await start(t);
      const slow = (request, response, right) => {
        if (delay !== undefined) setTimeout(right, delay, request, response);
      };
      tenant.on('discovery', slow);
      tenant.on('introspection', slow);
      const input = {
        name: 'terminated',
        options: tenant.options(tenant.credentials),
        well: well.options(),
        token: well.token(),
      };
      assert.deepEqual(alive(await runScript(PROGRAM, { input })), ['user']);
    });
  }

  it('may be terminated while the process ends', async (t) => {
    const tenant = await start(t);
    tenant.on('discovery', () => {});
    const name = 'at the end of the process';
    const input = { name, options: tenant.options(), token: tenant.token() };
    const { code, signal, stderr } = await runScript(PROGRAM, { input, timeout: 10_000 });
    assert.deepEqual([code, signal], [7, null], stderr);
  });
});
