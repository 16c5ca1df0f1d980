// One copy whichever way it is loaded: this names what the CommonJS module has.
import redis from './index.js';

export const { createMemoryCache, createRedisCache } = redis;
