'use strict';

const {
  BAD_TOKEN,
  EXPIRED,
  FORBIDDEN,
  NO_TOKEN,
  granted,
} = require('../support/snippets/common.js');

const QUICK_START = [
  { to: '/api/data', answer: NO_TOKEN },
  { to: '/api/data', token: EXPIRED, answer: BAD_TOKEN },
  { to: '/api/data', token: {}, answer: FORBIDDEN },
  {
    to: '/api/data',
    token: { subject: 'ada', scopes: ['data:read', 'data:write'] },
    answer: granted('hello ada'),
  },
];

module.exports = {
  page: 'README.md',
  snippets: {
    'Try it': {
      notRun: 'this test is part of `npm test`; `npm start -- --once` is run by CI',
    },
    Install: { notRun: 'installs the published package from the registry' },
    'Install 2': { notRun: 'installs a published version that is not made yet' },
    'Install 3': { variables: true },
    Express: { requests: QUICK_START },
    Fastify: { requests: QUICK_START },
  },
};
