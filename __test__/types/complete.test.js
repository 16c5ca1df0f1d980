'use strict';

// The types against what runs. The programs in `program/` do everything that the types offer; they are
// compiled and run as ES modules and as CommonJS, with both majors of the frameworks. Then:
//
// - every value that they come by is what its type says, and has nothing that the type does not know;
// - every declared name is in one of them, or in a value;
// - what the modules and their classes have at run time is declared.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { pathToFileURL } = require('node:url');
const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const {
  ALL,
  MORE,
  REDIS,
  VERSIONS,
  createProgram,
  createProject,
} = require('../support/compiler.js');
const { Conformity } = require('../support/conform.js');
const { noRedis, startRedis } = require('../support/redis.js');
const { makePairSync } = require('../../js/testing/pairs.js');
const { membersOf, readDeclarations } = require('../support/declarations.js');

const ts = VERSIONS.latest;
const { checker, modules } = readDeclarations();
const FRAMEWORKS = {
  'Express 5 and Fastify 5': {},
  // Nothing but the frameworks is another one here.
  'Express 4 and Fastify 4': {
    express: 'express4',
    '@types/express': 'types-express4',
    fastify: 'fastify4',
    only: ['frameworks'],
  },
};
const PROGRAMS = [
  'clients',
  'tenants',
  'frameworks',
  'more-frameworks',
  'testing',
  'caches',
  'issuers',
  'helpers',
  'channels',
  'dpop',
];

/** Certificates and keys, which a program has from elsewhere. */
function makeGiven(port) {
  const ca = createCa();
  const passphrase = 'correct horse';
  const client = createClientCert();
  const cipher = { cipher: 'aes-256-cbc', passphrase };
  const { privateKey } = makePairSync('rsa', { modulusLength: 2048 });
  return {
    port,
    passphrase,
    ca: ca.cert,
    server: createServerCert(ca),
    client,
    stranger: createClientCert(undefined, { name: 'stranger' }),
    encryptedKey: client.privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }),
    rsa: privateKey.export({ format: 'jwk' }),
  };
}

/** Compiles the programs and puts the output beside them. */
function build(names, dependencies) {
  const project = createProject({ ...ALL, ...MORE, ...REDIS, ...dependencies }, { run: true });
  for (const file of fs.readdirSync(path.join(project, 'program'))) {
    if (!names.includes(path.parse(file).name)) fs.rmSync(path.join(project, 'program', file));
  }
  const { program } = createProgram(project, 'tsconfig.program.json');
  const emitted = program.emit();
  const diagnostics = [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics];
  const messages = diagnostics.map(({ file, messageText }) => {
    return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  assert.deepEqual(messages, []);
  const sources = names.map((name) => program.getSourceFile(`${project}/program/${name}.mts`));
  return { project, checker: program.getTypeChecker(), sources };
}

/** The types of what a program calls its `witness` with, by name. */
function witnesses(checker, source) {
  const types = new Map();
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'witness') {
      const [name, value] = node.arguments;
      types.set(name.text, checker.getTypeAtLocation(value));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return types;
}

/** The names and strings in the programs. */
function wordsIn(sources) {
  const words = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node) || ts.isStringLiteral(node)) words.add(node.text);
    ts.forEachChild(node, visit);
  };
  for (const source of sources) visit(source);
  return words;
}

/** The strings of which a type is a union. */
const stringsOf = ({ type }) =>
  (type && ts.isUnionTypeNode(type) ? [...type.types] : [])
    .filter((member) => ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal))
    .map(({ literal }) => literal.text);

/** What is declared under a name: itself, its members, and the strings that it may be. */
function wordsOf({ name, nodes }) {
  const members = nodes.flatMap((node) => membersOf(node).map((member) => member.name));
  // The reasons are in the tests of every refusal; the test of the README knows them all.
  const strings = name.endsWith('Reason') ? [] : nodes.flatMap(stringsOf);
  // Not `constructor`, `()`, `[key]`.
  return [
    name,
    ...members.filter((word) => /^\w/.test(word) && word !== 'constructor'),
    ...strings,
  ];
}

describe('everything that the types offer', { skip: noRedis }, () => {
  let redis;
  let given;
  before(async () => {
    redis = await startRedis();
    given = makeGiven(redis.port);
  });
  after(() => redis?.close());

  for (const [frameworks, { only, ...dependencies }] of Object.entries(FRAMEWORKS)) {
    const running = only ?? PROGRAMS;

    it(`does what they say, with ${frameworks}`, async () => {
      const { project, checker, sources } = build(running, dependencies);
      const conformity = new Conformity(checker);
      const problems = [];
      for (const name of running) {
        const types = witnesses(checker, sources[running.indexOf(name)]);
        const file = path.join(project, 'program', `${name}.mjs`);
        const programs = [
          await import(pathToFileURL(file).href),
          createRequire(file)(`./${name}.cjs`),
        ];
        for (const { run } of programs) {
          const met = new Set();
          const witness = (what, value) => {
            met.add(what);
            problems.push(...conformity.problems(value, types.get(what), `${name}: ${what}`));
            return value;
          };
          await run(witness, given);
          assert.deepEqual([...met].sort(), [...types.keys()].sort());
        }
      }
      assert.deepEqual(problems, []);

      if (only) return;
      const used = new Set([...wordsIn(sources), ...conformity.words]);
      const unused = modules.flatMap(({ name: page, declarations }) =>
        declarations.flatMap((declaration) =>
          wordsOf(declaration)
            .filter((word) => !used.has(word))
            .map((word) => `${page}: ${declaration.name}: ${word}`),
        ),
      );
      assert.deepEqual(unused, []);
    });
  }
});

describe('what there is at run time', () => {
  for (const { entry, source } of modules) {
    it(`is declared, in ${entry}`, async () => {
      const id = entry.replace(/\/$/, '');
      const declared = checker
        .getExportsOfModule(checker.getSymbolAtLocation(source))
        .map((symbol) =>
          symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
        )
        .filter(({ flags }) => flags & ts.SymbolFlags.Value);
      const loaded = require(id);
      const imported = await import(id);
      assert.deepEqual(Object.keys(loaded).sort(), declared.map(({ name }) => name).sort());
      for (const symbol of declared) {
        const value = loaded[symbol.name];
        // The MCP SDK's errors are others for `import` and for `require`.
        if (symbol.name !== 'createTokenVerifier') {
          assert.equal(imported[symbol.name], value, symbol.name);
        }
        assert.equal(typeof value, 'function', symbol.name);
        if (symbol.flags & ts.SymbolFlags.Class) checkClass(symbol, value);
      }
    });
  }

  function checkClass(symbol, value) {
    const names = (type) => checker.getPropertiesOfType(type).map(({ name }) => name);
    const instance = names(checker.getDeclaredTypeOfSymbol(symbol));
    const statics = names(checker.getTypeOfSymbol(symbol));
    const hidden = ['length', 'name', 'prototype', 'constructor'];
    const more = (object, known) =>
      Object.getOwnPropertyNames(object).filter((name) => ![...hidden, ...known].includes(name));
    assert.deepEqual(more(value.prototype, instance), [], `${symbol.name}.prototype`);
    assert.deepEqual(more(value, statics), [], symbol.name);
    for (const [type, holder] of [
      [checker.getDeclaredTypeOfSymbol(symbol), value.prototype],
      [checker.getTypeOfSymbol(symbol), value],
    ]) {
      for (const property of checker.getPropertiesOfType(type)) {
        if (!(property.flags & ts.SymbolFlags.Method)) continue;
        // `Error`'s own are Node's.
        if (
          property.declarations.some((node) =>
            node.getSourceFile().fileName.includes('node_modules'),
          )
        )
          continue;
        assert.equal(typeof holder[property.name], 'function', `${symbol.name}.${property.name}`);
      }
    }
  }
});
