// undici's own fetch, for its proxy and TLS agents. `undici-types` comes with `@types/node`.
import {
  Agent,
  fetch as undiciFetch,
  ProxyAgent,
  type RequestInfo,
  type RequestInit,
} from 'undici-types';
import { MonoCloudBackendNodeClient } from '@monocloud/backend-node';

const dispatcher = new ProxyAgent('http://proxy:3128');
new MonoCloudBackendNodeClient({ fetcher: undiciFetch });
new MonoCloudBackendNodeClient({
  fetcher: (input, init) => undiciFetch(input, { ...init, dispatcher }),
});
new MonoCloudBackendNodeClient({
  fetcher: (url: RequestInfo, init?: RequestInit) =>
    undiciFetch(url, { ...init, dispatcher: new Agent() }),
});
new MonoCloudBackendNodeClient({
  fetcher: (url: string | URL) => undiciFetch(url, { dispatcher }),
});
