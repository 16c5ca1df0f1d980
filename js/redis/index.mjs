// The exports of the CommonJS module, so that the process has one copy of it.
import redis from './index.js';

export const { createMemoryCache, createRedisCache, createRedisReplayStore } = redis;
