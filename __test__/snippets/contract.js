'use strict';

module.exports = { page: 'docs/contract.md', snippets: {} };
