'use strict';

// The public declarations, read with TypeScript's own API: for the tests that hold them to what is written
// about them and to what runs.

const path = require('node:path');
const ts = require('typescript');

const root = path.join(__dirname, '..', '..');
const { name: PACKAGE, exports: EXPORTS } = require('../../package.json');

/** `{ entry, name, file }` of each module that the package has. */
const ENTRIES = Object.entries(EXPORTS)
  .filter(([, conditions]) => conditions.require)
  .map(([entry, conditions]) => ({
    entry: path.posix.join(PACKAGE, entry),
    name: entry === '.' ? 'backend-node' : entry.slice(2),
    file: path.join(root, conditions.require.types),
  }));

function readOptions() {
  const config = path.join(root, 'tsconfig.json');
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile);
  return ts.parseJsonConfigFileContent(json, ts.sys, root).options;
}

/** What a declaration is, in the reference's words; `undefined` for what is none. */
function kindOf(node) {
  if (ts.isClassDeclaration(node)) return 'class';
  if (ts.isFunctionDeclaration(node)) return 'function';
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return 'type';
  return undefined;
}

const isExported = (node) => (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export) !== 0;

/** Members that have a comment of their own: of classes and interfaces, and of every `{ … }` in a type. */
const isMember = (node) =>
  ts.isPropertySignature(node) ||
  ts.isPropertyDeclaration(node) ||
  ts.isMethodSignature(node) ||
  ts.isMethodDeclaration(node) ||
  ts.isConstructorDeclaration(node) ||
  ts.isConstructSignatureDeclaration(node) ||
  ts.isCallSignatureDeclaration(node) ||
  ts.isIndexSignatureDeclaration(node) ||
  ts.isGetAccessorDeclaration(node) ||
  ts.isSetAccessorDeclaration(node);

function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  if (ts.isIndexSignatureDeclaration(node)) return '[key]';
  if (node.name === undefined) return '()';
  if (ts.isStringLiteral(node.name)) return node.name.text;
  return node.name.getText();
}

/**
 * Every member in a node, however deep, with its name and its path: `keys.usable`. Not what a conditional type
 * compares with, which nobody has; and not what a parameter looks like, which is described with it.
 */
function membersOf(node, at = []) {
  const found = [];
  const visit = (child) => {
    if (ts.isParameter(child)) return;
    if (ts.isConditionalTypeNode(child)) {
      visit(child.trueType);
      visit(child.falseType);
      return;
    }
    if (!isMember(child)) {
      ts.forEachChild(child, visit);
      return;
    }
    const below = [...at, nameOf(child)];
    found.push({ name: nameOf(child), path: below.join('.'), node: child });
    found.push(...membersOf(child, below));
  };
  ts.forEachChild(node, visit);
  return found;
}

/** The files of a module: its own, and those that it re-exports and that are no modules themselves. */
function filesOf(checker, source, modules) {
  const exported = source.statements
    .filter((node) => ts.isExportDeclaration(node) && node.exportClause === undefined)
    .map((node) => checker.getSymbolAtLocation(node.moduleSpecifier).declarations[0])
    .filter((file) => !modules.includes(file));
  return [source, ...exported];
}

/**
 * The modules, each with its `files`, and with `declarations`: what these declare, in their order, as
 * `{ name, kind, nodes }`. A function, and a class, has several nodes if it is overloaded.
 */
function readDeclarations() {
  const files = ENTRIES.map(({ file }) => file);
  const program = ts.createProgram(files, readOptions());
  const checker = program.getTypeChecker();
  const sources = files.map((file) => program.getSourceFile(file));
  const modules = ENTRIES.map((entry, index) => {
    const source = sources[index];
    const parts = filesOf(checker, source, sources);
    const declarations = new Map();
    for (const node of parts.flatMap(({ statements }) => [...statements])) {
      const kind = kindOf(node);
      if (kind === undefined || !isExported(node)) continue;
      const name = node.name.text;
      if (!declarations.has(name)) declarations.set(name, { name, kind, nodes: [] });
      declarations.get(name).nodes.push(node);
    }
    return { ...entry, source, files: parts, declarations: [...declarations.values()] };
  });
  return { ts, program, checker, modules };
}

module.exports = { membersOf, readDeclarations };
