'use strict';

const { FORBIDDEN, NO_TOKEN, granted, isOld } = require('../support/snippets/common.js');

module.exports = {
  page: 'docs/nest.md',
  snippets: {
    Nest: {
      skip: isOld && 'Nest 11 is for Node.js 20 and later',
      requests: [
        { to: '/api/me', answer: NO_TOKEN },
        { to: '/api/me', token: { subject: 'ada' }, answer: { status: 200, json: { sub: 'ada' } } },
        { to: '/api/posts', token: {}, answer: FORBIDDEN },
        {
          to: '/api/posts',
          token: { scopes: ['posts:read'], subject: 'ada' },
          answer: granted('posts of ada'),
        },
      ],
    },
  },
};
