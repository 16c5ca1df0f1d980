'use strict';

// The process of one contender: an Express server behind its guard, or calls of this package's method alone.

const { once } = require('node:events');
const express = require('express');
const { serve } = require('../support/child.js');
const { NONE, OURS, RIVAL } = require('./names.js');

const guards = {
  [NONE]: () => (_request, _response, next) => next(),
  [OURS]({ tenantDomain, audience }) {
    const { protectApi } = require('../../js/express');
    return protectApi({ tenantDomain, audience, dpop: 'required' })();
  },
  [RIVAL]({ tenantDomain, audience }) {
    const dpop = { enabled: true, required: true };
    return require(RIVAL).auth({ issuerBaseURL: tenantDomain, audience, dpop });
  },
};

let cpu;
let client;

/** Microseconds of processor time, of all threads. */
const spent = () => {
  const { user, system } = process.cpuUsage(cpu);
  return user + system;
};

serve({
  async listen(name, settings) {
    const app = express();
    app.get('/', guards[name](settings), (_request, response) => {
      response.json({ message: 'hello' });
    });
    app.set('env', 'test');
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  },
  begin() {
    cpu = process.cpuUsage();
  },
  end: spent,

  create(settings) {
    const { MonoCloudBackendNodeClient } = require('../../js');
    client = new MonoCloudBackendNodeClient({ ...settings, dpop: { maxAge: 3_600 } });
  },
  /** Microseconds per call, one after the other. */
  async time(token, proofs, { method, url }) {
    const options = proofs.map((proof) => ({ dpop: { proof, method, url } }));
    const start = process.hrtime.bigint();
    for (const option of options) await client.validateAccessToken(token, option);
    return Number(process.hrtime.bigint() - start) / 1000 / proofs.length;
  },
});
