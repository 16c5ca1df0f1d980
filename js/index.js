'use strict';

const { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient } = require('./client.js');

module.exports = /** @satisfies {typeof import('../index.d.ts')} */ ({
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  ...require('./errors.js'),
});
