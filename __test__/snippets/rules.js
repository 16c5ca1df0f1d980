'use strict';

const assert = require('node:assert/strict');

const {
  BAD_TOKEN,
  EXPIRED,
  FORBIDDEN,
  NO_TOKEN,
  UNAUTHORIZED,
  granted,
} = require('../support/snippets/common.js');

const now = () => Math.floor(Date.now() / 1000);

const stepUp = (asked) => ({
  ...UNAUTHORIZED,
  challenge: `Bearer error="insufficient_user_authentication", ${asked}`,
});

const post = (claims, answer) => ({
  to: '/api/payments',
  method: 'POST',
  token: (tenant) => tenant.issueToken({ claims: claims() }),
  answer,
});

const MFA = 'acr_values="urn:example:mfa", max_age="300"';

const problem = (status, title, type) => ({
  status,
  json: { type, title, status },
});

const TYPES = 'https://api.example.com/problems/';

module.exports = {
  page: 'docs/rules.md',
  also: { express: 'express4' },
  snippets: {
    'Scopes, groups and claims': {
      requests: [
        { to: '/api/reports', answer: NO_TOKEN },
        { to: '/api/reports', token: { scopes: ['other'] }, answer: FORBIDDEN },
        ...['reports:read', 'reports:admin'].map((scope) => ({
          to: '/api/reports',
          token: { scopes: [scope] },
          answer: granted('reports'),
        })),
        ...[
          [{ plan: 'team', staff: true }, granted('exports')],
          [{ plan: 'free', staff: true }, FORBIDDEN],
          [{ plan: 'team', staff: 'true' }, FORBIDDEN],
          [{ plan: 'team' }, FORBIDDEN],
        ].map(([claims, answer]) => ({
          to: '/api/exports',
          token: { scopes: ['reports:read'], claims },
          answer,
        })),
        {
          to: '/api/admin',
          token: { claims: { realm_access: { roles: ['admin'] } } },
          answer: granted('for administrators'),
        },
        { to: '/api/admin', token: {}, answer: FORBIDDEN },
      ],
    },
    'A rule of your own': {
      requests: ['ada', 'bob']
        .flatMap((subject) => ['acme', 'other', 'constructor'].map((org) => [subject, org]))
        .map(([subject, org]) => ({
          to: `/api/orgs/${org}/invoices`,
          token: { subject, scopes: ['invoices:read'] },
          answer: subject === 'ada' && org === 'acme' ? granted('invoices') : FORBIDDEN,
        })),
    },
    'Step-up authentication': {
      requests: [
        { to: '/api/balance', token: {}, answer: granted('balance') },
        post(() => ({}), stepUp(MFA)),
        post(() => ({ acr: 'urn:example:mfa', auth_time: now() - 3600 }), stepUp(MFA)),
        post(() => ({ acr: 'urn:example:pwd', auth_time: now() }), stepUp(MFA)),
        post(() => ({ acr: 'urn:example:mfa', auth_time: now() }), granted('paid')),
      ],
    },
    'Step-up authentication 2': {
      check(snippet) {
        assert.equal(snippet.language, 'http');
        assert.ok(snippet.text.includes(`"insufficient_user_authentication", ${MFA}\n`));
      },
    },
    'Step-up authentication 3': {
      compiled: 'such a client signs in at oidc-provider in e2e/step-up.test.js',
    },
    'A route that needs no token': {
      requests: [
        { to: '/api/posts', answer: granted('public posts') },
        { to: '/api/posts', token: { subject: 'ada' }, answer: granted('posts for ada') },
        { to: '/api/posts', token: EXPIRED, answer: BAD_TOKEN },
        { to: '/api/posts', headers: { authorization: 'Bearer' }, answer: BAD_TOKEN },
        {
          to: '/api/posts',
          headers: { authorization: 'Basic YTpi' },
          answer: granted('public posts'),
        },
      ],
    },
    'Error bodies of your own': {
      requests: [
        {
          to: '/api/posts',
          answer: { ...NO_TOKEN, json: { error: 'no_access', path: '/api/posts' } },
        },
        {
          to: '/api/posts',
          token: EXPIRED,
          answer: { ...BAD_TOKEN, json: { error: 'invalid_token', path: '/api/posts' } },
        },
        {
          to: '/api/posts',
          token: {},
          answer: { ...FORBIDDEN, json: { error: 'insufficient_scope', path: '/api/posts' } },
        },
        { to: '/api/posts', token: { scopes: ['posts:read'] }, answer: granted('posts') },
      ],
    },
    'Problem details': {
      requests: [
        { to: '/api/posts', answer: problem(401, 'Unauthorized', 'about:blank') },
        {
          to: '/api/posts',
          token: EXPIRED,
          answer: {
            ...problem(401, 'Unauthorized', `${TYPES}invalid_token`),
            challenge: BAD_TOKEN.challenge,
            headers: { 'content-type': 'application/problem+json; charset=utf-8' },
          },
        },
        {
          to: '/api/posts',
          token: {},
          answer: problem(403, 'Forbidden', `${TYPES}insufficient_scope`),
        },
        { to: '/api/posts', token: { scopes: ['posts:read'] }, answer: granted('posts') },
      ],
    },
    'Problem details 2': {
      check(snippet) {
        const expected = problem(403, 'Forbidden', `${TYPES}insufficient_scope`);
        assert.deepEqual(JSON.parse(snippet.text), expected.json);
      },
    },
    'Typed scopes': {
      requests: [
        { to: '/api/posts', answer: NO_TOKEN },
        { to: '/api/posts', token: {}, answer: FORBIDDEN },
        { to: '/api/posts', token: { scopes: ['posts:read'] }, answer: granted('posts') },
        { to: '/api/misspelt', answer: granted('function') },
      ],
    },
  },
};
