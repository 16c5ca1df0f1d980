'use strict';

// The same as answers.test.js with Nest 10.

const assert = require('node:assert/strict');
const { after, before, it } = require('node:test');

const { headerOf } = require('../support/frameworks.js');
const { nest10 } = require('../support/nest10.js');
const { startApis } = require('./apis.js');
const { assertMetadata, assertProofs, assertRows, startSuite } = require('./suite.js');

let suite;
before(async () => {
  suite = await startSuite();
});
after(() => suite.close());

for (const framework of nest10) {
  it(`${framework.name} answers as the contract says, and publishes its metadata`, async (t) => {
    const started = await startApis(suite, framework, headerOf.nest);
    t.after(() => started.close());
    await assertRows(suite.rows, started.urls);
    await assertProofs(suite.tenant, started.urls);
    await assertMetadata(started.urls.resource, suite.tenant);
  });
}

it('is Nest 10', () => {
  const { version } = require('@nestjs/common/package.json');
  assert.match(version, /^10\./);
});
