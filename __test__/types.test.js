'use strict';

// The hand-written types, compiled as customers compile them: installed in a project of its own,
// under each way TypeScript resolves modules, from ES modules and from CommonJS. The programs are in
// `types/`: the seeds' snippets with their imports unchanged, and rules of ours in which
// `@ts-expect-error` marks what must not compile.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const {
  ALL,
  EXPRESS,
  FASTIFY,
  NODE,
  RESOLUTIONS,
  compile,
  createProject,
} = require('./support/compiler.js');

const root = path.join(__dirname, '..');

describe('types', () => {
  for (const [name, flags] of Object.entries(RESOLUTIONS)) {
    it(`the seeds' programs and our rules compile under ${name}`, () => {
      assert.equal(compile(createProject(ALL), 'tsconfig.json', flags), '');
    });

    it(`the root and the helpers compile without @types/node and DOM under ${name}`, () => {
      assert.equal(compile(createProject({}), 'tsconfig.bare.json', flags), '');
    });

    it(`the augmentations of the seeds compile under ${name}`, () => {
      assert.equal(compile(createProject(ALL), 'tsconfig.augmented.json', flags), '');
    });
  }

  it('a test tenant can be had with `await using`', () => {
    const project = createProject(NODE);
    assert.equal(compile(project, 'tsconfig.using.json'), '');
    const library = { lib: ['es2022', 'esnext.disposable'] };
    assert.equal(compile(project, 'tsconfig.using.json', library), '');
    const node = { types: ['node'] };
    assert.equal(compile(project, 'tsconfig.using.json', node), '');
  });

  it('everything compiles with the DOM library, and fits the interfaces that the seeds print', () => {
    assert.equal(compile(createProject(ALL), 'tsconfig.dom.json'), '');
  });

  it('everything compiles with exactOptionalPropertyTypes', () => {
    const flags = { exactOptionalPropertyTypes: true };
    assert.equal(compile(createProject(ALL), 'tsconfig.json', flags), '');
  });

  it('./express needs no Fastify', () => {
    const project = createProject({ ...NODE, ...EXPRESS });
    assert.equal(compile(project, 'tsconfig.express.json'), '');
  });

  it('./fastify needs no Express', () => {
    const project = createProject({ ...NODE, ...FASTIFY });
    assert.equal(compile(project, 'tsconfig.fastify.json'), '');
  });

  it('./fastify compiles with Fastify 4', () => {
    const project = createProject({ ...NODE, ...FASTIFY, fastify: 'fastify4' });
    assert.equal(compile(project, 'tsconfig.fastify.json'), '');
  });

  it('./express compiles with @types/express 4', () => {
    const project = createProject({ ...NODE, ...EXPRESS, '@types/express': 'types-express4' });
    assert.equal(compile(project, 'tsconfig.express.json'), '');
  });

  it('a mistake is found at all', () => {
    const project = createProject(ALL);
    fs.appendFileSync(path.join(project, 'rules', 'root.mts'), 'client.noSuchMethod();\n');
    assert.match(compile(project, 'tsconfig.json'), /rules\/root\.mts.*TS2339.*noSuchMethod/);
  });

  for (const [entry, file] of Object.entries({
    '@monocloud/backend-node': 'index.d.ts',
    '@monocloud/backend-node/express': 'js/express/index.d.ts',
    '@monocloud/backend-node/fastify': 'js/fastify/index.d.ts',
    '@monocloud/backend-node/utils': 'js/helpers/utils.d.ts',
    '@monocloud/backend-node/internal': 'js/helpers/internal.d.ts',
  })) {
    it(`${entry} has at run time what its types say, for require and import`, async () => {
      const own = fs.readFileSync(path.join(root, file), 'utf8');
      const everything = own.includes("export * from '../../index.js'")
        ? own + fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8')
        : own;
      const declared = everything.matchAll(/^export declare (?:class|function) (\w+)/gm);
      const names = [...new Set(Array.from(declared, ([, name]) => name))].sort();
      const required = require(entry);
      const imported = await import(entry);
      assert.deepEqual(Object.keys(required).sort(), names);
      for (const name of names) {
        assert.equal(imported[name], required[name], name);
      }
    });
  }

  it('every method that is declared exists', () => {
    const source = fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8');
    const classes = require('@monocloud/backend-node');
    const missing = [];
    for (const [, name, body] of source.matchAll(
      /^export declare class (\w+)[^{]*\{\n([\s\S]*?)^\}/gm,
    )) {
      for (const [, isStatic, method] of body.matchAll(/^ {2}(static )?(\w+)[(<]/gm)) {
        const holder = isStatic ? classes[name] : classes[name].prototype;
        if (typeof holder[method] !== 'function') {
          missing.push(`${name}.${method}`);
        }
      }
    }
    assert.deepEqual(missing, []);
  });
});
