// One copy whichever way it is loaded: this names what the CommonJS module has.
import cache from './index.js';

export const { createMemoryCache } = cache;
