'use strict';

// Ends its process amid fifty validations.

const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

const never = () => new Promise(() => {});

/** What is going on at that moment: what makes a client, and whether it is asked about the JWT. */
const AMID = {
  'a connection without an answer': { jwt: true },
  'half an answer': {},
  "a call of the caller's fetcher": { options: { fetcher: never }, jwt: true },
  "reading the caller's answer": { options: { fetcher: fetch } },
  "a call of the caller's cache": {
    options: { cacheTimeout: 60_000, cache: { get: never, set: never, delete: never } },
    jwt: true,
  },
};

module.exports = ({ input }) => {
  const { options, jwt } = AMID[input.amid];
  const client = new MonoCloudBackendNodeClient({ ...input.options, ...options });
  const token = jwt ? input.token : 'opaque';
  for (let i = 0; i < 50; i += 1) client.validateAccessToken(token).catch(() => {});
  process.on('exit', () => {
    // Even now a call may fail, but not harm.
    client.validateAccessToken(input.token).catch(() => {});
  });
  setTimeout(() => process.exit(7), 150);
};

module.exports.AMID = Object.keys(AMID);
