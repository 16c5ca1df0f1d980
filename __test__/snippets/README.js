'use strict';

const {
  BAD_TOKEN,
  EXPIRED,
  FORBIDDEN,
  HELLO,
  NO_TOKEN,
  client,
  decode,
  granted,
  other,
} = require('../support/snippets/common.js');

const QUICK_START = [
  { to: '/api/protected', answer: NO_TOKEN },
  { to: '/api/protected', token: EXPIRED, answer: BAD_TOKEN },
  {
    to: '/api/protected',
    token: {},
    answer: (token) => ({ status: 200, json: { claims: decode(token) } }),
  },
  { to: '/api/data', token: { scopes: ['data:read'] }, answer: FORBIDDEN },
  {
    to: '/api/data',
    token: { scopes: ['data:read', 'data:write'] },
    answer: granted('data:write access granted'),
  },
  { to: '/api/team', token: { groups: ['sales'] }, answer: FORBIDDEN },
  {
    to: '/api/team',
    token: { groups: ['sales', { id: 'g-1', name: 'engineering' }] },
    answer: granted('team access granted'),
  },
];

module.exports = {
  page: 'README.md',
  snippets: {
    'See it work': {
      notRun: 'this test is part of `npm test`; `npm start -- --once` is run by CI',
    },
    Install: { notRun: 'installs the published package from the registry' },
    'Install 2': { variables: true },
    Express: { requests: QUICK_START },
    Fastify: { requests: QUICK_START },
    'Claims of your own': {
      requests: [
        { to: '/api/plan', answer: NO_TOKEN },
        {
          to: '/api/plan',
          token: { subject: 'ada', claims: { plan: 'paid' } },
          answer: { status: 200, json: { sub: 'ada', plan: 'paid' } },
        },
        {
          to: '/api/plan',
          token: { subject: 'bob' },
          answer: { status: 200, json: { sub: 'bob', plan: 'free' } },
        },
      ],
    },
    'Without a framework': {
      requests: [
        { to: '/', answer: { status: 401, text: '' } },
        { to: '/', token: EXPIRED, answer: { status: 401, text: '' } },
        { to: '/', token: { subject: 'ada' }, answer: { status: 200, text: 'Hello ada' } },
      ],
      prints: /^MonoCloudValidationError undefined\nMonoCloudTokenError expired\n$/,
    },
    'A cache': { requests: HELLO },
    'Certificate-bound tokens': {
      requests: [
        { to: '/api/hello', answer: NO_TOKEN },
        { to: '/api/hello', token: {}, answer: BAD_TOKEN },
        { to: '/api/hello', token: { certificate: client.cert }, answer: granted('hello') },
        { to: '/api/hello', token: { certificate: other.cert }, answer: BAD_TOKEN },
      ],
      tls: client,
    },
    Watching: { test: true },
    'Testing your API': { test: true },
    Helpers: {
      requests: [
        { to: '/api/report', answer: NO_TOKEN },
        { to: '/api/report', token: { groups: ['finance'] }, answer: granted('all of it') },
        { to: '/api/report', token: { groups: ['sales'] }, answer: granted('a summary') },
      ],
    },
  },
};
