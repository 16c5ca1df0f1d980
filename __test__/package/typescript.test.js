'use strict';

// A typical program compiles against the installed package, with the oldest TypeScript and the latest,
// however it resolves modules, as an ES module and as CommonJS; and what comes of it runs.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { commandOf, download } = require('../../tools/downloads.js');
const { PACKAGE, createProject, npm, programOf, remove, serve, succeed } = require('./support.js');

const RESOLUTIONS = {
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  // What it makes is for a bundler: the modules' extensions are not yet decided.
  bundler: { module: 'esnext', moduleResolution: 'bundler', noEmit: true },
};

/** `node16` and `nodenext` resolve alike. */
const COMPILED = [
  ['oldest', 'node16'],
  ['oldest', 'bundler'],
  ['latest', 'nodenext'],
  ['latest', 'bundler'],
];

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
      // Express's and Fastify's own types are newer than the oldest TypeScript.
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

  for (const [which, name] of COMPILED) {
    it(`compiles with the ${which} TypeScript and ${name}`, async () => {
      const tsc = commandOf(download(`typescript-${which}`), 'typescript', 'tsc');
      const out = `out/${which}-${name}`;
      const args = ['-p', `tsconfig.${name}.json`, '--pretty', 'false', '--outDir', out];
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
