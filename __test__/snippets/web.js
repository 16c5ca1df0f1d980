'use strict';

const {
  BAD_TOKEN,
  EXPIRED,
  FORBIDDEN,
  NO_TOKEN,
  granted,
} = require('../support/snippets/common.js');

const READER = { scopes: ['posts:read'], subject: 'ada' };

module.exports = {
  page: 'docs/web.md',
  snippets: {
    'Fetch: Next.js, Bun, Deno and others': {
      requests: [
        { to: '/', answer: NO_TOKEN },
        { to: '/', token: {}, answer: FORBIDDEN },
        { to: '/', token: { ...READER, ...EXPIRED }, answer: BAD_TOKEN },
        { to: '/', token: READER, answer: granted('hello ada') },
      ],
    },
    'Next.js': { compiled: 'Next.js starts it: frameworks/programs.test.js has one that runs' },
    'tRPC and GraphQL Yoga': {
      requests: [
        { to: '/graphql?query={me}', answer: NO_TOKEN },
        { to: '/graphql?query={me}', token: {}, answer: FORBIDDEN },
        {
          to: '/graphql?query={me}',
          token: READER,
          answer: { status: 200, json: { data: { me: 'ada' } } },
        },
      ],
    },
  },
};
