'use strict';

const { NO_TOKEN, granted } = require('../support/snippets/common.js');

module.exports = {
  page: 'docs/helpers.md',
  snippets: {
    'A group inside a handler': {
      requests: [
        { to: '/api/report', answer: NO_TOKEN },
        { to: '/api/report', token: { groups: ['finance'] }, answer: granted('the whole report') },
        { to: '/api/report', token: { groups: ['sales'] }, answer: granted('a summary') },
      ],
    },
  },
};
