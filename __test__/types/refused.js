'use strict';

// What must not compile: the mistakes in `refused/`, each refused on its line, with its code, and nothing
// else. A line that is to be refused has a comment before it: the code, or the codes where compilers
// differ, and why.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { ALL, RESOLUTIONS, compile, createProject } = require('../support/compiler.js');

const CASE = /^ *\/\/ (TS\d+(?:\|TS\d+)*): (.+)$/;

/** `file:line`, and which codes are allowed there. */
function expected(project) {
  const cases = new Map();
  for (const file of fs.readdirSync(path.join(project, 'refused'))) {
    const lines = fs.readFileSync(path.join(project, 'refused', file), 'utf8').split('\n');
    for (const [index, line] of lines.entries()) {
      const found = CASE.exec(line);
      if (found) cases.set(`refused/${file}:${index + 2}`, found[1].split('|'));
    }
  }
  return cases;
}

/** `file:line`, and which codes were found there. */
function found(output) {
  const errors = new Map();
  for (const [, file, line, code] of output.matchAll(/^(\S+?)\((\d+),\d+\): error (TS\d+):/gm)) {
    const place = `${file}:${line}`;
    errors.set(place, [...(errors.get(place) ?? []), code]);
  }
  return errors;
}

/**
 * @param {string} version of TypeScript
 * @param {string[]} resolutions of RESOLUTIONS
 */
function testRefused(version, resolutions) {
  describe('what must not compile', () => {
    for (const resolution of resolutions) {
      it(`is refused by TypeScript ${version} under ${resolution}`, () => {
        const project = createProject(ALL);
        const output = compile(project, 'tsconfig.refused.json', RESOLUTIONS[resolution], {
          version,
          ownOnly: true,
        });
        const [wanted, errors] = [expected(project), found(output)];
        assert.ok(wanted.size > 200, `${wanted.size} cases`);
        const problems = [];
        for (const [place, codes] of wanted) {
          const got = errors.get(place) ?? ['nothing'];
          if (!got.some((code) => codes.includes(code)) || new Set(got).size > 1) {
            problems.push(`${place}: ${got} instead of ${codes}`);
          }
        }
        for (const [place, codes] of errors) {
          if (!wanted.has(place)) problems.push(`${place}: ${codes}, which nobody expects`);
        }
        assert.deepEqual(problems, []);
      });
    }
  });
}

module.exports = { testRefused };
