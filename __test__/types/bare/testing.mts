// `./testing` brings what `await using` needs, where neither `@types/node` nor the library does.
import { createTestTenant, type TestTenant } from '@monocloud/backend-node/testing';

export const tenant: Promise<TestTenant> = createTestTenant({ algorithms: ['ES256'] });
export const disposed: Promise<void> = tenant.then((started) => started[Symbol.asyncDispose]());
