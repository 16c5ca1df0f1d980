'use strict';

// Code, tests and pages cite docs/contract.md by section: "contract §4", "contract §7b". Each section that is
// cited has a heading there.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const root = path.join(__dirname, '..', '..');
const CITING = ['src', 'js', 'tests', '__test__', 'tools', 'bench', 'fuzz', 'docs', 'examples'];
const TEXT = /\.(rs|[cm]?[jt]s|md|toml|ya?ml|sh)$/;
const NOT_OURS = new Set(['node_modules', 'target', 'corpus']);

/** One or more sections after the page's name, which may stand on the comment line before. */
const CITATION = /\bcontract(?:\.md)?`?,?[\s/*#!]+((?:§\d+[a-z]?(?:,? (?:and |to )?)?)+)/gi;

function* filesBelow(directory) {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory() && !NOT_OURS.has(entry.name)) yield* filesBelow(file);
    else if (entry.isFile() && TEXT.test(entry.name)) yield file;
  }
}

/** Where each section is cited: `{ '4': ['src/validator/mod.rs', …] }`. */
function citations() {
  const cited = new Map();
  for (const file of CITING.flatMap((name) => [...filesBelow(path.join(root, name))])) {
    for (const [, sections] of fs.readFileSync(file, 'utf8').matchAll(CITATION)) {
      for (const [, section] of sections.matchAll(/§(\d+[a-z]?)/g)) {
        const places = cited.get(section) ?? new Set();
        cited.set(section, places.add(path.relative(root, file)));
      }
    }
  }
  return cited;
}

describe('docs/contract.md', () => {
  const page = fs.readFileSync(path.join(root, 'docs', 'contract.md'), 'utf8');
  const headings = Array.from(page.matchAll(/^## (\d+[a-z]?)\. /gm), ([, section]) => section);

  it('numbers its sections once, in order', () => {
    assert.equal(new Set(headings).size, headings.length);
    assert.deepEqual(headings, [...headings].sort(compare));
  });

  it('has every section that is cited', () => {
    const cited = citations();
    assert.ok(cited.size > 5, 'citations are no longer read as they were');
    const unknown = [...cited].filter(([section]) => !headings.includes(section));
    assert.deepEqual(unknown, []);
  });
});

/** 7, 7b, 8, …, 10. */
function compare(one, other) {
  return Number.parseInt(one, 10) - Number.parseInt(other, 10) || (one < other ? -1 : 1);
}
