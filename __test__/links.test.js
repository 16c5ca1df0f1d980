'use strict';

// Every page of docs/ is in its index. Whether links lead to a file and a heading that are there is checked
// by lychee, in `npm run ready`.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { it } = require('node:test');

const DOCS = path.join(__dirname, '..', 'docs');

it('every page of docs/ is in its index', () => {
  const index = fs.readFileSync(path.join(DOCS, 'README.md'), 'utf8');
  const pages = fs.readdirSync(DOCS).filter((name) => /(?<!^README)\.md$/.test(name));
  assert.ok(pages.length > 10);
  assert.deepEqual(
    pages.filter((page) => !index.includes(`](${page})`)),
    [],
  );
});
