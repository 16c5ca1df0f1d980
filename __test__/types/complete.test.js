'use strict';

// The types against what runs. The programs in `program/` do everything that the types offer; they are
// compiled and run as ES modules and as CommonJS, with both majors of the frameworks. Then:
//
// - every value that they come by is what its type says, and has nothing that the type does not know;
// - every declaration was used by a line of theirs, or had by a value; and every line of theirs ran;
// - what the modules and their classes have at run time is declared.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { Session } = require('node:inspector/promises');
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
const { readDeclarations } = require('../support/declarations.js');
const { required, touched, witnesses, words } = require('../support/touched.js');

const ts = VERSIONS.latest;
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

/** Lines of a program that did not run, by V8's own count. */
function idle({ result }, file) {
  const { functions } = result.find(({ url }) => url === pathToFileURL(file).href);
  const text = fs.readFileSync(file, 'utf8');
  return functions
    .flatMap(({ ranges }) => ranges)
    .filter(({ count }) => count === 0)
    .map(({ startOffset, endOffset }) =>
      text.slice(startOffset, Math.min(endOffset, startOffset + 80)),
    );
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
  return { project, program, checker: program.getTypeChecker(), sources };
}

/** What nobody used, and no value had. */
function unused({ program, checker, sources, project }, seen) {
  const used = touched(ts, checker, sources);
  return required(ts, program, project)
    .filter(({ node }) => !used.has(node) && !seen.has(node))
    .map(({ label }) => label);
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
      const built = build(running, dependencies);
      const { project, program, checker, sources } = built;
      const conformity = new Conformity(checker);
      const problems = [];
      const coverage = new Session();
      coverage.connect();
      await coverage.post('Profiler.enable');
      await coverage.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
      for (const name of running) {
        const types = witnesses(ts, checker, sources[running.indexOf(name)]);
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

      const counted = await coverage.post('Profiler.takePreciseCoverage');
      coverage.disconnect();
      const lines = running.flatMap((name) =>
        idle(counted, path.join(project, 'program', `${name}.mjs`)),
      );
      assert.deepEqual(lines, [], 'what did not run');

      if (only) return;
      assert.deepEqual(unused(built, conformity.seen), [], 'what was not used');
      const strange = words(ts, program, project, sources, conformity.words);
      assert.deepEqual(strange, [], 'words that were not used');
    });
  }
});

describe('what there is at run time', () => {
  const { checker, modules } = readDeclarations();

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
