'use strict';

module.exports = { page: 'docs/mutants.md', snippets: {} };
