'use strict';

// The same programs under TypeScript 5.0, the oldest that is supported, with both majors of the
// frameworks. What it says of other packages is not ours: Fastify 5 uses `NoInfer`, which is 5.4's. So
// only what it finds in the programs and in our own declarations counts, and those are not skipped.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { ALL, RESOLUTIONS, VERSIONS, compile, createProject } = require('../support/compiler.js');
const { testRefused } = require('./refused.js');

const FOUR = { ...ALL, '@types/express': 'types-express4', fastify: 'fastify4' };
const how = { version: '5.0', ownOnly: true };

describe('TypeScript 5.0', () => {
  const all = createProject(ALL);
  const bare = createProject({});

  it('is what it says', () => {
    assert.match(VERSIONS['5.0'].version, /^5\.0\./);
  });

  // This version's `node16` and `nodenext` are the same.
  for (const resolution of ['nodenext', 'bundler']) {
    const flags = RESOLUTIONS[resolution];
    it(`compiles the seeds, our rules and generics under ${resolution}`, () => {
      assert.equal(compile(all, 'tsconfig.json', flags, how), '');
    });

    it(`compiles the augmentations of the seeds under ${resolution}`, () => {
      assert.equal(compile(all, 'tsconfig.augmented.json', flags, how), '');
    });

    it(`compiles the helpers without @types/node under ${resolution}`, () => {
      assert.equal(compile(bare, 'tsconfig.bare.json', flags, how), '');
    });
  }

  it('compiles them with Express 4 and Fastify 4', () => {
    assert.equal(compile(createProject(FOUR), 'tsconfig.json', {}, how), '');
  });
});

testRefused('5.0', ['nodenext']);
