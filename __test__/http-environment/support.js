'use strict';

// A tenant for one test, and a wait with a deadline.

const { startFaultyTenant } = require('../support/faulty-tenant.js');

async function start(t, options) {
  const tenant = await startFaultyTenant(options);
  t.after(() => tenant.close());
  return tenant;
}

module.exports = { start };
