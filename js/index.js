'use strict';

const { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient } = require('./client.js');

module.exports = {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  ...require('./errors.js'),
};
