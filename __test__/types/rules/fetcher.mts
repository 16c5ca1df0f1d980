// Functions that people pass as `fetcher`. Compiled with `@types/node`, with and without the DOM.
import {
  MonoCloudBackendNodeClient,
  type MonoCloudBackendNodeClientOptions,
} from '@monocloud/backend-node';

new MonoCloudBackendNodeClient({ fetcher: fetch });
new MonoCloudBackendNodeClient({ fetcher: globalThis.fetch });
new MonoCloudBackendNodeClient({ fetcher: (input, init) => fetch(input, init) });
new MonoCloudBackendNodeClient({
  fetcher: async (input, init) => fetch(input, { ...init, keepalive: true }),
});
new MonoCloudBackendNodeClient({ fetcher: (url: string) => fetch(url) });
new MonoCloudBackendNodeClient({
  fetcher: (input: string | URL | Request, init?: RequestInit) => fetch(input, init),
});
new MonoCloudBackendNodeClient({ fetcher: async () => new Response('{}', { status: 200 }) });
new MonoCloudBackendNodeClient({
  fetcher: async (input, init) => {
    console.log(
      String(input),
      init?.method,
      new Headers(init?.headers).get('accept'),
      init?.signal?.aborted,
    );
    return Response.json({ keys: [] });
  },
});
// A plain object in a test.
new MonoCloudBackendNodeClient({
  fetcher: async () => ({ ok: true, status: 200, json: async () => ({ keys: [] }) }),
});
new MonoCloudBackendNodeClient({ fetcher: async () => ({ status: 500, text: async () => '' }) });
const options: Partial<MonoCloudBackendNodeClientOptions> = {};
options.fetcher = fetch;
new MonoCloudBackendNodeClient(options);

// @ts-expect-error a promise is expected
new MonoCloudBackendNodeClient({ fetcher: () => new Response('{}') });
// @ts-expect-error the URL is no number
new MonoCloudBackendNodeClient({ fetcher: (url: number) => fetch(String(url)) });
// @ts-expect-error an answer without a body
new MonoCloudBackendNodeClient({ fetcher: async () => ({ status: 200 }) });
// @ts-expect-error an answer without a status
new MonoCloudBackendNodeClient({ fetcher: async () => ({ json: async () => ({}) }) });
