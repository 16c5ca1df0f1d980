'use strict';

// The declarations of `./redis` against those of all four client libraries, from an ES module and from
// CommonJS. `node16` resolves as `nodenext` does, and the libraries' own take seconds to read.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const redis = require('@monocloud/backend-node/redis');

const PROJECT = path.join(__dirname, 'types');
const TWIN = path.join(PROJECT, 'clients.generated.cts');
const manifest = require.resolve('typescript/package.json');
const TSC = path.join(path.dirname(manifest), require(manifest).bin.tsc);

const RESOLUTIONS = {
  nodenext: ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
};

function compile(flags) {
  const args = [TSC, '-p', PROJECT, '--pretty', 'false', ...flags];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: PROJECT, timeout: 300_000 }, (error, stdout) => {
      if (error && stdout === '') reject(error);
      else resolve(stdout);
    });
  });
}

describe('the types of ./redis', () => {
  before(() => {
    const text = fs.readFileSync(path.join(PROJECT, 'clients.mts'), 'utf8');
    // In CommonJS nothing can be awaited up there.
    fs.writeFileSync(TWIN, text.replaceAll(/\(await (.*)\),$/gm, '($1 as never),'));
  });
  after(() => fs.rmSync(TWIN, { force: true }));

  for (const [name, flags] of Object.entries(RESOLUTIONS)) {
    it(`take every client under ${name}`, async () => {
      assert.equal(await compile(flags), '');
    });
  }

  it('name what there is, for require and import', async () => {
    const imported = await import('@monocloud/backend-node/redis');
    const names = ['createMemoryCache', 'createRedisCache', 'createRedisReplayStore'];
    assert.deepEqual(Object.keys(redis).sort(), names);
    assert.deepEqual(Object.keys(imported).sort(), names);
    for (const name of Object.keys(redis)) assert.equal(imported[name], redis[name]);
  });
});
