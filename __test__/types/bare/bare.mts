// Neither `@types/node` nor the DOM: the root's types stand alone.
import {
  MonoCloudBackendNodeClient,
  type FetcherInit,
  type FetcherInput,
  type FetcherResponse,
} from '@monocloud/backend-node';

const client = new MonoCloudBackendNodeClient({
  fetcher: async (url, init) => {
    const text: string = url;
    const method: string | undefined = init?.method;
    return {
      ok: true,
      status: 200,
      statusText: text + method,
      headers: {},
      json: async () => ({}),
    };
  },
});
export const claims = client.validateAccessToken('token');
export declare const types: [FetcherInput, FetcherInit, FetcherResponse];
