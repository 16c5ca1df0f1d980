'use strict';

// The same as answers.test.js for `./web` under Bun and Deno, on their own servers.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { after, before, it } = require('node:test');

const { commandOf, denoProgram, download } = require('../../tools/downloads.js');
const { assertMetadata, assertProofs, assertRows, startSuite } = require('./suite.js');

const PROGRAM = path.join(__dirname, 'programs', 'serve-web.cjs');
const LIMIT_MS = 30_000;
const RUNTIMES = {
  Bun: () => [commandOf(download('bun'), 'bun'), 'run'],
  Deno: () => [denoProgram(), 'run', '--no-prompt', '--allow-all'],
};

let suite;
let directory;
before(async () => {
  suite = await startSuite();
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-web-'));
  const { apis, certificate } = suite;
  fs.writeFileSync(path.join(directory, 'suite.json'), JSON.stringify({ apis, certificate }));
});
after(async () => {
  fs.rmSync(directory, { recursive: true });
  await suite.close();
});

for (const [name, commandFor] of Object.entries(RUNTIMES)) {
  it(`${name} answers as the contract says, and publishes its metadata`, async (t) => {
    const [command, ...args] = commandFor();
    const given = [...args, PROGRAM, path.join(directory, 'suite.json')];
    const child = spawn(command, given, { stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => child.kill());
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    const ended = once(child, 'exit').then(() => assert.fail(errors));
    ended.catch(() => {});
    const [line] = await Promise.race([
      once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(LIMIT_MS) }),
      ended,
    ]);
    const urls = Object.fromEntries(
      Object.entries(JSON.parse(line)).map(([api, port]) => [api, `http://127.0.0.1:${port}`]),
    );
    await assertRows(suite.rows, urls);
    await assertProofs(suite.tenant, urls);
    await assertMetadata(urls.resource, suite.tenant);
  });
}
