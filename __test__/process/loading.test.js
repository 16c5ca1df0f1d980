'use strict';

// Where the native addon can't be loaded, the package says in one sentence what to do.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { root, runScript } = require('../support/child.js');

const flagKnown = (flag) => process.allowedNodeEnvironmentFlags.has(flag);
const PERMISSION = ['--permission', '--experimental-permission'].find(flagKnown);
const READ_ALL = '--allow-fs-read=*';

const abi = { linux: process.report.getReport().header.glibcVersionRuntime ? '-gnu' : '-musl' };
const platform = `${process.platform}-${process.arch}${abi[process.platform] ?? ''}`;

describe('a package whose addon can not be loaded', () => {
  let copy;

  // A copy of what is published, but for the addon.
  before(() => {
    copy = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-loading-'));
    fs.copyFileSync(path.join(root, 'package.json'), path.join(copy, 'package.json'));
    fs.cpSync(path.join(root, 'js'), path.join(copy, 'js'), {
      recursive: true,
      filter: (file) => !file.endsWith('.node'),
    });
  });
  after(() => fs.rmSync(copy, { recursive: true, force: true }));

  /** The error that each entry point fails with, in a process that goes on afterwards. */
  async function failureOf({ directory = root, arch, ...how } = {}) {
    const options = { input: { directory, arch }, ...how };
    const program = 'process/programs/unloadable.js';
    const { code, said, stderr } = await runScript(program, options);
    assert.equal(code, 0, stderr);
    assert.equal(said.length, 4);
    for (const other of said) assert.deepEqual(other, said[0]);
    assert.equal(said[0].code, 'ERR_MONOCLOUD_NATIVE', JSON.stringify(said[0]));
    assert.equal(said[0].name, 'Error');
    assert.ok(said[0].cause);
    const { message } = said[0];
    assert.ok(!message.includes('\n') && !/\. \w/.test(message), `one sentence: ${message}`);
    assert.match(message, /^The native addon of @monocloud\/backend-node can't be loaded on /);
    assert.ok(message.includes(`by Node.js ${process.version}: `), message);
    return message;
  }

  it('names --no-addons', async () => {
    const message = await failureOf({ flags: ['--no-addons'] });
    assert.match(message, /: Node\.js runs with --no-addons; start it without that flag$/);
  });

  const without = PERMISSION === undefined && 'this Node.js has no permission model';

  it('names --allow-addons', { skip: without }, async () => {
    const message = await failureOf({ flags: [PERMISSION, READ_ALL] });
    assert.match(
      message,
      /: Node\.js runs with --permission; start it with --allow-addons as well$/,
    );
  });

  it('is loaded with it', { skip: without }, async () => {
    const source = "load('js/index.js'); say('loaded');";
    const flags = [PERMISSION, READ_ALL, '--allow-addons'];
    const { code, said, stderr } = await runScript(source, { flags });
    assert.deepEqual([code, said], [0, ['loaded']], stderr);
  });

  it('says that it is not installed', async () => {
    const message = await failureOf({ directory: copy });
    const missing = `: @monocloud/backend-node-${platform} is not installed; `;
    assert.ok(message.includes(missing), message);
    assert.match(message, /; delete node_modules and install it again on this machine, with its /);
    const tried = `tried ./binding.${platform}.node, @monocloud/backend-node-${platform}`;
    if (process.platform !== 'win32') assert.ok(message.includes(tried), message);
  });

  it('says what is wrong with the file', async () => {
    const file = path.join(copy, 'js', `binding.${platform}.node`);
    fs.writeFileSync(file, 'no addon');
    try {
      const message = await failureOf({ directory: copy });
      assert.match(
        message,
        /: the system refuses it \(".*binding\..*"\); delete node_modules and /,
      );
    } finally {
      fs.rmSync(file);
    }
  });

  it('says that there is none for the platform', async () => {
    const message = await failureOf({ directory: copy, arch: 'riscv64' });
    assert.match(message, /: there is none for that platform; use one of linux-x64-gnu, /);
  });

  // None is made for WebAssembly, so that nothing else was tried there.
  for (const [name, value, shown] of [
    ['NAPI_RS_NATIVE_LIBRARY_PATH', '/nowhere.node', '/nowhere.node)'],
    ['NAPI_RS_FORCE_WASI', 'error'],
    ['NAPI_RS_WASI_FLAVOR', 'wasip1'],
  ]) {
    it(`names ${name}, which points elsewhere`, async () => {
      const message = await failureOf({ directory: copy, env: { [name]: value } });
      const [why, tried] = message.split(' (tried ');
      assert.ok(why.endsWith(`: ${name} names another one; unset that variable`), message);
      assert.equal(tried, shown);
    });
  }

  it('knows the platforms that it is made for', async () => {
    const names = { x86_64: 'x64', aarch64: 'arm64' };
    const { napi } = require('../../package.json');
    const platforms = napi.targets.map((target) => {
      const [arch, , system, libc] = target.split('-');
      return [{ windows: 'win32' }[system] ?? system, names[arch], libc].filter(Boolean).join('-');
    });
    const message = await failureOf({ directory: copy, arch: 'riscv64' });
    assert.ok(message.includes(`use one of ${platforms.join(', ')} (`), message);
  });
});
