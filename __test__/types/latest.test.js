'use strict';

// The declarations, compiled as customers compile them by today's TypeScript: installed in a project of its
// own, under each way to resolve modules, from ES modules and from CommonJS. The programs are the seeds' with
// their imports unchanged; rules of ours, in which `@ts-expect-error` marks what must not compile; and the
// examples in the comments. All in one process, which reads the frameworks' types once.
//
// The frameworks' own files are checked once, in the first test. The other tests check the programs and the
// declarations of this package.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const {
  ALL,
  EXPRESS,
  FASTIFY,
  NODE,
  REDIS,
  RESOLUTIONS,
  compile,
  createProject,
} = require('../support/compiler.js');
const { testExamples } = require('./examples.js');
const { testRefused } = require('./refused.js');

const CLIENTS = { ...REDIS, ioredis5: 'ioredis5', redis4: 'redis4', redis5: 'redis5' };
const ownOnly = { ownOnly: true };

describe("today's TypeScript", () => {
  const all = createProject({ ...ALL, ...CLIENTS });
  const bare = createProject({});

  it('compiles the programs under node16, and accepts the declarations of all packages', () => {
    assert.equal(compile(all, 'tsconfig.json', RESOLUTIONS.node16), '');
  });

  for (const [name, flags] of Object.entries(RESOLUTIONS)) {
    if (name !== 'node16') {
      it(`compiles the seeds' programs and our rules under ${name}`, () => {
        const exact = { ...flags, exactOptionalPropertyTypes: true };
        assert.equal(compile(all, 'tsconfig.json', exact, ownOnly), '');
      });
    }

    it(`compiles the root and the helpers without @types/node and DOM under ${name}`, () => {
      assert.equal(compile(bare, 'tsconfig.bare.json', flags), '');
    });

    it(`compiles the augmentations of the seeds under ${name}`, () => {
      assert.equal(compile(all, 'tsconfig.augmented.json', flags, ownOnly), '');
    });
  }

  // `node16` resolves as `nodenext` does.
  for (const name of ['nodenext', 'bundler']) {
    it(`compiles createRedisCache with every client under ${name}`, () => {
      assert.equal(compile(all, 'tsconfig.redis.json', RESOLUTIONS[name], ownOnly), '');
    });
  }

  it('compiles `await using` of a test tenant', () => {
    const project = createProject(NODE);
    for (const options of [{}, { lib: ['es2022', 'esnext.disposable'] }, { types: ['node'] }]) {
      assert.equal(compile(project, 'tsconfig.using.json', options), '');
    }
  });

  it('compiles with the DOM library, and fits the interfaces that the seeds print', () => {
    assert.equal(compile(all, 'tsconfig.dom.json', {}, ownOnly), '');
  });

  it('compiles ./express without Fastify', () => {
    const project = createProject({ ...NODE, ...EXPRESS });
    assert.equal(compile(project, 'tsconfig.express.json', {}, ownOnly), '');
  });

  it('compiles ./fastify without Express', () => {
    const project = createProject({ ...NODE, ...FASTIFY });
    assert.equal(compile(project, 'tsconfig.fastify.json', {}, ownOnly), '');
  });

  it('compiles ./fastify with Fastify 4', () => {
    const project = createProject({ ...NODE, ...FASTIFY, fastify: 'fastify4' });
    assert.equal(compile(project, 'tsconfig.fastify.json', {}, ownOnly), '');
  });

  it('compiles ./express with @types/express 4', () => {
    const project = createProject({ ...NODE, ...EXPRESS, '@types/express': 'types-express4' });
    assert.equal(compile(project, 'tsconfig.express.json', {}, ownOnly), '');
  });
});

testRefused('latest', ['nodenext', 'bundler']);
testExamples();
