'use strict';

// What the expectations of several pages name: answers, requests, and the certificates that lie beside
// every snippet.

const { createCa, createClientCert, createServerCert } = require('../certs.js');

const ca = createCa();
const client = createClientCert(ca);
const other = createClientCert(ca);
const server = createServerCert(ca);

/** What every snippet finds in its directory. */
const FILES = {
  'ca.pem': ca.cert,
  'server-key.pem': server.key,
  'server-cert.pem': server.cert,
  'client-key.pem': client.key,
  'client-cert.pem': client.cert,
};

const UNAUTHORIZED = { status: 401, json: { message: 'unauthorized' } };
const NO_TOKEN = { ...UNAUTHORIZED, challenge: 'Bearer' };
const BAD_TOKEN = { ...UNAUTHORIZED, challenge: 'Bearer error="invalid_token"' };
const FORBIDDEN = {
  status: 403,
  json: { message: 'forbidden' },
  challenge: 'Bearer error="insufficient_scope"',
};
const UNAVAILABLE = { status: 503, json: { message: 'service unavailable' }, challenge: null };
const granted = (message) => ({ status: 200, json: { message } });
const decode = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

const EXPIRED = { expiresIn: -3600 };

const HELLO = [
  { to: '/api/hello', answer: NO_TOKEN },
  { to: '/api/hello', token: {}, answer: granted('hello') },
  { to: '/api/hello', token: EXPIRED, answer: BAD_TOKEN },
];

/** A token in each place where the frameworks' pages look for one. */
const NOT_IN_THE_HEADER = [
  ...HELLO,
  {
    to: '/api/hello',
    token: {},
    bearer: false,
    headers: (token) => ({ 'x-access-token': token }),
    answer: granted('hello'),
  },
  {
    to: '/api/hello',
    token: {},
    bearer: false,
    headers: (token) => ({ cookie: `theme=dark; access_token=${token}` }),
    answer: granted('hello'),
  },
  {
    to: (token) => `/api/hello?access_token=${token}`,
    token: {},
    bearer: false,
    answer: granted('hello'),
  },
  { to: '/api/hello?access_token=a&access_token=b', answer: NO_TOKEN },
];

/** What a browser asks before it asks, and then. */
const FROM_ELSEWHERE = [
  {
    to: '/api/hello',
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    },
    answer: {
      status: 204,
      headers: {
        'access-control-allow-origin': 'https://app.example.com',
        'access-control-allow-headers': 'Authorization, Content-Type',
      },
    },
  },
  ...[
    [undefined, NO_TOKEN],
    [{}, granted('hello')],
  ].map(([token, answer]) => ({
    to: '/api/hello',
    token,
    answer: {
      ...answer,
      headers: {
        'access-control-allow-origin': 'https://app.example.com',
        'access-control-expose-headers': 'WWW-Authenticate, Retry-After',
      },
    },
  })),
];

const isOld = Number.parseInt(process.versions.node, 10) < 20;

module.exports = {
  BAD_TOKEN,
  EXPIRED,
  FILES,
  FORBIDDEN,
  FROM_ELSEWHERE,
  HELLO,
  NOT_IN_THE_HEADER,
  NO_TOKEN,
  UNAUTHORIZED,
  UNAVAILABLE,
  ca,
  client,
  decode,
  granted,
  isOld,
  other,
  server,
};
