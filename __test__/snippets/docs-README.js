'use strict';

module.exports = { page: 'docs/README.md', snippets: {} };
