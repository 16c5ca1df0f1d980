'use strict';

// The hand-written types, compiled as customers compile them: installed in a project of its own,
// under each way TypeScript resolves modules, from ES modules and from CommonJS. The programs are in
// `types/`: the seeds' snippets with their imports unchanged, and rules of ours in which
// `@ts-expect-error` marks what must not compile.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, describe, it } = require('node:test');

const root = path.join(__dirname, '..');
const modules = path.join(root, 'node_modules');
const typescript = path.join(modules, 'typescript');
const tsc = path.join(typescript, require(path.join(typescript, 'package.json')).bin.tsc);

const projects = [];
after(() => {
  for (const project of projects) {
    fs.rmSync(project, { recursive: true, force: true });
  }
});

function copyDeclarations(from, to) {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) {
      copyDeclarations(source, target);
    } else if (/\.d\.m?ts$/.test(entry.name)) {
      fs.mkdirSync(to, { recursive: true });
      fs.copyFileSync(source, target);
    }
  }
}

/** The same program as CommonJS, where a statement cannot be awaited. */
function twin(file) {
  const text = fs.readFileSync(file, 'utf8').replaceAll(/^await /gm, 'void ');
  fs.writeFileSync(file.replace(/\.mts$/, '.cts'), text);
}

/**
 * A project with this package's manifest and declarations in `node_modules`, and links to what else
 * it has. It is outside of the repository, so what is not linked is not there.
 * @param {Record<string, string>} dependencies names, and which of our own `node_modules` they are
 */
function createProject(dependencies) {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-types-'));
  projects.push(project);
  fs.cpSync(path.join(__dirname, 'types'), project, { recursive: true });
  for (const directory of ['seeds', 'rules', 'augmented', 'dom', 'bare']) {
    for (const file of fs.readdirSync(path.join(project, directory))) {
      twin(path.join(project, directory, file));
    }
  }
  const installed = path.join(project, 'node_modules', '@monocloud', 'backend-node');
  fs.mkdirSync(installed, { recursive: true });
  for (const file of ['package.json', 'index.d.ts', 'index.d.mts']) {
    fs.copyFileSync(path.join(root, file), path.join(installed, file));
  }
  copyDeclarations(path.join(root, 'js'), path.join(installed, 'js'));
  for (const [name, target] of Object.entries(dependencies)) {
    const link = path.join(project, 'node_modules', name);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(path.join(modules, target), link, 'junction');
  }
  return project;
}

function compile(project, config, ...flags) {
  const args = [tsc, '-p', path.join(project, config), '--pretty', 'false', ...flags];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: project, timeout: 300_000 }, (error, stdout) => {
      if (error && stdout === '') {
        reject(error);
      } else {
        resolve(stdout);
      }
    });
  });
}

const NODE = { '@types/node': '@types/node', 'undici-types': 'undici-types' };
const EXPRESS = {
  '@types/express': '@types/express',
  dotenv: 'dotenv',
};
const FASTIFY = { fastify: 'fastify', dotenv: 'dotenv' };
const ALL = { ...NODE, ...EXPRESS, ...FASTIFY };

const RESOLUTIONS = {
  node16: ['--module', 'node16', '--moduleResolution', 'node16'],
  nodenext: ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
};

const installed = (name) => fs.existsSync(path.join(modules, name, 'package.json'));

// Two at a time: each takes seconds of one core.
describe('types', { concurrency: 2 }, () => {
  for (const [name, flags] of Object.entries(RESOLUTIONS)) {
    it(`the seeds' programs and our rules compile under ${name}`, async () => {
      assert.equal(await compile(createProject(ALL), 'tsconfig.json', ...flags), '');
    });

    it(`the root and the helpers compile without @types/node and DOM under ${name}`, async () => {
      assert.equal(await compile(createProject({}), 'tsconfig.bare.json', ...flags), '');
    });
  }

  it('the augmentations of the seeds compile', async () => {
    assert.equal(await compile(createProject(ALL), 'tsconfig.augmented.json'), '');
  });

  it('everything compiles with the DOM library, and fits the interfaces that the seeds print', async () => {
    assert.equal(await compile(createProject(ALL), 'tsconfig.dom.json'), '');
  });

  it('everything compiles with exactOptionalPropertyTypes', async () => {
    const flags = ['--exactOptionalPropertyTypes'];
    assert.equal(await compile(createProject(ALL), 'tsconfig.json', ...flags), '');
  });

  it('./express needs no Fastify', async () => {
    const project = createProject({ ...NODE, ...EXPRESS });
    assert.equal(await compile(project, 'tsconfig.express.json'), '');
  });

  it('./fastify needs no Express', async () => {
    const project = createProject({ ...NODE, ...FASTIFY });
    assert.equal(await compile(project, 'tsconfig.fastify.json'), '');
  });

  it('./fastify compiles with Fastify 4', async () => {
    const project = createProject({ ...NODE, ...FASTIFY, fastify: 'fastify4' });
    assert.equal(await compile(project, 'tsconfig.fastify.json'), '');
  });

  it('./express compiles with @types/express 4', {
    skip: !installed('types-express4') && 'types-express4 is not installed',
  }, async () => {
    const project = createProject({ ...NODE, ...EXPRESS, '@types/express': 'types-express4' });
    assert.equal(await compile(project, 'tsconfig.express.json'), '');
  });

  it('a mistake is found at all', async () => {
    const project = createProject(ALL);
    fs.appendFileSync(path.join(project, 'rules', 'root.mts'), 'client.noSuchMethod();\n');
    assert.match(await compile(project, 'tsconfig.json'), /rules\/root\.mts.*TS2339.*noSuchMethod/);
  });

  for (const [entry, file] of Object.entries({
    '@monocloud/backend-node': 'index.d.ts',
    '@monocloud/backend-node/express': 'js/express/index.d.ts',
    '@monocloud/backend-node/fastify': 'js/fastify/index.d.ts',
    '@monocloud/backend-node/utils': 'js/utils.d.ts',
    '@monocloud/backend-node/internal': 'js/internal.d.ts',
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
