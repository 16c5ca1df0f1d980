'use strict';

const {
  BAD_TOKEN,
  EXPIRED,
  FORBIDDEN,
  FROM_ELSEWHERE,
  NOT_IN_THE_HEADER,
  NO_TOKEN,
  granted,
} = require('../support/snippets/common.js');

const JSON_BODY = { method: 'POST', headers: { 'content-type': 'application/json' } };
const refused = (status, error, headers = {}) => ({ status, json: { error }, headers });

module.exports = {
  page: 'docs/fastify.md',
  also: { fastify: 'fastify4' },
  snippets: {
    'The factory and the hook': {
      requests: [
        { to: '/api/health', answer: granted('for anybody') },
        { to: '/api/me', answer: NO_TOKEN },
        { to: '/api/me', token: { subject: 'ada' }, answer: { status: 200, json: { sub: 'ada' } } },
        // Past the tolerance that the program names, within the usual one.
        { to: '/api/me', token: { expiresIn: -120 }, answer: BAD_TOKEN },
        ...[
          [{ scopes: ['posts:write'], claims: { roles: ['reader'] } }, FORBIDDEN],
          [{ claims: { roles: ['admin'] } }, FORBIDDEN],
          [
            { scopes: ['posts:write'], claims: { roles: ['admin'] } },
            { status: 201, json: { title: 'New' } },
          ],
        ].map(([token, answer]) => ({
          to: '/api/posts',
          ...JSON_BODY,
          body: '{"title":"New"}',
          token,
          answer,
        })),
        // Not even looked at.
        { to: '/api/posts', ...JSON_BODY, body: '{"tit', answer: NO_TOKEN },
      ],
    },
    'As a plugin': {
      augmented: true,
      requests: [
        { to: '/api/me', answer: NO_TOKEN },
        { to: '/api/me', token: { subject: 'ada' }, answer: { status: 200, json: { sub: 'ada' } } },
        // Past the tolerance that the program names, within the usual one.
        { to: '/api/me', token: { expiresIn: -120 }, answer: BAD_TOKEN },
      ],
    },
    'Many routes': {
      requests: [
        { to: '/api/status', answer: granted('for anybody') },
        { to: '/api/posts', answer: NO_TOKEN },
        { to: '/api/posts', token: {}, answer: granted('for any token') },
        { to: '/api/drafts', token: {}, answer: FORBIDDEN },
        {
          to: '/api/drafts',
          token: { scopes: ['drafts'] },
          answer: granted('for one that may see drafts'),
        },
      ],
    },
    'Scopes by plugin': {
      requests: [
        { to: '/api/posts', token: { groups: ['admin'] }, answer: FORBIDDEN },
        { to: '/api/posts', token: { scopes: ['posts:read'] }, answer: granted('posts') },
        { to: '/api/admin/users', token: { scopes: ['posts:read'] }, answer: FORBIDDEN },
        { to: '/api/admin/users', token: { groups: ['admin'] }, answer: granted('users') },
      ],
    },
    'Which hook': {
      requests: [
        { to: '/api/beacon', ...JSON_BODY, body: '{}', answer: NO_TOKEN },
        async ({ base, send, tenant }) => {
          const body = JSON.stringify({ access_token: await tenant.issueToken() });
          const { status, text } = await send(`${base}/api/beacon`, { ...JSON_BODY, body });
          if (status !== 200) throw new Error(text);
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
        { to: '/health', answer: { status: 200, json: { keys: 'fresh' } } },
      ],
    },
    'A token that is not in the header': {
      requests: [...NOT_IN_THE_HEADER],
    },
    'Cross-origin requests (CORS)': {
      requests: [
        ...FROM_ELSEWHERE,
        // As the page says of a hook on the root.
        { to: '/nowhere', answer: NO_TOKEN },
      ],
    },
    'Answers of your own': {
      ownTenant: true,
      requests: [
        {
          to: '/api/posts',
          answer: refused(401, 'Not let in', {
            'www-authenticate': 'Bearer error="invalid_token"',
          }),
        },
        { to: '/api/posts', token: EXPIRED, answer: refused(401, 'Not let in') },
        { to: '/api/posts', token: {}, answer: refused(403, 'Not let in') },
        { to: '/api/posts', token: { scopes: ['posts:read'] }, answer: granted('posts') },
        ({ tenant }) => tenant.close(),
        {
          to: '/api/posts',
          opaque: {},
          answer: refused(503, 'Try again later', { 'retry-after': '5' }),
        },
      ],
    },
    Types: {
      augmented: true,
      requests: [
        { to: '/api/me', answer: NO_TOKEN },
        { to: '/api/me', token: { subject: 'ada' }, answer: { status: 200, json: { sub: 'ada' } } },
      ],
    },
  },
};
