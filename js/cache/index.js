'use strict';

// `@monocloud/backend-node/cache`: an in-memory cache for the option `cache`. Documented in index.d.ts.

const { createMemoryCache } = require('./memory.js');

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({ createMemoryCache });
