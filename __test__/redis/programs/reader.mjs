// Prints the claims that the Redis server at REDIS_URL holds for TOKEN. Its argument names the client library.

import { createRedisCache } from '@monocloud/backend-node/redis';

const { default: library } = await import(process.argv[2]);
const client = await library.createClient({ url: process.env.REDIS_URL }).connect();
console.log(JSON.stringify(await createRedisCache(client).get(process.env.TOKEN)));
client.destroy();
