// The exports of the CommonJS module, so that the process has one copy of it.
import testing from './index.js';

export const { createTestTenant } = testing;
