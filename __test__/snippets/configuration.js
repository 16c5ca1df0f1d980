'use strict';

const { EXPIRED } = require('../support/snippets/common.js');

module.exports = {
  page: 'docs/configuration.md',
  snippets: {
    'Without a framework': {
      requests: [
        { to: '/', answer: { status: 401, text: '' } },
        { to: '/', token: EXPIRED, answer: { status: 401, text: '' } },
        { to: '/', token: { scopes: ['read'] }, answer: { status: 403, text: '' } },
        {
          to: '/',
          token: { subject: 'ada', scopes: ['greet'] },
          answer: { status: 200, text: 'Hello ada' },
        },
      ],
      prints:
        /^MonoCloudValidationError undefined\nMonoCloudTokenError expired\nMonoCloudTokenError missing_scopes\n$/,
    },
  },
};
