'use strict';

// Contract §3: what a client does to its process.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { runScript } = require('../../support/child.js');
const { BASE, METADATA_DOCUMENT, jwks, token } = require('./support.js');

describe('§3 a process', () => {
  const saidIn = async (name, more, flags) => {
    const input = { name, base: BASE, token, ...more };
    const options = { input, flags, timeout: 20_000 };
    const program = 'contract/programs/client-in-a-process.js';
    const { code, signal, said, stderr } = await runScript(program, options);
    assert.deepEqual([code, signal], [0, null], stderr);
    return said;
  };

  it('ends where nobody waits for a fetcher that hangs', async () => {
    assert.deepEqual(await saidIn('a fetcher that hangs'), ['timeout']);
  });

  it('ends once the answer is there, though a fetcher’s promise never settles', async () => {
    const from = performance.now();
    assert.deepEqual(await saidIn('documents that never come'), ['timeout', 'timeout']);
    assert.ok(performance.now() - from < 10_000);
  });

  it('lives on where a fetcher or a resolver throws something hostile, and is told at once', async () => {
    const said = await saidIn('something hostile thrown');
    assert.deepEqual(said, ['fetcher_failed', 'fetcher_failed']);
  });

  it('that only builds a client ends at once', async () => {
    assert.deepEqual(await saidIn('only a client'), ['built']);
  });

  it('waits for an answer that somebody awaits', async () => {
    assert.deepEqual(await saidIn('an awaited answer'), [503]);
  });

  it('a client that nobody holds any more finishes what it began', async () => {
    const documents = { '/.well-known/openid-configuration': METADATA_DOCUMENT, '/jwks': jwks };
    const said = await saidIn('a client that nobody holds', { documents }, ['--expose-gc']);
    assert.deepEqual(said, [1]);
  });
});
