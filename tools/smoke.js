'use strict';

// node tools/smoke.js [--dir DIR]: installs the tarballs in DIR (by default dist/) into an empty folder,
// as a user would, and validates tokens there. node: builtins only, and no shell: it runs where the package
// runs, also in a container with nothing but Node.js.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { npm } = require('./npm');
const { tarballName, thisPlatform } = require('./platforms');

const ROOT = path.join(__dirname, '..');
const { name: NAME, version } = JSON.parse(
  fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
);

/** Runs as CommonJS and as an ES module: a valid token, one for another audience, an opaque one. */
const SCRIPT = `
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createTestTenant } from '${NAME}/testing';
import { MonoCloudBackendNodeClient, MonoCloudTokenError } from '${NAME}';
import { protectApi } from '${NAME}/express';

const require = createRequire(import.meta.url);
assert.equal(require('${NAME}').MonoCloudBackendNodeClient, MonoCloudBackendNodeClient);
const addons = Object.keys(require.cache).filter((key) => key.endsWith('.node'));
assert.equal(addons.length, 1);
assert.match(addons[0], /backend-node-\\w+-\\w+/);
assert.equal(typeof protectApi, 'function');

const tenant = await createTestTenant();
try {
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  for (const token of [
    await tenant.issueToken(),
    await tenant.issueToken({ alg: 'ES256' }),
    await tenant.issueOpaqueToken(),
  ]) {
    const { sub } = await client.validateAccessToken(token);
    assert.equal(typeof sub, 'string');
  }
  const stranger = await tenant.issueToken({ audience: 'https://other.example.com' });
  await assert.rejects(client.validateAccessToken(stranger), MonoCloudTokenError);
} finally {
  await tenant.close();
}
console.log(process.version, process.platform, process.arch, addons[0].split(/[\\\\/]/).pop());
`;

function smoke(directory) {
  const platform = `${NAME}-${thisPlatform()}`;
  const tarballs = [NAME, platform].map((name) =>
    path.resolve(directory, tarballName(name, version)),
  );
  const app = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-smoke-'));
  try {
    fs.writeFileSync(path.join(app, 'package.json'), '{ "private": true }');
    fs.writeFileSync(path.join(app, 'smoke.mjs'), SCRIPT);
    // The packages of other platforms may not be published yet.
    npm(['install', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs], { cwd: app });
    const { status } = spawnSync(process.execPath, ['smoke.mjs'], { cwd: app, stdio: 'inherit' });
    if (status !== 0) throw new Error(`it does not work as it was installed (status ${status})`);
  } finally {
    fs.rmSync(app, { recursive: true, force: true });
  }
}

module.exports = { smoke };

if (require.main === module) {
  const { values } = parseArgs({ options: { dir: { type: 'string', default: 'dist' } } });
  try {
    smoke(values.dir);
  } catch (error) {
    console.error(`smoke: ${error.message}`);
    process.exitCode = 1;
  }
}
