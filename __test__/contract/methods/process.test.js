'use strict';

// Contract §3: what a client does to its process.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { describe, it } = require('node:test');
const util = require('node:util');

const { BASE, METADATA_DOCUMENT, jwks, token } = require('./support.js');

const run = util.promisify(execFile);

describe('§3 a process', () => {
  const main = JSON.stringify(require.resolve('@monocloud/backend-node'));
  const program = (body, ...flags) => {
    const options = { timeout: 20_000, cwd: __dirname };
    const source = `
      const { MonoCloudBackendNodeClient } = require(${main});
      const BASE = ${JSON.stringify(BASE)};
      const token = ${JSON.stringify(token)};
      ${body}`;
    return run(process.execPath, [...flags, '-e', source], options);
  };

  it('ends where nobody waits for a fetcher that hangs', async () => {
    const { stdout } = await program(`
      const client = new MonoCloudBackendNodeClient({
        ...BASE,
        responseTimeout: 1000,
        fetcher: () => new Promise(() => {}),
      });
      client.validateAccessToken(token).catch((error) => console.log(error.reason));
    `);
    assert.equal(stdout, 'timeout\n');
  });

  it('ends once the answer is there, though a fetcher’s promise never settles', async () => {
    const from = performance.now();
    const { stdout } = await program(`
      const client = new MonoCloudBackendNodeClient({
        ...BASE,
        responseTimeout: 1000,
        jwksCacheDuration: 0,
        fetcher: () => new Promise(() => {}),
      });
      (async () => {
        const outcomes = await Promise.allSettled([client.getMetadata(), client.getJwks()]);
        console.log(outcomes.map(({ reason }) => reason.reason).join());
      })();
    `);
    assert.equal(stdout, 'timeout,timeout\n');
    assert.ok(performance.now() - from < 10_000);
  });

  it('lives on where a fetcher or a resolver throws something hostile, and is told at once', async () => {
    const { stdout } = await program(`
      const hostile = new Proxy({}, {
        get() { throw new Error('again'); },
        getPrototypeOf() { throw new Error('again'); },
      });
      (async () => {
        for (const name of ['fetcher', 'metadataResolver']) {
          const client = new MonoCloudBackendNodeClient({
            ...BASE,
            [name]: () => Promise.reject(hostile),
          });
          await client.getMetadata().catch((error) => console.log(error.reason));
        }
      })();
    `);
    assert.equal(stdout, 'fetcher_failed\nfetcher_failed\n');
  });

  it('that only builds a client ends at once', async () => {
    const { stdout } = await program('new MonoCloudBackendNodeClient(BASE); console.log(1);');
    assert.equal(stdout, '1\n');
  });

  it('waits for an answer that somebody awaits', async () => {
    const { stdout } = await program(`
      const client = new MonoCloudBackendNodeClient({
        ...BASE,
        fetcher: (url) => new Promise((resolve) => {
          setTimeout(() => resolve({ status: 503, text: async () => '' }), 100).unref();
        }),
      });
      client.getMetadata().catch((error) => console.log(error.status));
    `);
    assert.equal(stdout, '503\n');
  });

  it('a client that nobody holds any more finishes what it began', async () => {
    const { stdout } = await program(
      `
      const documents = {
        '/.well-known/openid-configuration': ${JSON.stringify(METADATA_DOCUMENT)},
        '/jwks': ${JSON.stringify(jwks)},
      };
      let waiting = true;
      // Between any two steps of the exchange.
      const collect = () => {
        gc();
        if (waiting) setImmediate(collect);
      };
      const begin = () => {
        const fetcher = async (url) => {
          await new Promise(setImmediate);
          const { pathname } = new URL(url);
          return { status: 200, json: async () => documents[pathname] };
        };
        return new MonoCloudBackendNodeClient({ ...BASE, fetcher }).getJwks();
      };
      begin()
        .then(({ keys }) => console.log(keys.length), (error) => console.log(error.message))
        .finally(() => { waiting = false; });
      collect();
    `,
      '--expose-gc',
    );
    assert.equal(stdout, '1\n');
  });
});
