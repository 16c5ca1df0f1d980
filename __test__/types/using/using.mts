// `await using` is TypeScript 5.2's.
import { createTestTenant } from '@monocloud/backend-node/testing';

export async function issue(): Promise<string> {
  await using tenant = await createTestTenant();
  return tenant.issueToken({ scopes: ['data:write'] });
}
