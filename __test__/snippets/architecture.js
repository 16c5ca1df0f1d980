'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

module.exports = {
  page: 'docs/architecture.md',
  snippets: {
    'One way through': {
      check({ text }) {
        const places = text.match(/\b(?:js|src)\/[\w./-]*/g);
        assert.ok(places.length > 15);
        for (const place of places) assert.ok(fs.existsSync(path.join(root, place)), place);
      },
    },
  },
};
