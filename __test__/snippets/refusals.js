'use strict';

// What the page says of each reason is tested in ../refusals.test.js.

module.exports = {
  page: 'docs/refusals.md',
  snippets: {
    'How to see the reason': {
      ends: /^MonoCloudTokenError invalid_token malformed_header Failed to parse JWT Header\n$/,
    },
  },
};
