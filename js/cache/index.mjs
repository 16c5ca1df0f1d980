// The exports of the CommonJS module, so that the process has one copy of it.
import cache from './index.js';

export const { createMemoryCache } = cache;
