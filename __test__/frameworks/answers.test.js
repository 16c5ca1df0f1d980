'use strict';

// Contract §9 and §9b over every framework, with the same requests and the same answers, to the byte.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { all, headerOf } = require('../support/frameworks.js');
const { startApis } = require('./apis.js');
const { assertMetadata, assertProofs, assertRows, startSuite } = require('./suite.js');

let suite;
before(async () => {
  suite = await startSuite();
});
after(() => suite.close());

for (const framework of all) {
  describe(framework.name, () => {
    let started;
    before(async () => {
      started = await startApis(suite, framework, headerOf[framework.adapter]);
    });
    after(() => started.close());

    it('answers as the contract says', async () => {
      await assertRows(suite.rows, started.urls, framework.name !== 'Nest 11 on express');
      // What the handlers threw, and what `errorResponse` returned: nothing else reaches the framework.
      const messages = started.errors.map(({ message }) => message).sort();
      assert.deepEqual(messages, [
        'Token is missing required scopes',
        'errorResponse() must return a "status" from 400 to 599',
        'the handler’s',
      ]);
    });

    it('takes a proof once, and hands out nonces', () => assertProofs(suite.tenant, started.urls));

    it('publishes its metadata', () => assertMetadata(started.urls.resource, suite.tenant));
  });
}
