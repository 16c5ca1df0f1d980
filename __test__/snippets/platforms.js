'use strict';

module.exports = { page: 'docs/platforms.md', snippets: {} };
