'use strict';

// The programs that the page shows are run as they are.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, it } = require('node:test');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { snippetsOf } = require('../../js/demo/snippets.js');
const { send, withServer } = require('../support/programs.js');
const { isOld } = require('../support/snippets/common.js');

const ROOT = path.join(__dirname, '..', '..');

let tenant;
let folder;
before(async () => {
  tenant = await createTestTenant({ algorithms: ['ES256'] });
  // Below the package, whose name is its own there.
  fs.mkdirSync(path.join(ROOT, '.cache'), { recursive: true });
  folder = fs.mkdtempSync(path.join(ROOT, '.cache', 'demo-'));
});
after(async () => {
  await tenant.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

for (const api of ['web', 'express', 'fastify', 'hono', 'koa']) {
  const skip = api === 'hono' && isOld && '@hono/node-server is for Node.js 20 and later';
  it(`makes the route with ${api}`, { skip }, async () => {
    const program = path.join(folder, `${api}.mjs`);
    fs.writeFileSync(program, snippetsOf(api)['/data']);
    await withServer(program, folder, tenant.env(), async (port) => {
      const url = `http://127.0.0.1:${port}/api/data`;
      const get = async (options) => {
        const token = options && (await tenant.issueToken(options));
        const headers = token ? { authorization: `Bearer ${token}` } : {};
        const { status, text } = await send(url, { headers });
        return [status, JSON.parse(text).message];
      };
      assert.deepEqual(await get(), [401, 'unauthorized']);
      assert.deepEqual(await get({}), [403, 'forbidden']);
      assert.deepEqual(await get({ scopes: ['data:write'] }), [200, 'hello test-user']);
      const bound = await tenant.dpopClient({ scopes: ['data:write'] }).fetch(url);
      assert.equal(bound.status, 200, 'DPoP');
    });
  });
}
