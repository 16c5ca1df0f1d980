'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');

const {
  BAD_TOKEN,
  EXPIRED,
  FORBIDDEN,
  FROM_ELSEWHERE,
  HELLO,
  NOT_IN_THE_HEADER,
  NO_TOKEN,
  granted,
} = require('../support/snippets/common.js');

const problem = (status, title) => ({
  status,
  json: { status, title },
  headers: { 'content-type': 'application/problem+json; charset=utf-8' },
});

/** What a WebSocket's request is answered with, as a browser would send it. */
async function upgrade(base, token) {
  const request = http.get(`${base}/live`, {
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': `live, ${token}`,
    },
  });
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
}

module.exports = {
  page: 'docs/express.md',
  also: { express: 'express4' },
  snippets: {
    'The factory and the middleware': {
      requests: [
        { to: '/api/health', answer: granted('for anybody') },
        { to: '/api/me', answer: NO_TOKEN },
        { to: '/api/me', token: { subject: 'ada' }, answer: { status: 200, json: { sub: 'ada' } } },
        // Past the tolerance that the program names, within the usual one.
        { to: '/api/me', token: { expiresIn: -120 }, answer: BAD_TOKEN },
        ...[
          [{ scopes: ['posts:write'], claims: { roles: ['reader'] } }, FORBIDDEN],
          [{ claims: { roles: ['admin'] } }, FORBIDDEN],
          [{ scopes: ['posts:write'], groups: ['admin'] }, FORBIDDEN],
          [
            { scopes: ['posts:write'], claims: { roles: ['admin'] } },
            { status: 201, json: { title: 'New' } },
          ],
        ].map(([token, answer]) => ({
          to: '/api/posts',
          method: 'POST',
          body: '{"title":"New"}',
          headers: { 'content-type': 'application/json' },
          token,
          answer,
        })),
      ],
    },
    Routers: {
      requests: [
        { to: '/api/status', answer: granted('for anybody') },
        { to: '/api/posts', answer: NO_TOKEN },
        { to: '/api/posts', token: {}, answer: granted('for any token') },
        { to: '/api/nowhere', answer: NO_TOKEN },
        { to: '/api/admin/users', answer: NO_TOKEN },
        { to: '/api/admin/users', token: { groups: ['staff'] }, answer: FORBIDDEN },
        {
          to: '/api/admin/users',
          token: { groups: ['admin'] },
          answer: granted('for administrators'),
        },
      ],
    },
    'A client of your own': {
      requests: [
        { to: '/health', answer: { status: 200, json: { keys: 'none' } } },
        { to: '/api/posts', token: {}, answer: granted('posts') },
        { to: '/reports', token: { scopes: ['reports:read'] }, answer: BAD_TOKEN },
        {
          to: '/reports',
          token: { scopes: ['reports:read'], audience: 'https://reports.example.com' },
          answer: granted('reports'),
        },
        {
          to: '/api/posts',
          token: { audience: 'https://reports.example.com' },
          answer: BAD_TOKEN,
        },
        { to: '/health', answer: { status: 200, json: { keys: 'fresh' } } },
      ],
    },
    'A token that is not in the header': {
      requests: [
        ...NOT_IN_THE_HEADER,
        // What the resolver finds comes first.
        {
          to: '/api/hello',
          token: {},
          headers: { cookie: 'access_token=rubbish.rubbish.rubbish' },
          answer: BAD_TOKEN,
        },
      ],
    },
    'Cross-origin requests (CORS)': {
      requests: [...FROM_ELSEWHERE],
    },
    'Answers of your own': {
      ownTenant: true,
      requests: [
        { to: '/api/posts', answer: problem(401, 'Sign in first') },
        { to: '/api/posts', token: EXPIRED, answer: problem(401, 'Sign in first') },
        { to: '/api/posts', token: {}, answer: problem(403, 'Not allowed') },
        { to: '/api/posts', token: { scopes: ['posts:read'] }, answer: granted('posts') },
        {
          to: '/api/posts',
          token: { scopes: ['posts:read'], expiresIn: -3600 },
          answer: { ...problem(401, 'Sign in first'), challenge: 'Bearer error="invalid_token"' },
        },
        ({ tenant }) => tenant.close(),
        { to: '/api/posts', opaque: {}, answer: problem(503, 'Try again later') },
      ],
    },
    Types: {
      augmented: true,
      requests: [
        { to: '/api/me', answer: NO_TOKEN },
        { to: '/api/me', token: { subject: 'ada' }, answer: { status: 200, json: { sub: 'ada' } } },
      ],
    },
    'Your own claims': {
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
    WebSockets: {
      requests: [
        ...HELLO,
        async ({ base, tenant }) => {
          const live = { subject: 'ada', scopes: ['live'] };
          assert.equal(await upgrade(base, await tenant.issueToken(live)), 501);
          assert.equal(await upgrade(base, await tenant.issueToken({})), 401);
          assert.equal(await upgrade(base, 'rubbish'), 401);
        },
      ],
      prints: /^ada connects with live\n$/,
    },
  },
};
