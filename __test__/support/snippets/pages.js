'use strict';

// README.md and docs/: what is on the pages, what is expected of it, and its one compilation.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..', '..');
const EXPECTED = path.join(root, '__test__', 'snippets');

// Ignored by git. It is an empty project with the package installed, as a reader's.
const work = path.join(root, '.cache', 'snippets');

/** The pages whose snippets are run. docs/api is made from the types, and has tests of its own. */
function listPages() {
  const docs = path.join(root, 'docs');
  const pages = fs.existsSync(docs) ? fs.readdirSync(docs, { recursive: true }) : [];
  return [
    'README.md',
    ...pages
      .map((page) => `docs/${page.replaceAll('\\', '/')}`)
      .filter((page) => page.endsWith('.md') && !page.startsWith('docs/api/'))
      .sort(),
  ];
}

/** The fenced snippets of a page, each under its heading's name, and its number where it has several. */
function snippetsOf(page) {
  const snippets = new Map();
  let heading = '';
  let fence;
  for (const line of fs.readFileSync(path.join(root, page), 'utf8').split('\n')) {
    if (fence !== undefined) {
      if (line === '```') {
        let name = heading;
        for (let number = 2; snippets.has(name); number += 1) {
          name = `${heading} ${number}`;
        }
        snippets.set(name, { language: fence.language, text: `${fence.lines.join('\n')}\n` });
        fence = undefined;
      } else {
        fence.lines.push(line);
      }
    } else if (line.startsWith('```')) {
      fence = { language: line.slice(3), lines: [] };
    } else if (/^\s*(`{3}|~{3})/.test(line)) {
      assert.fail(
        `${page}: a fence is three backticks at the beginning of a line, or not seen here`,
      );
    } else if (line.startsWith('#')) {
      heading = line.replace(/^#+ /, '');
    }
  }
  assert.equal(fence, undefined, `${page}: a snippet is not closed`);
  return snippets;
}

/** What the modules of `__test__/snippets` say. */
function loadExpectations() {
  const files = fs.readdirSync(EXPECTED).filter((file) => file.endsWith('.js'));
  const modules = files.sort().map((file) => require(path.join(EXPECTED, file)));
  assert.equal(
    new Set(modules.map(({ page }) => page)).size,
    modules.length,
    'a page has one module',
  );
  return {
    /** `{ [page]: { [name]: expectation } }` */
    expectations: Object.fromEntries(modules.map(({ page, snippets }) => [page, snippets])),
    /** `{ [page]: { [name]: installed } }`: the other majors that a page's programs run with, too. */
    others: Object.fromEntries(modules.map(({ page, also = {} }) => [page, also])),
  };
}

const slug = (text) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

/** Where a page's programs are; the copy for another major of a framework, where it is `installed`. */
function directoryOf(page, installed) {
  const under = installed === undefined ? work : path.join(work, `with-${installed}`);
  return path.join(under, slug(page.replace(/\.md$/, '')));
}

/** Where a snippet is as a program. A `file` of its own lets others of the page import it. */
function sourceOf(page, name, { language, text }, file) {
  const isCommonJs =
    language === 'js' && !/^(import|export) /m.test(text) && /\brequire\(/.test(text);
  return path.join(directoryOf(page), file ?? `${slug(name)}.${isCommonJs ? 'cjs' : language}`);
}

/** What Node.js runs: the compiler puts its output beside the source. */
const programOf = (source) => source.replace(/\.ts$/, '.js');

const isProgram = ({ language }) => language === 'ts' || language === 'js';

/** Writes every snippet that is a program. */
function writeAll(found, expectations) {
  fs.rmSync(work, { recursive: true, force: true });
  const scope = path.join(work, 'node_modules', '@monocloud');
  fs.mkdirSync(scope, { recursive: true });
  fs.symlinkSync(root, path.join(scope, 'backend-node'), 'junction');
  fs.writeFileSync(path.join(work, 'package.json'), '{ "private": true, "type": "module" }\n');
  for (const [page, snippets] of found) {
    fs.mkdirSync(directoryOf(page), { recursive: true });
    for (const [name, snippet] of snippets) {
      if (isProgram(snippet)) {
        const { file } = expectations[page]?.[name] ?? {};
        fs.writeFileSync(sourceOf(page, name, snippet, file), snippet.text);
      }
    }
  }
}

/**
 * Compiles all snippets at once (./compile.js), but for those that are `augmented`, which change the types of a
 * framework for all that is compiled with them: these are a project of their own.
 * @returns {string} what the compiler has to say
 */
function compileAll(found, expectations) {
  const augmented = [];
  for (const [page, snippets] of found) {
    for (const [name, snippet] of snippets) {
      const { file, augmented: isAugmented } = expectations[page]?.[name] ?? {};
      if (isAugmented) augmented.push(path.relative(work, sourceOf(page, name, snippet, file)));
    }
  }
  const all = { include: ['**/*.ts'], exclude: ['node_modules', ...augmented] };
  const configs = [writeConfig('tsconfig.json', all)];
  if (augmented.length > 0) {
    configs.push(writeConfig('tsconfig.augmented.json', { files: augmented }));
  }
  const compile = [path.join(__dirname, 'compile.js'), work, ...configs];
  return execFileSync(process.execPath, compile, { encoding: 'utf8' });
}

function writeConfig(name, files) {
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2022'],
    types: ['node'],
    strict: true,
    esModuleInterop: true,
    // Nest's decorators of parameters.
    experimentalDecorators: true,
    skipLibCheck: true,
    rootDir: '.',
  };
  fs.writeFileSync(path.join(work, name), JSON.stringify({ compilerOptions, ...files }));
  return name;
}

/**
 * A page's directory once more, where another major of a framework is found under the framework's name.
 * @param {string} page
 * @param {string} name of the package, such as `express`
 * @param {string} installed as what the other major is installed here, such as `express4`
 */
function copyWith(page, name, installed) {
  const copy = directoryOf(page, installed);
  const modules = path.join(path.dirname(copy), 'node_modules');
  if (!fs.existsSync(modules)) {
    fs.mkdirSync(modules, { recursive: true });
    const target = path.join(root, 'node_modules', installed);
    fs.symlinkSync(target, path.join(modules, name), 'junction');
  }
  fs.cpSync(directoryOf(page), copy, { recursive: true });
}

/** An empty directory for a program to run in, with the files that all of them find there. */
function makeDirectory(program, name, files) {
  const directory = path.join(path.dirname(program), `in-${slug(name)}`);
  fs.mkdirSync(directory);
  for (const [file, text] of Object.entries(files)) {
    fs.writeFileSync(path.join(directory, file), text);
  }
  return directory;
}

module.exports = {
  compileAll,
  copyWith,
  directoryOf,
  isProgram,
  listPages,
  loadExpectations,
  makeDirectory,
  programOf,
  root,
  snippetsOf,
  sourceOf,
  work,
  writeAll,
};
