'use strict';

// The examples in the comments of the declarations, compiled. One with imports is a program, and one
// without is a piece of one: what it does not declare is imported from the module that it documents, or
// is one of the things that are at hand where it would be pasted.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { ALL, MORE, REDIS, VERSIONS, compile, createProject } = require('../support/compiler.js');
const { readDeclarations } = require('../support/declarations.js');

const ts = VERSIONS.latest;
const { checker, modules } = readDeclarations();

/** What is at hand: where a name comes from, or what it is. */
const IMPORTED = {
  Fastify: "import Fastify from 'fastify';",
  FastifyRequest: "import type { FastifyRequest } from 'fastify';",
  Redis: "import { Redis } from 'ioredis';",
  Request: "import type { Request } from 'express';",
  assert: "import assert from 'node:assert/strict';",
  createHash: "import { createHash } from 'node:crypto';",
  express: "import express from 'express';",
  https: "import https from 'node:https';",
  readFile: "import { readFile } from 'node:fs/promises';",
  readFileSync: "import { readFileSync } from 'node:fs';",
  spawn: "import { spawn } from 'node:child_process';",
};
const AT_HAND = {
  accessToken: () => 'string',
  app: () => "import('express').Express",
  cert: () => 'string',
  client: (page) =>
    "import('@monocloud/backend-node').MonoCloudBackendNodeClient" +
    (page === 'testing' ? " & import('@monocloud/backend-node/testing').DPoPClient" : ''),
  everything: () => 'object',
  fastify: () => "import('fastify').FastifyInstance",
  handler: () => "import('express').RequestHandler",
  idToken: () => 'string',
  idTokenClaims: () => "import('@monocloud/backend-node/utils').IdTokenClaims",
  key: () => 'string',
  protect: (page) =>
    page === 'fastify'
      ? "import('@monocloud/backend-node/fastify').ProtectHook"
      : "import('@monocloud/backend-node/express').ProtectMiddleware",
  req: () => "import('express').Request",
  res: () => "import('express').Response",
  returnUrl: () => 'string',
  secret: () => 'string',
  summary: () => 'object',
  tenant: () => "import('@monocloud/backend-node/testing').TestTenant",
  token: () => 'string',
  url: () => 'string',
};
/** Where names are from that the documented module does not have itself. */
const OTHERS = ['@monocloud/backend-node/express', '@monocloud/backend-node/utils'];

/** Every fenced block of TypeScript in the comments of a module, with the line that it begins on. */
const examplesOf = ({ name, files }) => files.flatMap((file) => examplesIn(name, file));

function examplesIn(name, source) {
  const found = [];
  for (const comment of source.text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const text = comment[0].replaceAll(/^[ \t]*\/?\*+\/?[ ]?/gm, '');
    for (const block of text.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
      const before = source.text.slice(0, comment.index) + text.slice(0, block.index);
      found.push({ page: name, line: before.split('\n').length, text: block[1] });
    }
  }
  return found;
}

const exportsOf = (entry) => {
  const { source } = modules.find((module) => module.entry === entry);
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
  return symbols.map(({ name }) => name);
};

/** The names that a program uses and does not declare, as far as that can be told from its text alone. */
function namesIn(text) {
  const source = ts.createSourceFile('example.ts', text, ts.ScriptTarget.Latest, true);
  const used = new Set();
  const declared = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isDeclared = parent.name === node && !ts.isPropertyAccessExpression(parent);
      const isMember =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node);
      // `{ key }` declares nothing, and uses it.
      if (isDeclared && !ts.isShorthandPropertyAssignment(parent)) declared.add(node.text);
      else if (!isMember) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...used].filter((name) => !declared.has(name));
}

/** A program of an example. */
function programOf({ page, text }) {
  const isProgram = /^import /m.test(text);
  const entry = modules.find(({ name }) => name === page).entry;
  const imports = new Map();
  const before = [];
  for (const name of namesIn(text)) {
    const from = [entry, ...OTHERS].find((module) => exportsOf(module).includes(name));
    if (isProgram && !AT_HAND[name]) continue;
    if (from) imports.set(from, [...(imports.get(from) ?? []), name]);
    else if (IMPORTED[name]) before.push(IMPORTED[name]);
    else if (AT_HAND[name]) before.push(`declare const ${name}: ${AT_HAND[name](page)};`);
  }
  for (const [from, names] of imports) {
    before.push(`import { ${names.join(', ')} } from '${from}';`);
  }
  // What is declared for everybody can't be inside of a function, and what is returned only there.
  const body = /^return |^ {2}return await/m.test(text)
    ? `export async function example() {\n${text}}\n`
    : `${text}export {};\n`;
  return `${before.join('\n')}\n${body}`;
}

/** Express itself has no cookies: `cookie-parser` declares them so. */
const COOKIES = `declare global {
  namespace Express {
    interface Request {
      cookies: Record<string, string>;
    }
  }
}
export {};
`;

function testExamples() {
  describe('the examples of the declarations', () => {
    const examples = modules.flatMap(examplesOf);

    it('are there for what one would look up', () => {
      assert.ok(examples.length > 40, `${examples.length} examples`);
      const pages = new Set(examples.map(({ page }) => page));
      assert.deepEqual([...pages].sort(), modules.map(({ name }) => name).sort());
    });

    it('compile', () => {
      const project = createProject({ ...ALL, ...MORE, ...REDIS });
      const directory = path.join(project, 'examples');
      fs.mkdirSync(directory);
      fs.writeFileSync(path.join(directory, 'cookies.mts'), COOKIES);
      // Each by itself where it declares something for everybody: another one may do so, too.
      const [alone, together] = [true, false].map((global) =>
        examples.filter(({ text }) => /^declare (global|module)/m.test(text) === global),
      );
      const config = (name, files) => {
        const options = { extends: './tsconfig.json', include: files };
        fs.writeFileSync(path.join(project, name), JSON.stringify(options));
      };
      const write = (example) => {
        const file = `examples/${example.page}-${example.line}.mts`;
        fs.writeFileSync(path.join(project, file), programOf(example));
        return file;
      };
      config('tsconfig.examples.json', ['examples/cookies.mts', ...together.map(write)]);
      const options = { skipLibCheck: true, experimentalDecorators: true };
      assert.equal(compile(project, 'tsconfig.examples.json', options), '');
      for (const example of alone) {
        config('tsconfig.example.json', [write(example)]);
        assert.equal(compile(project, 'tsconfig.example.json', options), '');
      }
    });
  });
}

module.exports = { testExamples };
