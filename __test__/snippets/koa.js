'use strict';

const { FORBIDDEN, NO_TOKEN, granted } = require('../support/snippets/common.js');

module.exports = {
  page: 'docs/koa.md',
  also: { koa: 'koa2' },
  snippets: {
    Koa: {
      requests: [
        { to: '/api/health', answer: granted('for anybody') },
        { to: '/api/me', answer: NO_TOKEN },
        { to: '/api/me', token: {}, answer: FORBIDDEN },
        {
          to: '/api/me',
          token: { scopes: ['me:read'], subject: 'ada' },
          answer: { status: 200, json: { sub: 'ada' } },
        },
      ],
    },
  },
};
