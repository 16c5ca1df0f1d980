'use strict';

// Two validations; the keys are due for a refresh in between.

const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

module.exports = async ({ input }) => {
  // A second's worth of keys: after 0.88 s at the latest a refresh is due.
  const client = new MonoCloudBackendNodeClient({ ...input.options, jwksCacheDuration: 1 });
  await client.validateAccessToken(input.token);
  await new Promise((resolve) => setTimeout(resolve, 900));
  await client.validateAccessToken(input.token);
};
