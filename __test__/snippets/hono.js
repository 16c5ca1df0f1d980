'use strict';

const { FORBIDDEN, NO_TOKEN, granted, isOld } = require('../support/snippets/common.js');

module.exports = {
  page: 'docs/hono.md',
  snippets: {
    Hono: {
      skip: isOld && '@hono/node-server is for Node.js 20 and later',
      requests: [
        { to: '/api/health', answer: granted('for anybody') },
        { to: '/api/me', answer: NO_TOKEN },
        { to: '/api/me', token: {}, answer: FORBIDDEN },
        {
          to: '/api/me',
          token: { scopes: ['me:read'], subject: 'ada' },
          answer: { status: 200, json: { sub: 'ada' } },
        },
        { to: '/api/greeting', answer: granted('hello stranger') },
        { to: '/api/greeting', token: { subject: 'ada' }, answer: granted('hello ada') },
      ],
    },
  },
};
