'use strict';

// The native HTTP client at the end of its process, and in workers that are terminated.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');

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
    const source = `
      const { protectApi } = load('js/express/index.js');
      const app = require('express')();
      app.get('/', protectApi(input.options)(), (request, response) => response.json({}));
      const server = app.listen(0, '127.0.0.1');
      await require('node:events').once(server, 'listening');
      const headers = { authorization: 'Bearer ' + input.token, connection: 'close' };
      const { port } = server.address();
      const { status } = await fetch('http://127.0.0.1:' + port, { headers });
      say(status);
      server.close();
      server.closeAllConnections();`;
    const input = { options: tenant.options(), token: tenant.token() };
    const result = await runScript(source, { input });
    assert.deepEqual([result.code, result.said], [0, [200]], result.stderr);
    assert.ok(result.lingered < 6000, `lingered for ${result.lingered} ms`);
  });
});

describe('worker threads', () => {
  // In a process of its own: what is looked for is a crash.
  /** Runs `inside` in each worker and `outside` beside them. */
  const workers = (inside, outside) => `
    const { Worker } = require('node:worker_threads');
    const { MonoCloudBackendNodeClient } = load('js/index.js');
    const root = ${JSON.stringify(path.join(__dirname, '..', '..'))};
    const source = ${JSON.stringify(`
      const { parentPort, workerData } = require('node:worker_threads');
      const { input, root } = workerData;
      const { MonoCloudBackendNodeClient } = require(root + '/js/index.js');
      (async () => { ${inside} })();`)};
    const startWorker = () => new Worker(source, { eval: true, workerData: { input, root } });
    const { once } = require('node:events');
    ${outside}`;

  const alive = (result) => {
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    assert.ok(result.lingered < 3000, `lingered for ${result.lingered} ms`);
    return result.said;
  };

  it('validate side by side, and end by themselves', async (t) => {
    const tenant = await start(t);
    const source = workers(
      `const client = new MonoCloudBackendNodeClient(input.options);
       let count = 0;
       for (let i = 0; i < 50; i += 1) {
         if ((await client.validateAccessToken(input.token)).sub === 'user') count += 1;
         if ((await client.validateAccessToken('opaque-' + i)).sub === 'user') count += 1;
       }
       parentPort.postMessage(count);`,
      `const results = await Promise.all(Array.from({ length: 4 }, async () => {
         const worker = startWorker();
         const [[count], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
         return [count, code];
       }));
       say(results);
       const client = new MonoCloudBackendNodeClient(input.options);
       say((await client.validateAccessToken(input.token)).sub);`,
    );
    const input = { options: tenant.options(tenant.credentials), token: tenant.token() };
    const said = alive(await runScript(source, { input }));
    assert.deepEqual(said, [Array(4).fill([100, 0]), 'user']);
  });

  /** Workers that are in the midst of `inside` when they are terminated, twenty in a row. */
  const terminating = (inside) =>
    workers(
      `${inside}
       parentPort.postMessage('started');`,
      `for (let round = 0; round < 20; round += 1) {
         const worker = startWorker();
         await once(worker, 'message');
         if (round % 2) await new Promise((resolve) => setTimeout(resolve, round));
         await worker.terminate();
       }
       // Answers that nobody waits for any more have time to come.
       await new Promise((resolve) => setTimeout(resolve, 500));
       const client = new MonoCloudBackendNodeClient({ ...input.options, ...input.well });
       say((await client.validateAccessToken(input.token)).sub);`,
    );

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
      const source = terminating(`
        const client = new MonoCloudBackendNodeClient(input.options);
        for (let i = 0; i < 20; i += 1) {
          client.validateAccessToken(input.token).catch(() => {});
          client.validateAccessToken('opaque-' + i).catch(() => {});
        }`);
      const input = {
        options: tenant.options(tenant.credentials),
        well: well.options(),
        token: well.token(),
      };
      assert.deepEqual(alive(await runScript(source, { input })), ['user']);
    });
  }

  it('may be terminated while the process ends', async (t) => {
    const tenant = await start(t);
    tenant.on('discovery', () => {});
    const source = workers(
      `const client = new MonoCloudBackendNodeClient(input.options);
       client.validateAccessToken(input.token).catch(() => {});
       parentPort.postMessage('started');`,
      `const started = Array.from({ length: 4 }, startWorker);
       await Promise.all(started.map((worker) => once(worker, 'message')));
       setTimeout(() => process.exit(7), 50);`,
    );
    const input = { options: tenant.options(), token: tenant.token() };
    const { code, signal, stderr } = await runScript(source, { input, timeout: 10_000 });
    assert.deepEqual([code, signal], [7, null], stderr);
  });
});
