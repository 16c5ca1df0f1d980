'use strict';

// A test tenant that holds the process, until it is told not to.

const { createTestTenant } = require('../../../js/testing/index.js');

createTestTenant({ algorithms: ['ES256'] }).then((tenant) => {
  tenant.ref();
  setTimeout(() => {
    console.log('still here');
    tenant.unref();
  }, 50).unref();
});
