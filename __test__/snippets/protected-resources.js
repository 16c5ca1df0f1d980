'use strict';

const { granted } = require('../support/snippets/common.js');

const URL = 'https://api.example.com/.well-known/oauth-protected-resource';

module.exports = {
  page: 'docs/protected-resources.md',
  snippets: {
    'Protected resources': {
      requests: [
        {
          to: '/.well-known/oauth-protected-resource',
          answer: { status: 200, headers: { 'access-control-allow-origin': '*' } },
        },
        {
          to: '/api/posts',
          answer: { status: 401, challenge: `Bearer resource_metadata="${URL}"` },
        },
        { to: '/api/posts', token: { scopes: ['posts:read'] }, answer: granted('posts') },
      ],
    },
  },
};
