// One copy whichever way it is loaded: this names what the CommonJS module has.
import testing from './index.js';

export const { createTestTenant } = testing;
