// What was written for the DOM's `RequestInfo` compiles.
import { MonoCloudBackendNodeClient } from '@monocloud/backend-node';

new MonoCloudBackendNodeClient({
  fetcher: (input: RequestInfo, init?: RequestInit): Promise<Response> => fetch(input, init),
});
new MonoCloudBackendNodeClient({
  fetcher: async (input, init) => fetch(typeof input === 'string' ? input : input.url, init),
});
new MonoCloudBackendNodeClient({
  fetcher: async (input, init) => fetch(input instanceof Request ? input : new URL(input), init),
});
