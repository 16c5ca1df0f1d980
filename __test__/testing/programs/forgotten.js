'use strict';

// A test tenant that is not closed, and a connection to it that is kept.

const http = require('node:http');
const { createTestTenant } = require('../../../js/testing/index.js');

createTestTenant({ algorithms: ['ES256'] }).then(async (tenant) => {
  const token = await tenant.issueToken();
  const agent = new http.Agent({ keepAlive: true });
  const url = `${tenant.tenantDomain}/.well-known/openid-configuration`;
  http.get(url, { agent }, (response) => {
    response.resume().on('end', () => console.log(response.statusCode, !!token));
  });
});
