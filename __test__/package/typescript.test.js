'use strict';

// A typical program compiles against the installed package with the latest TypeScript, however it resolves modules,
// as an ES module and as CommonJS; and what comes of it runs. The oldest is in ../types/oldest.test.js.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { commandOf, download } = require('../../tools/downloads.js');
const { PACKAGE, createProject, npm, programOf, remove, serve, succeed } = require('./support.js');

const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  // What it makes is for a bundler: the modules' extensions are not yet decided.
  bundler: { module: 'esnext', moduleResolution: 'bundler', noEmit: true },
};

const PRINTED = 'true paid true insufficient_scope 200 200\n';

describe('a program against the installed package', () => {
  let registry;
  let project;

  before(async () => {
    registry = await serve();
    const options = {
      target: 'es2022',
      lib: ['es2022'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      esModuleInterop: true,
      skipLibCheck: true,
    };
    const program = programOf('typed.mts');
    const configs = Object.entries(RESOLUTIONS).map(([name, more]) => {
      const compilerOptions = { ...options, ...more, rootDir: '.', outDir: `out/${name}` };
      const config = { compilerOptions, files: ['typed.mts', 'typed.cts'] };
      return [`tsconfig.${name}.json`, JSON.stringify(config)];
    });
    project = createProject(registry, {
      'typed.mts': program,
      'typed.cts': program,
      ...Object.fromEntries(configs),
    });
    const others = ['express@5', 'fastify@5', '@types/express@5', '@types/node@20'];
    await npm(['install', PACKAGE, ...others], { cwd: project });
  });

  after(async () => {
    remove(project);
    await registry.close();
  });

  for (const name of Object.keys(RESOLUTIONS)) {
    it(`compiles under ${name}`, async () => {
      const tsc = commandOf(download('typescript-latest'), 'typescript', 'tsc');
      const out = `out/${name}`;
      const args = ['-p', `tsconfig.${name}.json`, '--pretty', 'false'];
      await succeed(process.execPath, [tsc, ...args], { cwd: project });
      if (RESOLUTIONS[name].noEmit) return;
      for (const file of ['typed.mjs', 'typed.cjs']) {
        const { stdout } = await succeed(process.execPath, [path.join(out, file)], {
          cwd: project,
        });
        assert.equal(stdout, PRINTED, file);
      }
    });
  }
});
