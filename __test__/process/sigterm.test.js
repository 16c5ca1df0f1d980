'use strict';

// A server that closes on SIGTERM answers all that it has in hand, and then its process ends by itself.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');
const { FRAMEWORKS } = require('./programs/closing-server.js');

const IN_FLIGHT = 200;

describe('SIGTERM under load', { skip: process.platform === 'win32' && 'no such signal' }, () => {
  for (const framework of FRAMEWORKS) {
    it(`lets ${framework} finish what is in flight`, async (t) => {
      const tenant = await startTenant(t);
      // The tenant answers only when the server has been told to end.
      let release;
      const told = new Promise((resolve) => {
        release = resolve;
      });
      for (const endpoint of ['discovery', 'introspection']) {
        tenant.on(endpoint, (request, response, right) => {
          told.then(() => right(request, response));
        });
      }
      const agent = new http.Agent({ maxSockets: IN_FLIGHT });
      t.after(() => agent.destroy());
      const ask = async (port, token) => {
        const headers = { authorization: `Bearer ${token}` };
        const request = http.get({ host: '127.0.0.1', port, agent, headers });
        const [response] = await once(request, 'response');
        response.resume();
        await once(response, 'end');
        return response.statusCode;
      };
      const tokens = [tenant.token(), 'opaque', tenant.token({ exp: 1 })];
      const expected = [200, 200, 401];
      let statuses;
      let signalled = false;
      const heard = (child, said) => {
        if (statuses === undefined) {
          const [{ port }] = said;
          statuses = Promise.all(
            Array.from({ length: IN_FLIGHT }, (_, i) => ask(port, tokens[i % 3])),
          );
        } else if (said.includes('all are here') && !signalled) {
          signalled = true;
          child.kill('SIGTERM');
        }
        if (said.includes('closing')) release();
      };
      const options = tenant.options(tenant.credentials);
      const input = { framework, options, inFlight: IN_FLIGHT };
      const program = 'process/programs/closing-server.js';
      const { code, signal, stderr } = await runScript(program, { input, heard });
      assert.deepEqual([code, signal], [0, null], stderr);
      const got = await statuses;
      assert.deepEqual(
        got,
        got.map((_, i) => expected[i % 3]),
      );
      assert.equal(got.length, IN_FLIGHT);
    });
  }
});
