'use strict';

module.exports = { page: 'docs/architecture.md', snippets: {} };
