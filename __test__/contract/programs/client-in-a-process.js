'use strict';

// What a client does to its process: each case is a process of its own.

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');

const hanging = () => new Promise(() => {});

const CASES = {
  /** Nobody awaits the validation: the process has to end by itself. */
  'a fetcher that hangs'({ input, say }, clientWith) {
    const client = clientWith({ responseTimeout: 1000, fetcher: hanging });
    client.validateAccessToken(input.token).catch(({ reason }) => say(reason));
  },

  async 'documents that never come'({ say }, clientWith) {
    const client = clientWith({ responseTimeout: 1000, jwksCacheDuration: 0, fetcher: hanging });
    const outcomes = await Promise.allSettled([client.getMetadata(), client.getJwks()]);
    for (const { reason } of outcomes) say(reason.reason);
  },

  async 'something hostile thrown'({ say }, clientWith) {
    const again = () => {
      throw new Error('again');
    };
    const hostile = new Proxy({}, { get: again, getPrototypeOf: again });
    for (const name of ['fetcher', 'metadataResolver']) {
      const client = clientWith({ [name]: () => Promise.reject(hostile) });
      await client.getMetadata().catch(({ reason }) => say(reason));
    }
  },

  'only a client'({ say }, clientWith) {
    clientWith();
    say('built');
  },

  /** The timer does not hold the process: the awaited answer has to. */
  'an awaited answer'({ say }, clientWith) {
    const fetcher = () =>
      new Promise((resolve) => {
        setTimeout(() => resolve({ status: 503, text: async () => '' }), 100).unref();
      });
    const client = clientWith({ fetcher });
    client.getMetadata().catch(({ status }) => say(status));
  },

  'a client that nobody holds'({ input, say }, clientWith) {
    let waiting = true;
    // Between any two steps of the exchange.
    const collect = () => {
      globalThis.gc();
      if (waiting) setImmediate(collect);
    };
    const begin = () => {
      const fetcher = async (url) => {
        await new Promise(setImmediate);
        const { pathname } = new URL(url);
        return { status: 200, json: async () => input.documents[pathname] };
      };
      return clientWith({ fetcher }).getJwks();
    };
    begin()
      .then(
        ({ keys }) => say(keys.length),
        (error) => say(error.message),
      )
      .finally(() => {
        waiting = false;
      });
    collect();
  },
};

module.exports = (script) =>
  CASES[script.input.name](
    script,
    (options) => new MonoCloudBackendNodeClient({ ...script.input.base, ...options }),
  );
