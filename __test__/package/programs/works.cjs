'use strict';

// A token passes, and another one does not; with nothing but this package.

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
(async () => {
  const tenant = await createTestTenant({ algorithms: ['ES256'] });
  const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  const { sub } = await client.validateAccessToken(await tenant.issueToken({ subject: 'ada' }));
  const expired = await tenant.issueToken({ expiresIn: -3600 });
  const { reason } = await client.validateAccessToken(expired).catch((error) => error);
  console.log(sub, reason);
})();
